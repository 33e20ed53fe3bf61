"""Which commits each successful production deployment brought, and their lead times; a commit is credited once.

In order of preference: (a) the list that the deployment carries, (b) the chain of pushes since the previous
deployment's commit, (c) the changes merged since then, (d) the head commit alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.delivery import Merge, Push
from stream_processors.facts.book import Book
from stream_processors.facts.branches import Branches, Place, Repositories
from stream_processors.facts.changes import Change, ChangeKey, Changes
from stream_processors.facts.releases import Group
from stream_processors.facts.rows import CommitRow
from stream_processors.facts.shas import Shas
from stream_processors.resolve import Resolved
from stream_processors.stories import commits_of

_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Credit:
    """What a release brought: how its commits were found, what is to be known of that, and how many got a lead time.

    `changes`: merged ones that came with it, none for the first: it brings all that there ever was.
    """

    rule: str
    flags: set[str] = field(default_factory=set)
    commits: int = 0
    changes: list[Change] = field(default_factory=list)


@dataclass(slots=True)
class Credits:
    """`holders`: commit -> releases that hold it, whether or not it was credited to them, in order."""

    rows: list[CommitRow] = field(default_factory=list)
    of: dict[str, Credit] = field(default_factory=dict)
    holders: defaultdict[str, list[Group]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class _Range:
    """Commits that a release holds, oldest first, before subtracting what was deployed before."""

    rule: str
    shas: list[str]
    flags: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)


class Crediting:
    """Walks the successful releases in order and credits each commit to the first that holds it."""

    def __init__(self, events: Sequence[Resolved], shas: Shas, book: Book) -> None:
        self._shas, self._book = shas, book
        self._repositories = Repositories(events)
        self._branches = Branches(events, self._repositories, shas)
        self.changes = Changes(events, self._branches, self._repositories, shas, book)
        self._own = _own(events, shas)
        self._deployed: set[str] = set()
        self._brought: set[ChangeKey] = set()
        self._previous: Place | None = None
        self._previous_change: Change | None = None

    @property
    def known(self) -> AbstractSet[str]:
        """Commits of the service itself, deployed or not."""
        return self._own | self._deployed

    def credit(self, groups: Iterable[Group]) -> Credits:
        """Credits of releases, given in order of time."""
        credits_ = Credits()
        is_first = True
        for group in groups:
            listed = self._listed(group)
            if group.finished_at is None:
                for sha in dict.fromkeys([*(listed or ()), *filter(None, [group.commit])]):
                    credits_.holders[sha].append(group)
                continue
            found = self._range(group, listed, is_first=is_first)
            credit = credits_.of[group.name] = Credit(found.rule, found.flags)
            held = list(dict.fromkeys(found.shas))
            changes = self._changes(found, held)
            credit.changes += [] if is_first else changes
            self._deployed |= self._squashed(held)
            for sha in held:
                if sha not in self._deployed:
                    row = self._row(sha, group.name, group.finished_at, found.rule, is_first=is_first)
                    credits_.rows.append(row)
                    credit.commits += not row.not_counted
                    if row.not_counted == "merge_commit" and self._book[sha].is_merge_by_title:
                        credit.flags.add("merge_by_title")
            for sha in dict.fromkeys([*held, *filter(None, [group.commit])]):
                credits_.holders[sha].append(group)
                self._deployed.add(sha)
            is_first = False
        return credits_

    def _changes(self, found: _Range, held: Iterable[str]) -> list[Change]:
        """Changes of the commits that were not deployed before, each with the first release that brings it."""
        fresh = [self.changes.of(sha) for sha in held if sha not in self._deployed]
        changes = {one.key: one for one in [*found.changes, *filter(None, fresh)] if one.key not in self._brought}
        self._brought |= changes.keys()
        return list(changes.values())

    def _squashed(self, held: Iterable[str]) -> set[str]:
        """Own commits of changes that came as one squash commit: that one stands for them, now and later."""
        landed = [change for sha in held if (change := self.changes.landed(sha)) is not None and change.is_squash]
        return {sha for change in landed for sha in change.commits or () if sha != change.landed}

    def _listed(self, group: Group) -> list[str] | None:
        """The commit list that the deployment carries, those of its regions united; None: none does."""
        lists = [one.commits for one in group.attempts if one.commits is not None]
        return [self._shas.full(commit.sha) for part in lists for commit in part] if lists else None

    def _range(self, group: Group, listed: list[str] | None, *, is_first: bool) -> _Range:
        place, change = self._place(group), self.changes.landed(group.commit)
        if listed is not None:
            found = _Range("list", listed)
        elif not group.commit:
            found = _Range("none", [], {"no_commit"})
        elif place is not None:
            pushed, flags = self._branches.until(place, self._previous, self._deployed, is_first=is_first)
            found = _Range("pushes", [sha for sha in pushed if sha in self._own], flags)
        elif change is not None:
            found = self._merged(change, is_first=is_first)
        else:
            found = _Range("head", [group.commit])
        if place is not None:
            self._branches.deploy(place)
        self._previous, self._previous_change = place, change
        return found

    def _place(self, group: Group) -> Place | None:
        if not group.commit:
            return None
        anchor = group.anchor
        return self._branches.find(self._repositories.key(anchor.repository), anchor.ref, group.commit, group.at)

    def _merged(self, change: Change, *, is_first: bool) -> _Range:
        """By changes merged since the previous deployment's; forks keep their commits to themselves."""
        found = _Range("merges", [])
        previous = self._previous_change
        if is_first or (previous is not None and previous.base == change.base):
            merged = self.changes.until(change, None if is_first else previous)
        else:
            merged = [change]
            found.flags.add("gap")
        found.changes += merged
        for one in merged:
            if one.is_squash:
                found.shas += [one.landed] if one.landed in self._own or self._any_own(one) else []
            elif one.commits is not None:
                found.shas += [sha for sha in one.commits if sha in self._own]
            else:
                found.flags.add("forks" if one.is_fork else "no_change_commits")
        return found

    def _any_own(self, change: Change) -> bool:
        return not self._own.isdisjoint(change.commits or ())

    def _row(self, sha: str, release: str, finished_at: datetime, rule: str, *, is_first: bool) -> CommitRow:
        known, change = self._book[sha], self.changes.of(sha)
        is_squash = change is not None and change.is_squash and change.landed == sha
        lead = _between(known.committed_at, finished_at)
        if known.is_merge and not is_squash:
            not_counted = "merge_commit"
        elif lead is None:
            not_counted = "no_time"
        else:
            not_counted = "clock_skew" if lead < 0 else ""
        first = None if change is None else self._book.first_time(change.commits or ())
        return CommitRow(
            sha=sha,
            release=release,
            at=finished_at,
            committed_at=known.committed_at,
            clock=known.clock,
            lead_time_us=None if not_counted else lead,
            first_commit_lead_time_us=_stage(first, finished_at) if is_squash else None,
            rule=rule,
            is_first=int(is_first),
            is_bot=int(known.is_bot),
            is_squash=int(is_squash),
            not_counted=not_counted,
            coding_us=None if change is None else _stage(first, change.opened_at),
            review_us=None if change is None else _stage(change.opened_at, change.first_review_at),
            merge_us=None if change is None else _stage(change.first_review_at, change.merged_at),
            deploy_us=None if change is None else _stage(change.merged_at, finished_at),
        )


def _own(events: Iterable[Resolved], shas: Shas) -> set[str]:
    """Commits of pushes and changes that belong to the service itself, not to others of its repository."""
    told = (resolved for resolved in events if isinstance(resolved.event.data, Push | Merge))
    return {shas.full(sha) for resolved in told for sha in commits_of(resolved)}


def _between(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else (end - begin) // _MICROSECOND


def _stage(begin: datetime | None, end: datetime | None) -> int | None:
    """Microseconds; None when either end is not known, or the clocks contradict each other."""
    span = _between(begin, end)
    return None if span is None or span < 0 else span
