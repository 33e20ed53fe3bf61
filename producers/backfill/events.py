"""From a clone's steps and release tags to contract events: pushes, deployments, and the two catalog facts known.

Pure; after `producers/backfill/landing.py`, before the ingest service. Every id is a digest of what git itself says, so
that a second backfill of the same clone, or of another clone of it, changes nothing. Nothing is invented: no onboarding
date, no success of a tag that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from producers.backfill.landing import Release, Step
from producers.gitlog import LoggedCommit
from producers.sources.common import Context
from producers.sources.identity import actor, is_bot
from producers.sources.redact import title
from schemas.base import event_id
from schemas.catalog import Mapping, Service
from schemas.delivery import Commit, Deployment, Push, Repository
from schemas.envelope import Event, content

SOURCE = "//adoption/backfill-git"
PROVIDER = "git"
COMMITS_A_PUSH = 100
COMMITS_A_DEPLOYMENT = 2_000
"""A commit is about 300 bytes of JSON; the delivery topic takes 1 MiB."""
PATHS_A_COMMIT = 1_000
"""A commit that touches more is an import or a reformatting; its paths count as not known."""
PATH_BYTES_A_PUSH = 400_000
EVENT_BYTES = 900_000
_TITLE = 200
_HOTFIX = re.compile(r"^hotfix(\(.*\))?!?:|^hotfix[/-]", re.IGNORECASE)
_REVERT = re.compile(r'^revert(\(.*\))?!?:|^Revert "', re.IGNORECASE)


class Tag(NamedTuple):
    """A release tag: its name, the commit it names, when it was made (the commit's time if it is lightweight)."""

    name: str
    commit: str
    at: str
    title: str


@dataclass(frozen=True)
class About:
    """What the events of one clone share.

    Attributes:
        service: name that the user gave.
        repository: host-qualified name; None without a remote: then pushes name the service themselves.
        branch: short name.
        environment: where a tag deploys to.
        paths: globs of the service in its repository; empty: all of it.
        context: salt of the authors' hashes.
    """

    service: str
    repository: str | None
    branch: str
    environment: str
    paths: tuple[str, ...]
    context: Context

    @property
    def subject(self) -> str:
        """Kafka key of the delivery events."""
        return self.repository or self.service

    @property
    def evidence(self) -> Repository | None:
        """The repository as events carry it."""
        return Repository(name=self.repository, default_branch=self.branch) if self.repository else None


def pushes(step: Step, about: About) -> Iterator[Event]:
    """One push per step; a step of very many commits becomes a chain of pushes, each beginning where the last ended."""
    times = [at for at in (commit.committed_at for commit in [step.head, *step.commits]) if at]
    if not times:
        return
    before = step.head.parents[0] if step.head.parents else None
    # With paths a push says more than without: where both met, the greater revision counts.
    revision = 1 if step.head.paths is not None else 0
    for chunk in _chunks(step.commits[::-1]):
        after = chunk[-1].sha
        ref = f"refs/heads/{about.branch}"
        yield Event(
            id=event_id(PROVIDER, "push", about.repository or f"service:{about.service}", ref, before, after),
            source=SOURCE,
            time=datetime.fromisoformat(times[0]),
            subject=about.subject,
            mapperrevision=revision,
            data=Push(
                provider=PROVIDER,
                service=None if about.repository else about.service,
                repository=about.evidence,
                ref=ref,
                before=before,
                after=after,
                commits=tuple(_commit(commit, about.context, with_paths=True) for commit in chunk),
            ),
        )
        before = after


def deployment(release: Release, tag: Tag, about: About) -> Event:
    """The deployment that a release tag stands for.

    Its commits are those that no earlier tag reaches; None (not said) for a service that owns only some paths, and
    where the list is too long for one event: then the chain of pushes decides.
    """
    commits = None if about.paths else release.commits
    event = _deployment(release, tag, about, None if commits is None else commits[::-1])
    return event if len(content(event)) <= EVENT_BYTES else _deployment(release, tag, about, None)


def _deployment(release: Release, tag: Tag, about: About, commits: Sequence[LoggedCommit] | None) -> Event:
    listed = None if commits is None else tuple(_commit(commit, about.context, with_paths=False) for commit in commits)
    return Event(
        id=event_id(PROVIDER, "deployment", about.service, about.environment, tag.name, tag.commit),
        source=SOURCE,
        time=datetime.fromisoformat(tag.at),
        subject=about.subject,
        data=Deployment(
            provider=PROVIDER,
            service=about.service,
            repository=about.evidence,
            labels=_labels(release, tag),
            deployment_id=tag.name[:_TITLE],
            environment=about.environment,
            version=tag.name[:_TITLE],
            ref=f"refs/tags/{tag.name}",
            commit=tag.commit,
            status="success",
            commits=listed,
            title=title(tag.title or release.head.title),
        ),
    )


def _labels(release: Release, tag: Tag) -> dict[str, str]:
    """`hotfix`, `revert`: what the tag's name says, or all of its commits under Conventional Commits."""
    work = [commit.title for commit in release.commits or () if not commit.is_merge]
    labels = {}
    if _HOTFIX.search(tag.name) or (work and all(map(_HOTFIX.search, work))):
        labels["hotfix"] = "true"
    if work and all(map(_REVERT.search, work)):
        labels["revert"] = "true"
    return labels


def catalog(about: About, began: str) -> list[Event]:
    """That the service exists, and that the repository (or some paths of it) is its own.

    Args:
        about: the clone.
        began: time of its oldest commit: the facts are observed there, so that they are the same at every run.
    """
    data: list[Service | Mapping] = [Service(service=about.service, declared_in=about.repository)]
    identity: list[tuple[str, ...]] = [("service", about.service)]
    if about.repository:
        data.append(Mapping(repository=about.repository, paths=about.paths, service=about.service))
        identity.append(("mapping", about.repository, about.service, *about.paths))
    at = datetime.fromisoformat(began)
    return [
        Event(id=event_id(PROVIDER, *ids), source=SOURCE, time=at, subject=about.service, data=fact)
        for ids, fact in zip(identity, data, strict=True)
    ]


def _chunks(commits: Sequence[LoggedCommit]) -> Iterator[list[LoggedCommit]]:
    chunk: list[LoggedCommit] = []
    size = 0
    for commit in commits:
        more = sum(map(len, _paths(commit) or ()))
        if chunk and (len(chunk) == COMMITS_A_PUSH or size + more > PATH_BYTES_A_PUSH):
            yield chunk
            chunk, size = [], 0
        chunk.append(commit)
        size += more
    if chunk:
        yield chunk


def _paths(commit: LoggedCommit) -> tuple[str, ...] | None:
    paths = commit.paths
    return None if paths is None or len(paths) > PATHS_A_COMMIT else tuple(path for path in paths if len(path) <= 1000)  # noqa: PLR2004


def _commit(commit: LoggedCommit, context: Context, *, with_paths: bool) -> Commit:
    return Commit(
        sha=commit.sha,
        committed_at=datetime.fromisoformat(commit.committed_at) if commit.committed_at else None,
        clock="committer" if commit.committed_at else "unknown",
        parents=len(commit.parents),
        title=title(commit.title, _TITLE),
        author=actor(context, commit.email),
        is_bot=is_bot(commit.author, commit.email),
        paths=_paths(commit) if with_paths else None,
    )
