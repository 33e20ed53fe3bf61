"""Branches as chains of pushes: where a commit lies, and which commits lie between two deployments.

Pushes are linked by the commit one leaves and the next one finds, not by their clocks; a forced push, or a push that
nobody saw, begins a new chain.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.delivery import Push, Repository
from stream_processors.facts.shas import Shas
from stream_processors.resolve import Resolved, Stored

Branch = tuple[str, str]
"""(repository, branch)."""


def branch_of(ref: str | None) -> str:
    """The branch's name; empty for a tag, or none."""
    return "" if ref is None or ref.startswith("refs/tags/") else ref.removeprefix("refs/heads/")


class Repositories:
    """One key per repository: its native id, also for events that know only a name it has had."""

    def __init__(self, events: Iterable[Resolved]) -> None:
        self._ids: dict[str, str] = {}
        self.default_branches: dict[str, str] = {}
        known = [one.event.data.repository for one in events if one.event.data.repository is not None]
        for repository in known:
            if repository.id and repository.name:
                self._ids[repository.name] = min(repository.id, self._ids.get(repository.name, repository.id))
        for repository in known:
            if repository.default_branch:
                self.default_branches.setdefault(self.key(repository), repository.default_branch)

    def key(self, repository: Repository | None) -> str:
        """The repository's key; empty when nothing is known of it."""
        if repository is None:
            return ""
        return repository.id or self._ids.get(repository.name or "", repository.name or "")


Moment = tuple[datetime, str]
"""When a push happened, and its event: ties of time are ordered by id."""


@dataclass(frozen=True, slots=True)
class _Move:
    """A push in full commit ids, oldest first; `before` empty: the branch was created."""

    before: str
    after: str
    forced: bool
    truncated: bool
    commits: tuple[str, ...]
    moment: Moment

    @classmethod
    def of(cls, event: Stored, push: Push, shas: Shas) -> _Move:
        commits = [shas.full(commit.sha) for commit in push.commits]
        after = shas.full(push.after)
        if len(commits) > 1 and commits[0] == after:
            commits.reverse()  # some providers list the newest first
        moment = (event.time, event.id)
        return cls(shas.full(push.before), after, push.forced, push.is_truncated, tuple(commits), moment)


