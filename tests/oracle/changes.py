"""Merged changes (pull or merge requests): their own commits, and which were merged between two deployments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.delivery import Merge
from schemas.envelope import Event
from tests.oracle.branches import Branch
from tests.oracle.history import first_said, repository


@dataclass
class Change:
    """A merged change."""

    repository: str
    number: int
    merge_commit: str
    merged_at: datetime
    is_squash: bool
    is_merge: bool
    is_fork: bool
    own: list[str] = field(default_factory=list)


def changes(events: Sequence[Event], every: Sequence[Branch]) -> list[Change]:
    """Merged changes in the order of (merged, number). Events are in order."""
    groups: dict[tuple[str, int], list[Event]] = {}
    for event in events:
        if isinstance(event.data, Merge):
            groups.setdefault((repository(event), event.data.number), []).append(event)
    made = [change for key, group in groups.items() if (change := _change(*key, group, every)) is not None]
    return sorted(made, key=lambda change: (change.merged_at, change.number))


def _change(name: str, number: int, events: list[Event], every: Sequence[Branch]) -> Change | None:
    said = [event.data for event in events if isinstance(event.data, Merge)]
    merges = [event for event in events if event.data.state == "merged"]  # type: ignore[union-attr]
    commit = first_said(data.merge_commit for data in said)
    if not merges or commit is None:
        return None
    head_repository = first_said(data.head_repository for data in said)
    is_fork = head_repository is not None and (head_repository.name or head_repository.id) != name
    commits = first_said(data.commits for data in said)
    head = (first_said(data.head_ref for data in said) or "").removeprefix("refs/heads/")
    if commits is not None:
        own = [one.sha for one in commits]
    elif is_fork:
        own = []
    else:
        own = [
            sha
            for branch in every
            if (branch.repository, branch.ref) == (name, head)
            for segment in branch.segments
            for sha in segment.shas
        ]
    method = first_said(data.method for data in said)
    return Change(
        repository=name,
        number=number,
        merge_commit=commit,
        merged_at=first_said(data.merged_at for data in said) or merges[0].time,
        is_squash=method == "squash",
        is_merge=method == "merge",
        is_fork=is_fork,
        own=[sha for sha in own if sha != commit],
    )


def merged_between(every: Sequence[Change], previous: str | None, this: str) -> tuple[list[Change], str] | None:
    """Changes merged after that of `previous` up to that of `this`; None where `this` is no change's merge commit."""
    last = [i for i, change in enumerate(every) if change.merge_commit == this]
    if not last:
        return None
    if previous is None:
        return list(every[: last[0] + 1]), ""
    first = [i for i, change in enumerate(every) if change.merge_commit == previous]
    if not first:
        return [every[last[0]]], "gap"
    return list(every[first[0] + 1 : last[0] + 1]), ""
