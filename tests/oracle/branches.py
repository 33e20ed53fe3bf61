"""Branches as chains of pushes: what lies behind a commit, from push to push, as far as pushes are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.delivery import Push
from schemas.envelope import Event
from tests.oracle.history import repository


@dataclass(eq=False)
class Move:
    """A push to a branch; `shas` are oldest first and end with what the branch then pointed at."""

    repository: str
    ref: str
    before: str | None
    after: str
    forced: bool
    shas: list[str]
    order: tuple[datetime, str]
    is_bare: bool
    """It moved the branch without bringing a commit."""

    @property
    def branch(self) -> tuple[str, str]:
        """Repository and branch."""
        return self.repository, self.ref


@dataclass
class Lineage:
    """What lies behind a commit, newest first, each with its move; and why nothing further is known."""

    steps: list[tuple[str, Move]] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    """`gap` and `forced`, in the order met."""
    base: str | None = None
    """The commit that the last move found, which no push is known to have brought."""


def moves(events: Sequence[Event]) -> list[Move]:
    """All pushes to branches. Events are in order, of every service."""
    made: list[Move] = []
    for event in events:
        push = event.data
        if not isinstance(push, Push) or push.ref.startswith("refs/tags/") or push.after is None:
            continue
        listed = [commit.sha for commit in push.commits]
        move = Move(
            repository=repository(event),
            ref=push.ref.removeprefix("refs/heads/"),
            before=push.before,
            after=push.after,
            forced=push.forced,
            shas=[*(sha for sha in listed if sha != push.after), push.after],
            order=(event.time, event.id),
            is_bare=not listed,
        )
        if not _is_told_before(move, made):
            made.append(move)
    return made


def _is_told_before(move: Move, made: Sequence[Move]) -> bool:
    """The same push, told by a second source."""
    for other in reversed(made):
        if other.branch == move.branch:
            if other.before == move.before and other.after == move.after and other.forced == move.forced:
                return True
            if other.forced:
                return False
    return False


def place(holding: Sequence[Move], at: datetime) -> Move:
    """Of the pushes of one branch that brought a commit, the latest until `at`, else the first."""
    until = [move for move in holding if move.order[0] <= at]
    return max(until, key=lambda move: move.order) if until else min(holding, key=lambda move: move.order)


def lineage(every: Sequence[Move], move: Move, sha: str, *, over_gaps: bool) -> Lineage:
    """From push to push: a forced push, or a gap, ends it; `over_gaps`: all that is known on the branch."""
    found = Lineage()
    at: tuple[Move, str] | None = (move, sha)
    walked: list[Move] = []
    while at is not None and at[0] not in walked:
        here, tip = at
        walked.append(here)
        found.steps += [(one, here) for one in reversed(here.shas[: here.shas.index(tip) + 1])]
        found.base = here.before
        at = _behind(every, here, walked)
        if at is None and (here.forced or here.before is not None):
            found.ends.append("forced" if here.forced else "gap")
            if over_gaps:
                at = _stood(every, here, walked) if here.forced else _earlier(every, here, walked)
    return found


def _behind(every: Sequence[Move], here: Move, walked: list[Move]) -> tuple[Move, str] | None:
    if here.forced:
        return None
    if here.before is None:
        # "The chain of pushes on the branch": one that was made without a commit goes on where it was made.
        if not here.is_bare:
            return None
        holding = [one for one in every if here.after in one.shas and one.order < here.order]
        return (min(holding, key=lambda one: one.order), here.after) if holding else None
    before = [
        one
        for one in every
        if one.branch == here.branch and one.after == here.before and one not in walked
        # Clocks may run backwards, but a later forced push sets back to the commit and did not bring it.
        if not (one.forced and one.order > here.order)
    ]
    if not before:
        return None
    return place(before, here.order[0]), here.before


def _stood(every: Sequence[Move], here: Move, walked: list[Move]) -> tuple[Move, str] | None:
    """Where a commit that a forced push set the branch back to was first: what lies behind it is there still."""
    back = here.shas[0]
    holding = [one for one in every if one.branch == here.branch and back in one.shas and one.order < here.order]
    holding = [one for one in holding if one not in walked]
    return (max(holding, key=lambda one: one.order), back) if holding else None


def _earlier(every: Sequence[Move], here: Move, walked: list[Move]) -> tuple[Move, str] | None:
    earlier = [one for one in every if one.branch == here.branch and one.order < here.order and one not in walked]
    if not earlier:
        return None
    last = max(earlier, key=lambda one: one.order)
    while True:  # to the end of the chain that it is part of
        following = [
            one
            for one in every
            if one.branch == last.branch and one.before == last.after and not one.forced and one.order > last.order
        ]
        if not following:
            return last, last.after
        last = min(following, key=lambda one: one.order)
