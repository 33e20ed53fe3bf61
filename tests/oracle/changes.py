"""Merged changes (pull or merge requests): their own commits, and which were merged between two deployments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.delivery import Merge
from schemas.envelope import Event
from tests.oracle.branches import Move, lineage
from tests.oracle.history import first_said, repository


@dataclass
class Change:
    """A merged change; `own` are its commits, oldest first, None where nothing tells them."""

    repository: str
    number: int
    base: str
    landed: str
    """The commit with which it came to its base."""
    merged_at: datetime
    opened_at: datetime | None
    first_review_at: datetime | None
    is_squash: bool
    is_fork: bool
    own: list[str] | None
    head: str = ""
    title: str = ""
    labels: list[dict[str, str]] = field(default_factory=list)


def changes(events: Sequence[Event], every: Sequence[Move]) -> list[Change]:
    """Merged changes in the order of (merged, number). Events are in order."""
    groups: dict[tuple[str, int], list[Event]] = {}
    for event in events:
        if isinstance(event.data, Merge):
            groups.setdefault((repository(event), event.data.number), []).append(event)
    made = [change for key, group in groups.items() if (change := _change(*key, group)) is not None]
    made.sort(key=lambda change: (change.merged_at, change.number))
    left: dict[str, list[str]] = {}
    for change in made:
        if change.own is None and not change.is_fork:
            said = [event.data for event in groups[change.repository, change.number] if isinstance(event.data, Merge)]
            change.own = _pushed(change, said, every, left)
    return made


def _change(name: str, number: int, events: list[Event]) -> Change | None:
    said = [event.data for event in events if isinstance(event.data, Merge)]
    merges = [event for event in events if event.data.state == "merged"]  # type: ignore[union-attr]
    landed = first_said(data.merge_commit for data in said) or first_said(data.head_commit for data in said)
    if not merges or landed is None:
        return None
    head_repository = first_said(data.head_repository for data in said)
    commits = first_said(data.commits for data in said)
    opened = [event.time for event in events if event.data.state == "opened"]  # type: ignore[union-attr]
    approved = [event.time for event in events if event.data.state == "approved"]  # type: ignore[union-attr]
    return Change(
        repository=name,
        number=number,
        base=(first_said(data.base_ref for data in said) or "").removeprefix("refs/heads/"),
        landed=landed,
        merged_at=first_said(data.merged_at for data in said) or merges[0].time,
        opened_at=first_said(data.opened_at for data in said) or min(opened, default=None),
        first_review_at=first_said(data.first_review_at for data in said) or min(approved, default=None),
        is_squash=first_said(data.method for data in said) == "squash",
        is_fork=head_repository is not None and (head_repository.name or head_repository.id) != name,
        own=None if commits is None else [one.sha for one in commits],
        head=(first_said(data.head_ref for data in said) or "").removeprefix("refs/heads/"),
        title=first_said(data.title for data in said) or "",
        labels=[data.labels for data in said],
    )


def _pushed(change: Change, said: list[Merge], every: Sequence[Move], left: dict[str, list[str]]) -> list[str] | None:
    """Commits pushed to the head branch up to the head, since the branch was made or an earlier change left it."""
    head = first_said(data.head_commit for data in said)
    ref = (first_said(data.head_ref for data in said) or "").removeprefix("refs/heads/")
    holding = [move for move in every if move.branch == (change.repository, ref) and head in move.shas]
    if head is None or not holding:
        return None
    first = min(holding, key=lambda move: move.order)
    own = []
    for sha, move in lineage(every, first, head, over_gaps=False).steps:
        if move.branch != first.branch or sha in left.get(ref, []):
            break
        if not (move.is_bare and move.before is None):
            own.append(sha)
    left.setdefault(ref, []).append(head)
    return own[::-1]


def merged_between(every: Sequence[Change], previous: str | None, this: Change) -> tuple[list[Change], str]:
    """Changes merged to the same base after that of `previous` (None: all) up to `this`; `gap` if it is unknown."""
    line = [one for one in every if (one.repository, one.base) == (this.repository, this.base)]
    upto = line[: line.index(this) + 1]
    if previous is None:
        return upto, ""
    landed = [one.landed for one in line]
    if previous not in landed:
        return [this], "gap"
    return upto[landed.index(previous) + 1 :], ""
