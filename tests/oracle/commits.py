"""Commits of each release, by the first rule that can tell, and the one lead time of each commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.delivery import Commit, Deployment, Merge, Push
from schemas.envelope import Event
from tests.oracle.branches import Branch, between, branches, since_the_beginning
from tests.oracle.changes import Change, changes, merged_between
from tests.oracle.history import Repositories, repository, services_of
from tests.oracle.releases import Release


@dataclass
class Credit:
    """The lead time of one commit, or why it has none."""

    sha: str
    release: Release
    at: datetime
    committed_at: datetime | None
    clock: str
    lead_time_us: int | None
    first_commit_lead_time_us: int | None
    not_counted: str
    is_first: bool
    is_bot: bool
    is_squash: bool


@dataclass
class Repo:
    """What is known of commits: every branch, every change, what each event said of each commit."""

    service: str
    branches: list[Branch]
    changes: list[Change]
    said: dict[str, list[Commit]]
    owners: dict[str, set[str]]
    default: dict[str, str]


def read(service: str, events: Sequence[Event], repositories: Repositories) -> Repo:
    """Events are of every service, in order: a branch is shared by the services of its repository."""
    said: dict[str, list[Commit]] = {}
    owners: dict[str, set[str]] = {}
    default: dict[str, str] = {}
    for event in events:
        data = event.data
        if isinstance(data, Push | Merge | Deployment):
            for commit in data.commits or ():
                said.setdefault(commit.sha, []).append(commit)
            if data.repository and data.repository.default_branch:
                default.setdefault(repository(event), data.repository.default_branch)
        if isinstance(data, Push):
            for sha in [*(commit.sha for commit in data.commits), data.after]:
                if sha:
                    owners.setdefault(sha, set()).update(services_of(event, repositories))
        if isinstance(data, Merge) and data.merge_commit:
            owners.setdefault(data.merge_commit, set()).update(services_of(event, repositories))
    lines = branches(events)
    return Repo(service, lines, changes(events, lines), said, owners, default)


def find(repo: Repo, made: Sequence[Release]) -> list[Credit]:
    """Set `holds`, `commit_rule` and `flags` of releases, and credit each commit to the first release that holds it."""
    credited: list[Credit] = []
    deployed: set[str] = set()
    previous: Release | None = None
    for release in made:
        shas = _range(repo, release, previous)
        release.holds = set(shas) | {one.commit for one in release.members if one.commit}
        if release.finished_at is None:
            continue
        previous = release
        squashed = {
            sha for change in repo.changes if change.is_squash and change.merge_commit in shas for sha in change.own
        }
        for sha in shas:
            if sha not in deployed and sha not in squashed:
                credited.append(_credit(repo, release, sha))
                deployed.add(sha)
        deployed |= squashed
    return credited


def _range(repo: Repo, release: Release, previous: Release | None) -> list[str]:
    """The commits that the release brought, in order, without repetition."""
    lists = [one.commits for one in release.members if one.commits is not None]
    if lists:
        release.commit_rule = "list"
        return list(dict.fromkeys(commit.sha for commits in lists for commit in commits))
    this = release.commit
    if this is None:
        release.commit_rule = "none"
        release.flags.add("no_commit")
        return []
    before = previous.commit if previous else None
    branch = _branch(repo, release, this)
    if branch is not None:
        release.commit_rule = "pushes"
        if before is None:
            shas, flag = since_the_beginning(branch, this), ""
        else:
            shas, flag = between(branch, before, this)
        if flag:
            release.flags.add(flag)
        return [sha for sha in dict.fromkeys(shas) if repo.service in repo.owners.get(sha, ())]
    of_repository = [one for one in repo.changes if one.repository == release.anchor.repository]
    merged = merged_between(of_repository, before, this)
    if merged is not None:
        release.commit_rule = "merges"
        found, flag = merged
        if flag:
            release.flags.add(flag)
        shas = []
        for change in found:
            if repo.service in repo.owners.get(change.merge_commit, ()):
                shas += [*([] if change.is_squash else change.own), change.merge_commit]
        return list(dict.fromkeys(shas))
    release.commit_rule = "head"
    return [this]


def _branch(repo: Repo, release: Release, this: str) -> Branch | None:
    """The deployment's ref if it is a branch, else the default branch if it holds the commit, else the earliest."""
    holding = [one for one in repo.branches if one.repository == release.anchor.repository and one.holds(this)]
    ref = (release.anchor.ref or "").removeprefix("refs/heads/")
    for name in (ref, repo.default.get(release.anchor.repository)):
        for branch in holding:
            if branch.ref == name:
                return branch
    return holding[0] if holding else None


def _credit(repo: Repo, release: Release, sha: str) -> Credit:
    said = repo.said.get(sha, [])
    committed_at, clock = None, "unknown"
    for commit in said:
        if commit.committed_at is not None:
            committed_at, clock = commit.committed_at, commit.clock
            break
    squash = [change for change in repo.changes if change.is_squash and change.merge_commit == sha]
    at = release.at
    not_counted, lead = "", None
    if _is_merge(repo, sha):
        not_counted = "merge_commit"
    elif committed_at is None:
        not_counted = "no_time"
    elif committed_at > at:
        not_counted = "clock_skew"
    else:
        lead = _microseconds(at, committed_at)
    own = [
        commit.committed_at
        for change in squash
        for one in change.own
        for commit in repo.said.get(one, [])
        if commit.committed_at is not None
    ]
    return Credit(
        sha=sha,
        release=release,
        at=at,
        committed_at=committed_at,
        clock=clock,
        lead_time_us=lead,
        first_commit_lead_time_us=_microseconds(at, min(own)) if own else None,
        not_counted=not_counted,
        is_first=release.is_first,
        is_bot=any(commit.is_bot for commit in said),
        is_squash=bool(squash),
    )


def _is_merge(repo: Repo, sha: str) -> bool:
    for commit in repo.said.get(sha, []):
        if commit.parents is not None:
            return commit.parents >= 2
    if any(change.is_merge and change.merge_commit == sha for change in repo.changes):
        return True
    titles = [commit.title for commit in repo.said.get(sha, []) if commit.title]
    return any(re.match(r"Merge (pull request|branch|remote-tracking branch|tag) ", title) for title in titles)


def _microseconds(later: datetime, earlier: datetime) -> int:
    gone = later - earlier
    return (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds
