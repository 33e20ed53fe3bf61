"""Merged changes (pull and merge requests): their commits, their stages, and which lie between two deployments."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.base import LATEST
from schemas.delivery import Merge
from stream_processors.facts.book import Book
from stream_processors.facts.branches import Branch, Branches, Place, Repositories, branch_of
from stream_processors.facts.shas import Shas
from stream_processors.resolve import Resolved, Stored

ChangeKey = tuple[str, int]
"""(repository, number)."""
Said = list[tuple[Stored, Merge]]


@dataclass(frozen=True, slots=True)
class Change:
    """One merged change; `landed`: the commit with which it came to its base.

    `commits`: its own, oldest first; None when not known. `is_squash`: they became `landed`, one commit. `said`: its
    events, in order.
    """

    key: ChangeKey
    base: Branch
    landed: str
    merged_at: datetime
    opened_at: datetime | None
    first_review_at: datetime | None
    commits: tuple[str, ...] | None
    is_squash: bool
    is_fork: bool
    said: tuple[tuple[Stored, Merge], ...]

    @property
    def order(self) -> tuple[datetime, int]:
        """Ties of time are ordered by number."""
        return self.merged_at, self.key[1]


class Changes:
    """All merged changes, by the commit with which they landed and by their own commits.

    `told`: every change with what was said of it, None in place of one that was not merged.
    """

    def __init__(
        self, events: Iterable[Resolved], branches: Branches, repositories: Repositories, shas: Shas, book: Book
    ) -> None:
        self._branches, self._repositories, self._shas, self._book = branches, repositories, shas, book
        self._heads: dict[Branch, Place] = {}
        self._landed: dict[str, Change] = {}
        self._holding: dict[str, Change] = {}
        self._lines: defaultdict[Branch, list[Change]] = defaultdict(list)
        said: defaultdict[ChangeKey, Said] = defaultdict(list)
        for resolved in events:
            if isinstance(data := resolved.event.data, Merge):
                said[repositories.key(data.repository), data.number].append((resolved.event, data))
        ordered = sorted((_merged_at(one) or LATEST, key) for key, one in said.items())
        self.told: list[tuple[Change | None, Said]] = []
        for merged_at, key in ordered:
            change = None if merged_at == LATEST else self._change(key, merged_at, said[key])
            self.told.append((change, said[key]))
            if change is not None:
                self._add(change)

    def of(self, sha: str) -> Change | None:
        """The change that the commit landed, or was part of."""
        return self._landed.get(sha) or self._holding.get(sha)

    def landed(self, sha: str) -> Change | None:
        """The change that came to its base with this commit."""
        return self._landed.get(sha)

    def until(self, change: Change, previous: Change | None) -> list[Change]:
        """Changes merged to the same base after `previous` (None: all) up to this one."""
        line = self._lines[change.base]
        begin = 0 if previous is None else bisect_right(line, previous.order, key=lambda one: one.order)
        return line[begin : bisect_right(line, change.order, key=lambda one: one.order)]

    def _add(self, change: Change) -> None:
        self._lines[change.base].append(change)
        if change.landed:
            self._landed.setdefault(change.landed, change)
        for sha in change.commits or ():
            self._holding.setdefault(sha, change)

    def _change(self, key: ChangeKey, merged_at: datetime, said: Said) -> Change:
        merged = next(data for _, data in said if data.state == "merged")
        datas = [data for _, data in said]
        head = self._shas.full(
            merged.head_commit or next((one.head_commit for one in datas[::-1] if one.head_commit), None)
        )
        landed = self._shas.full(merged.merge_commit) or head
        fork = next((one.head_repository for one in datas if one.head_repository is not None), None)
        is_fork = fork is not None and self._repositories.key(fork) != key[0]
        if merged.commits is not None:
            commits: tuple[str, ...] | None = tuple(self._shas.full(commit.sha) for commit in merged.commits)
        else:
            commits = None if is_fork else self._pushed((key[0], branch_of(merged.head_ref)), head)
        base = (key[0], branch_of(merged.base_ref))
        return Change(
            key=key,
            base=base,
            landed=landed,
            merged_at=merged_at,
            opened_at=next((one.opened_at for one in datas if one.opened_at is not None), _time_of(said, "opened")),
            first_review_at=next(
                (one.first_review_at for one in datas if one.first_review_at is not None), _time_of(said, "approved")
            ),
            commits=commits,
            is_squash=merged.method == "squash"
            or (merged.method is None and landed not in {head, *(commits or ())} and self._landed_alone(base, landed)),
            is_fork=is_fork,
            said=tuple(said),
        )

    def _pushed(self, branch: Branch, head: str) -> tuple[str, ...] | None:
        """Commits pushed to the head branch since it was made, or since an earlier change left it."""
        place = self._branches.holds(branch, head)
        if place is None:
            return None
        earlier, self._heads[branch] = self._heads.get(branch), place
        begin = 1 if place.chain.forked_at else 0  # where the branch was cut is a commit of the other branch
        if earlier is not None and earlier.chain is place.chain:
            begin = earlier.position + 1
        return tuple(place.chain.shas[begin : place.position + 1])

    def _landed_alone(self, base: Branch, sha: str) -> bool:
        """Whether it was pushed to the base as one commit that is no merge: where no method is told, a squash."""
        place = self._branches.holds(base, sha)
        return place is not None and place.is_alone and not self._book[sha].is_merge


def _merged_at(said: Said) -> datetime | None:
    at = next((data.merged_at for _, data in said if data.merged_at is not None), None)
    reported = _time_of(said, "merged")
    return None if reported is None else at or reported


def _time_of(said: Said, state: str) -> datetime | None:
    return next((event.time for event, data in said if data.state == state), None)