@dataclass(slots=True, eq=False)
class Chain:
    """An unbroken stretch of a branch, oldest commit first; `before`: the commit it continues from.

    `start`: `created` (the branch began here), `forced` or `gap` (what came before is not known). `earlier`: the
    branch's chain before it. `forked_at`: the commit of another branch at which it was created. `deployed`: positions
    of commits that were deployed; `truncated`: of pushes whose list was cut; both ascending.
    """

    branch: Branch
    before: str
    start: Literal["created", "forced", "gap"]
    begun: Moment
    forked_at: str
    earlier: Chain | None
    shas: list[str] = field(default_factory=list)
    deployed: list[int] = field(default_factory=list)
    truncated: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a commit lies: the chain, the position in it, and the push that brought it."""

    chain: Chain
    position: int
    pushed: Moment
    is_alone: bool
    """Whether the push brought no other commit."""


class Branches:
    """All chains that the pushes make."""

    def __init__(self, events: Iterable[Resolved], repositories: Repositories, shas: Shas) -> None:
        self._places: defaultdict[str, list[Place]] = defaultdict(list)
        self._defaults = repositories.default_branches
        pushes: defaultdict[Branch, list[_Move]] = defaultdict(list)
        for resolved in events:
            data = resolved.event.data
            if isinstance(data, Push) and data.after is not None and (branch := branch_of(data.ref)):
                pushes[repositories.key(data.repository), branch].append(_Move.of(resolved.event, data, shas))
        for name, moves in pushes.items():
            earlier: Chain | None = None
            for run in _linked(moves):
                earlier = self._add(name, run, earlier)

    def find(self, repository: str, ref: str, commit: str, at: datetime) -> Place | None:
        """Where a deployed commit lies: on the deployment's own branch, else the default one, else the first with it.

        Where a branch holds it more than once, its latest place that was pushed by `at` counts.
        """
        places = [one for one in self._places.get(commit, ()) if repository in {"", one.chain.branch[0]}]
        if not places:
            return None
        own = [one for one in places if one.chain.branch[1] == branch_of(ref)]
        default = [one for one in places if one.chain.branch[1] == self._defaults.get(one.chain.branch[0])]
        first = min(places, key=lambda one: one.pushed).chain.branch
        held = sorted(
            own or default or [one for one in places if one.chain.branch == first], key=lambda one: one.pushed
        )
        return next((one for one in reversed(held) if one.pushed[0] <= at), held[0])

    def holds(self, branch: Branch, commit: str) -> Place | None:
        """The commit's first place on that branch."""
        return min(
            (one for one in self._places.get(commit, ()) if one.chain.branch == branch),
            key=lambda one: one.pushed,
            default=None,
        )

    def until(
        self, place: Place, previous: Place | None, deployed: AbstractSet[str], *, is_first: bool
    ) -> tuple[list[str], set[str]]:
        """Commits after the previous deployment's up to this one's, and flags `gap`, `forced`, `truncated`.

        When the previous one lies elsewhere, the chain's nearest deployed commit takes its place; without any, the
        chain is taken from its beginning. A first deployment reaches over gaps: all that is known is in it.
        """
        commits, flags, seen = list[str](), set[str](), set[Chain]()
        stands = self._on_its_branch(previous) if previous is not None else []
        here: Place | None = place
        while here is not None and here.chain not in seen:
            chain = here.chain
            seen.add(chain)
            nearest = bisect_right(chain.deployed, here.position)
            begin = 0
            stood = [one.position for one in stands if one.chain is chain]
            if stood:
                begin = stood[0] + 1
            elif nearest:
                begin = chain.deployed[nearest - 1] + 1
            commits[:0] = chain.shas[begin : here.position + 1]
            if any(begin <= cut <= here.position for cut in chain.truncated):
                flags.add("truncated")
            if begin or chain.before in deployed:
                break
            if chain.start != "created":
                flags.add(chain.start)
            here = self._origin(chain, is_first=is_first)
        return commits, flags

    def deploy(self, place: Place) -> None:
        """Note that the commit there was deployed."""
        for one in self._on_its_branch(place):
            insort(one.chain.deployed, one.position)

    def _on_its_branch(self, place: Place) -> list[Place]:
        """All places of the commit on its branch: a forced push may have brought it a second time."""
        sha = place.chain.shas[place.position]
        return [one for one in self._places[sha] if one.chain.branch == place.chain.branch]

    def _origin(self, chain: Chain, *, is_first: bool) -> Place | None:
        """Where a chain goes on before its beginning: on the branch it was made from, or across a gap."""
        if chain.forked_at:
            elsewhere = [one for one in self._places[chain.forked_at] if one.pushed < chain.begun]
            return min(elsewhere, key=lambda one: one.pushed, default=None)
        earlier = chain.earlier
        if is_first and chain.start == "gap" and earlier is not None:
            return Place(earlier, len(earlier.shas) - 1, chain.begun, is_alone=False)
        if (
            is_first and chain.start == "forced"
        ):  # set back to a commit of the branch: what lies behind it is there still
            known = [one for one in self._places[chain.shas[0]] if one.chain.branch == chain.branch]
            return max((one for one in known if one.pushed < chain.begun), key=lambda one: one.pushed, default=None)
        return None

    def _add(self, branch: Branch, moves: list[_Move], earlier: Chain | None) -> Chain:
        head = moves[0]
        start: Literal["created", "forced", "gap"] = "forced" if head.forced else "gap" if head.before else "created"
        forked_at = "" if head.before or head.commits else head.after
        chain = Chain(branch, head.before, start, head.moment, forked_at, earlier)
        known: set[str] = set()
        for move in moves:
            for sha in [*(one for one in move.commits if one != move.after), move.after]:
                if sha not in known:
                    known.add(sha)
                    is_alone = move.commits in {(), (sha,)}
                    self._places[sha].append(Place(chain, len(chain.shas), move.moment, is_alone))
                    chain.shas.append(sha)
            if move.truncated:
                chain.truncated.append(len(chain.shas) - 1)
        return chain


def _linked(moves: list[_Move]) -> list[list[_Move]]:
    """Pushes of one branch as unbroken runs."""
    runs: list[list[_Move]] = []
    tails: defaultdict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for move in sorted(moves, key=lambda one: one.moment):
        if not move.forced and move.before and tails[move.before]:
            number = tails[move.before].pop()
            runs[number].append(move)
        elif not move.forced and move.after in seen and (move.before or tails[move.after]):
            continue  # another telling of what is known: a second source, or one that cuts pushes otherwise
        else:
            number = len(runs)
            runs.append([move])
        tails[move.after].append(number)
        seen.add(move.after)
    return _joined(runs, tails)


def _joined(runs: list[list[_Move]], tails: dict[str, list[int]]) -> list[list[_Move]]:
    """Runs whose clocks ran backwards, joined where one leaves the commit that the other finds."""
    for number, run in enumerate(runs):
        head = run[0]
        if head.forced or not head.before:
            continue
        for other in tails.get(head.before, ()):
            tail = runs[other][-1] if runs[other] else None  # a later forced push sets back to it, and brought it not
            if other != number and tail is not None and tail.after == head.before and not tail.forced:
                runs[other].extend(run)
                tails[run[-1].after] = [other if one == number else one for one in tails[run[-1].after]]
                runs[number] = []
                break
    return [run for run in runs if run]
