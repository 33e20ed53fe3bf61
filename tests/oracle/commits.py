"""Commits of each release, by the first rule that can tell, and the one lead time of each commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from schemas.delivery import Commit, Deployment, Merge, Push
from schemas.envelope import Event
from tests.oracle.branches import Move, lineage, moves, place
from tests.oracle.changes import Change, changes, merged_between
from tests.oracle.history import Repositories, commits_of, repository
from tests.oracle.releases import Release

CLOCKS = ("committer", "author", "unknown")
"""Whose time counts where several are known: the committer's by default."""


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
    rule: str
    is_first: bool
    is_bot: bool
    is_squash: bool
    stages: list[int | None]


@dataclass
class Known:
    """What is known of commits: every push, every change, what each event said of each commit, and whose each is."""

    service: str
    moves: list[Move]
    changes: list[Change]
    said: dict[str, list[Commit]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    default: dict[str, str] = field(default_factory=dict)


def read(service: str, events: Sequence[Event], repositories: Repositories) -> Known:
    """Events are of every service, in order: a branch is shared by the services of its repository."""
    every = moves(events)
    known = Known(service, every, changes(events, every))
    for event in events:
        data = event.data
        if not isinstance(data, Push | Merge | Deployment):
            continue
        for commit in data.commits or ():
            known.said.setdefault(commit.sha, []).append(commit)
        if data.repository and data.repository.default_branch:
            known.default.setdefault(repository(event), data.repository.default_branch)
        known.own |= commits_of(service, event, repositories)
    return known


Step = tuple[str, tuple[str, str]]
"""A commit on a branch."""


@dataclass
class Walk:
    """Where the walk over successful releases stands."""

    is_first: bool = True
    previous: Release | None = None
    previous_move: Move | None = None
    heads: list[Step] = field(default_factory=list)
    """Deployed commits, each with the branch on which it was deployed."""
    deployed: set[str] = field(default_factory=set)
    merged: list[Change] = field(default_factory=list)
    """Changes in the present range under (c)."""
    brought: list[Change] = field(default_factory=list)


def find(known: Known, made: Sequence[Release]) -> list[Credit]:
    """Set `holds`, `commit_rule` and `flags` of releases, and credit each commit to the first release that holds it."""
    credited: list[Credit] = []
    walk = Walk()
    for release in made:
        if release.finished_at is None:
            release.holds = set(_listed(release) or []) | ({release.commit} if release.commit else set())
            continue
        shas = _range(known, release, walk)
        # "The PR's own commits are not credited again": a squash commit stands for them.
        squashed = [sha for one in known.changes if one.is_squash and one.landed in shas for sha in one.own or []]
        release.holds = set(shas) | ({release.commit} if release.commit else set())
        _bring(known, release, shas, walk)
        for sha in shas:
            if sha not in walk.deployed and sha not in squashed:
                credited.append(_credit(known, release, sha))
                if credited[-1].not_counted == "merge_commit" and _parents(known, sha) is None:
                    release.flags.add("merge_by_title")
        walk.deployed |= release.holds | set(squashed)
        walk.is_first, walk.previous = False, release
    return credited


def _bring(known: Known, release: Release, shas: Sequence[str], walk: Walk) -> None:
    """Changes come with the first release that deploys any of their commits, or that is told by them."""
    for change in known.changes:
        its = {change.landed, *(change.own or [])}
        # A commit is of the change that landed with it, else of the first that made it.
        fresh = [sha for sha in shas if sha in its and sha not in walk.deployed and _change_of(known, sha) is change]
        is_told = change in walk.merged
        if (fresh or is_told) and change not in walk.brought:
            walk.brought.append(change)
            if not walk.is_first:
                release.changes.append(change)
    walk.merged = []


def _change_of(known: Known, sha: str) -> Change | None:
    landing = [change for change in known.changes if change.landed == sha]
    holding = [change for change in known.changes if sha in (change.own or [])]
    return landing[0] if landing else holding[0] if holding else None


def _listed(release: Release) -> list[str] | None:
    """The commit list that the deployment carries, those of its regions united; None where none does."""
    lists = [one.commits for one in release.members if one.commits is not None]
    return list(dict.fromkeys(commit.sha for commits in lists for commit in commits)) if lists else None


def _range(known: Known, release: Release, walk: Walk) -> list[str]:
    """The commits that the release brought, in order, without repetition."""
    this, listed = release.commit, _listed(release)
    move = _move(known, release, this) if this else None
    change = next((one for one in known.changes if this is not None and one.landed == this), None)
    if listed is not None:
        release.commit_rule, shas = "list", listed
    elif this is None:
        release.commit_rule, shas = "none", []
        release.flags.add("no_commit")
    elif move is not None:
        release.commit_rule, shas = "pushes", _pushed(known, release, this, move, walk)
    elif change is not None:
        release.commit_rule, shas = "merges", _merged(known, release, change, walk)
    else:
        release.commit_rule, shas = "head", [this]
    if move is not None and this is not None:
        walk.heads.append((this, move.branch))
    walk.previous_move = move
    return list(dict.fromkeys(shas))


def _move(known: Known, release: Release, this: str) -> Move | None:
    """On the deployment's ref if it is a branch, else the default branch if it holds the commit, else the earliest."""
    name = release.anchor.repository
    holding = [one for one in known.moves if name in ("", one.repository) and this in one.shas]
    ref = (release.anchor.ref or "").removeprefix("refs/heads/")
    own = [one for one in holding if one.ref == ref]
    default = [one for one in holding if one.ref == known.default.get(one.repository)]
    earliest = [one for one in holding if one.branch == holding[0].branch]
    found = own or default or earliest
    return place(found, release.at) if found else None


def _pushed(known: Known, release: Release, this: str, move: Move, walk: Walk) -> list[str]:
    """(b) Between the previous deployment's commit, exclusive, and this one's, inclusive."""
    behind = lineage(known.moves, move, this, over_gaps=walk.is_first)
    steps = [(sha, one.branch) for sha, one in behind.steps]
    before = walk.previous.commit if walk.previous else None
    its: Step | None = None
    older: list[tuple[str, Move]] = []
    if before is not None and walk.previous_move is not None:
        its = (before, walk.previous_move.branch)
        for one in known.moves:  # a forced push may have brought it a second time
            if one.branch == walk.previous_move.branch and before in one.shas:
                older += lineage(known.moves, one, before, over_gaps=False).steps
    for index, step in enumerate(steps):
        # The previous one's commit; or, on the chain that it stands on, what lies behind it.
        if step == its or (behind.steps[index] in older and its is not None and step[1] == its[1]):
            return _own(known, steps[:index])
        # Where the previous one lies elsewhere, the nearest that was deployed from this chain stands for it.
        is_before_previous = its is not None and its in steps[index:] and its[1] == step[1]
        if step in walk.heads and not is_before_previous:
            return _own(known, steps[:index])
    if behind.base not in walk.deployed:
        release.flags |= set(behind.ends)
    return _own(known, steps)


def _own(known: Known, steps: list[Step]) -> list[str]:
    """Oldest first, what belongs to the service."""
    return [sha for sha, _ in reversed(steps) if sha in known.own]


def _merged(known: Known, release: Release, change: Change, walk: Walk) -> list[str]:
    """(c) The commits of changes that were merged since the previous deployment's."""
    before = walk.previous.commit or "" if walk.previous else None
    found, flag = merged_between(known.changes, before, change)
    shas: list[str] = []
    if flag:
        release.flags.add(flag)
    walk.merged = found
    for one in found:
        if one.is_squash:
            is_own = one.landed in known.own or any(sha in known.own for sha in one.own or [])
            shas += [one.landed] if is_own else []
        elif one.own is None:
            release.flags.add("forks" if one.is_fork else "no_change_commits")
        else:
            shas += [sha for sha in one.own if sha in known.own]
    return shas


def _credit(known: Known, release: Release, sha: str) -> Credit:
    said = known.said.get(sha, [])
    committed_at, clock = _time(known, sha)
    change = _change_of(known, sha)
    is_squash = change is not None and change.landed == sha and change.is_squash
    lead = _span(committed_at, release.at)
    not_counted = ""
    if _is_merge(known, sha) and not is_squash:
        not_counted = "merge_commit"
    elif lead is None:
        not_counted = "no_time"
    elif lead < 0:
        not_counted = "clock_skew"
    times = [_time(known, one)[0] for one in (change.own or [] if change else [])]
    first = min((at for at in times if at is not None), default=None)
    ends = [first, change.opened_at, change.first_review_at, change.merged_at, release.at] if change else [None] * 5
    return Credit(
        sha=sha,
        release=release,
        at=release.at,
        committed_at=committed_at,
        clock=clock,
        lead_time_us=None if not_counted else lead,
        first_commit_lead_time_us=_positive(_span(first, release.at)) if is_squash else None,
        not_counted=not_counted,
        rule=release.commit_rule,
        is_first=release.is_first,
        is_bot=any(commit.is_bot for commit in said),
        is_squash=is_squash,
        stages=[_positive(_span(begin, end)) for begin, end in pairwise(ends)],
    )


def _time(known: Known, sha: str) -> tuple[datetime | None, str]:
    """The commit's one time and whose clock it is."""
    timed = [commit for commit in known.said.get(sha, []) if commit.committed_at is not None]
    best = min(timed, key=lambda commit: CLOCKS.index(commit.clock), default=None)
    return (best.committed_at, best.clock) if best else (None, "unknown")


def _parents(known: Known, sha: str) -> int | None:
    return next((commit.parents for commit in known.said.get(sha, []) if commit.parents is not None), None)


def _is_merge(known: Known, sha: str) -> bool:
    """By parents where they are known, else by the title that providers give merge commits."""
    parents = _parents(known, sha)
    if parents is not None:
        return parents >= 2
    title = next((commit.title for commit in known.said.get(sha, []) if commit.title), "")
    return re.match(r"Merge (pull request #\d+|branch '|remote-tracking branch '|tag ')", title) is not None


def _span(begin: datetime | None, end: datetime | None) -> int | None:
    if begin is None or end is None:
        return None
    gone = end - begin
    return (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds


def _positive(span: int | None) -> int | None:
    """A negative difference is excluded."""
    return None if span is None or span < 0 else span
