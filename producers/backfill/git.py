"""`adoption backfill git`: a clone's history as pushes and deployments, for a first look with real data in a minute.

The thin edge around `producers/gitlog.py` (reads), `landing.py` and `events.py` (pure): runs git, shows progress, sends
posts to the ingest service. Running it again sends the same events under the same ids and changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from producers import gitlog
from producers.backfill import events
from producers.backfill.events import About, Tag
from producers.backfill.landing import Landing, Release
from producers.gitlog import GitError, LoggedCommit
from producers.sources.common import Context
from schemas.envelope import Event

_EVERY = 2_000
_TAG_FORMAT = "%1f".join(
    f"%({field})"
    for field in (
        "objecttype",
        "objectname",
        "*objecttype",
        "*objectname",
        "creatordate:iso-strict",
        "refname",
        "subject",
    )
)


@dataclass
class Tally:
    """What a backfill read and made.

    Attributes:
        commits: read from the log.
        pushes: made.
        deployments: made.
        left_out: reason -> how many things gave no event.
        oldest: time of the oldest commit read.
    """

    commits: int = 0
    pushes: int = 0
    deployments: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    oldest: str | None = None

    def leave_out(self, reason: str) -> None:
        """Count one thing that gave no event."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


@dataclass(frozen=True)
class Survey:
    """What is to be read: the clone, its particulars, the branch's last commit, the release tags in order of time."""

    clone: Path
    about: About
    tip: str
    tags: list[Tag]


def survey(
    clone: Path,
    *,
    service: str,
    branch: str | None,
    repository: str | None,
    environment: str,
    paths: tuple[str, ...],
    release_tags: str,
    salt: bytes,
) -> Survey:
    """Look at the clone; None takes the branch and the repository's name from it.

    Raises:
        GitError: no clone, no branch, no git.
    """
    chosen = branch or branch_of(clone)
    about = About(
        service=service,
        repository=repository.lower() if repository else repository_of(clone),
        branch=chosen,
        environment=environment,
        paths=paths,
        context=Context(salt=salt),
    )
    if gitlog.output("rev-parse", "--is-shallow-repository", clone=clone) == "true":
        sys.stderr.write(f"{clone} is a shallow clone: `git fetch --unshallow` brings its older history\n")
    return Survey(clone, about, tip_of(clone, chosen), tags_of(clone, release_tags))


def branch_of(clone: Path) -> str:
    """The branch that counts when none is named: the remote's default branch, else the one checked out.

    Raises:
        GitError: no clone, or a detached head without a remote.
    """
    try:
        return gitlog.output("symbolic-ref", "--short", "refs/remotes/origin/HEAD", clone=clone).partition("/")[2]
    except GitError:
        return gitlog.output("symbolic-ref", "--short", "HEAD", clone=clone)


def tip_of(clone: Path, branch: str) -> str:
    """The branch's last commit: the remote's view of it where there is one, else the local one.

    Raises:
        GitError: neither exists.
    """
    for ref in (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}", branch):
        with suppress(GitError):
            return gitlog.output("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}", clone=clone)
    raise GitError(f"expected a branch {branch!r} in {clone}, found none: name one with --branch")


def repository_of(clone: Path) -> str | None:
    """Host-qualified name of the clone's origin; None without a remote that has a host."""
    try:
        return gitlog.repository_name(gitlog.output("remote", "get-url", "origin", clone=clone))
    except GitError:
        return None


def tags_of(clone: Path, pattern: str) -> list[Tag]:
    """The tags that match a glob and lead to a commit, in order of time."""
    listed = gitlog.output(
        "for-each-ref",
        "--sort=version:refname",
        "--sort=creatordate",
        f"--format={_TAG_FORMAT}",
        f"refs/tags/{pattern}",
        clone=clone,
    )
    tags = []
    for line in listed.splitlines():
        kind, own, peeled_kind, peeled, at, ref, subject = line.split("\x1f", 6)
        commit = {"commit": own, "tag": peeled if peeled_kind == "commit" else ""}.get(kind, "")
        if commit and gitlog.usable_time(at):
            tags.append(Tag(ref.removeprefix("refs/tags/"), commit, at, subject if kind == "tag" else ""))
    return tags


def history(seen: Survey, *, since: datetime | None, tally: Tally) -> Iterator[Event]:
    """All events of a clone, roughly newest first; the catalog's facts come last, when the oldest commit is known.

    Raises:
        GitError: git failed on the way; what was given so far is right and may be sent.
    """
    tags = {tag.name: tag for tag in seen.tags}
    named: dict[str, list[str]] = {}
    for tag in seen.tags:
        named.setdefault(tag.commit, []).append(tag.name)
    ranks = {name: rank for rank, name in enumerate(tags)}
    landing = Landing(seen.tip, named, ranks, events.COMMITS_A_DEPLOYMENT)
    paths = bool(seen.about.paths)
    arguments = gitlog.log_arguments(paths=paths, options=("--date-order", "--stdin"))
    wanted = "\n".join([seen.tip, *named]).encode() + b"\n"
    with gitlog.running(arguments, clone=seen.clone, standard_input=wanted) as stream:
        commits = _counted(gitlog.parse(gitlog.chunks_of(stream), paths=paths), tally)
        for landed in landing.run(commits):
            made = (
                [events.deployment(landed, tags[landed.tag], seen.about)]
                if isinstance(landed, Release)
                else events.pushes(landed, seen.about)
            )
            for event in made:
                if since is None or event.time >= since:
                    tally.deployments += event.data.kind == "deployment"
                    tally.pushes += event.data.kind == "push"
                    yield event
    if tally.oldest is not None:
        yield from events.catalog(seen.about, tally.oldest)


def _counted(commits: Iterable[LoggedCommit], tally: Tally) -> Iterator[LoggedCommit]:
    oldest: datetime | None = None
    for commit in commits:
        tally.commits += 1
        if commit.committed_at is None:
            tally.leave_out("commit_time_out_of_range")
        elif oldest is None or datetime.fromisoformat(commit.committed_at) < oldest:
            oldest, tally.oldest = datetime.fromisoformat(commit.committed_at), commit.committed_at
        if tally.commits % _EVERY == 0 and sys.stderr.isatty():
            sys.stderr.write(f"\r{tally.commits:,} commits read")
        yield commit
