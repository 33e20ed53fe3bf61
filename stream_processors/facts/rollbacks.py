"""Which deployments restored an earlier version, and which ones they rolled back; judged per environment.

Or which say that they are one. The sequence is that of successes. All after the last one of the restored version are
rolled back (v1, v2, v3, v1: v2 and v3); returning to what the deployment just before rolled back (v1, v2, v1, v2) is a
roll-forward, not a rollback.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from stream_processors.facts.attempts import Deployed, Key


@dataclass(slots=True)
class Rollbacks:
    """`restored`: attempts that are rollbacks; `undone`: rolled-back attempt -> (when, deployment that did it)."""

    restored: set[Key] = field(default_factory=set)
    undone: dict[Key, tuple[datetime, str]] = field(default_factory=dict)


def rollbacks(attempts: Iterable[Deployed]) -> Rollbacks:
    """Rollbacks among production attempts, given in order of time."""
    found = Rollbacks()
    sequences: defaultdict[tuple[str, str], list[Deployed]] = defaultdict(list)
    for attempt in attempts:
        if attempt.status == "success":
            sequences[attempt.target].append(attempt)
        elif attempt.says_rollback:  # it is one, though it ended in failure and undid nothing
            found.restored.add(attempt.key)
    for sequence in sequences.values():
        _walk(sequence, found)
        for attempt in sequence:
            if attempt.rolled_back_at is not None:
                own = (attempt.rolled_back_at, attempt.id)
                found.undone[attempt.key] = min(own, found.undone.get(attempt.key, own))
    return found


def _walk(sequence: list[Deployed], found: Rollbacks) -> None:
    last: dict[str, int] = {}  # content -> its latest position
    standing: list[int] = []  # positions not rolled back: each is undone at most once, so the walk is linear
    undone_after: int | None = None  # set by the deployment just before, if it was a rollback
    for position, attempt in enumerate(sequence):
        content = attempt.content
        restored = last.get(content) if content else None
        is_same = restored is not None and restored == position - 1
        is_forward = restored is not None and undone_after is not None and restored > undone_after
        if attempt.says_rollback or (restored is not None and not is_same and not is_forward):
            # An announced rollback to something never seen undoes the deployment just before it.
            undone_after = restored if restored is not None else position - 2
            found.restored.add(attempt.key)
            while standing and standing[-1] > undone_after:
                found.undone[sequence[standing.pop()].key] = (attempt.at, attempt.id)
        else:
            undone_after = None
        standing.append(position)
        if content:
            last[content] = position
