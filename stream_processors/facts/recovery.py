"""Which releases failed and why, and when and by what each was recovered.

A release failed when it ended in failure, was rolled back, or has an incident. Recovery is the earliest of: the
rollback's success; the next success that is linked as a fix; the end of its incidents (the last of them, open while one
is); and, for what ended in failure, the next success on the same environment, linked or not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from stream_processors.facts.attempts import Deployed
from stream_processors.facts.releases import Group, Target
from stream_processors.facts.rollbacks import Rollbacks
from stream_processors.facts.rows import Episode


@dataclass(frozen=True, slots=True)
class Recovery:
    """When, by which rule (`rollback`, `fix`, `incidents`, `next_success`) and by what."""

    at: datetime
    rule: str
    by: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a release failed (empty: it did not), and its recovery (None while open)."""

    reasons: tuple[str, ...]
    recovery: Recovery | None


class Failures:
    """Judges releases; made once per service."""

    def __init__(
        self,
        groups: Iterable[Group],
        attempts: Iterable[Deployed],
        episodes: Iterable[Episode],
        rollbacks: Rollbacks,
    ) -> None:
        self._undone = rollbacks.undone
        self._first_episodes = {one.incident: one for one in episodes if one.episode == 0}
        self._fixes: defaultdict[str, list[Group]] = defaultdict(list)
        self._successes: defaultdict[Target, list[Deployed]] = defaultdict(list)
        for group in groups:
            if group.finished_at is not None:
                for incident in sorted({incident for one in group.attempts for incident in one.fixes}):
                    self._fixes[incident].append(group)
        for one in attempts:
            if one.status == "success":
                self._successes[one.target].append(one)

    def of(self, group: Group) -> Failure:
        """Whether and why the release failed, and its recovery."""
        undone = sorted(self._undone[one.key] for one in group.attempts if one.key in self._undone)
        ended = [one for one in group.attempts if one.status == "failure"]
        found: list[Recovery] = []
        if undone:
            found.append(Recovery(undone[0][0], "rollback", undone[0][1]))
        found += self._fix(group)
        found += self._resolution(group)
        found += self._next_success(ended)
        facts = {"ended_in_failure": ended, "rolled_back": undone, "incident": group.incidents}
        reasons = tuple(reason for reason, present in facts.items() if present)
        earliest = min(found, key=lambda one: one.at, default=None)  # of equal times the first rule
        if earliest is not None and earliest.at < group.at:
            earliest = Recovery(group.at, earliest.rule, earliest.by)  # over before it was deployed: at once
        return Failure(reasons, earliest if reasons else None)

    def _fix(self, group: Group) -> list[Recovery]:
        fixes = [
            fix for incident in group.incidents for fix in self._fixes.get(incident, ()) if fix.order > group.order
        ]
        first = min(fixes, key=lambda fix: fix.order, default=None)
        return [] if first is None else [Recovery(first.at, "fix", first.name)]

    def _resolution(self, group: Group) -> list[Recovery]:
        ends = [(self._first_episodes[one].resolved_at, one) for one in group.incidents]
        over = [(at, one) for at, one in ends if at is not None]
        if not ends or len(over) < len(ends):
            return []
        at, last = max(over)
        return [Recovery(at, "incidents", last)]

    def _next_success(self, ended: Sequence[Deployed]) -> list[Recovery]:
        """Of several environments that ended in failure the last to recover counts."""
        nexts: list[Deployed] = []
        for one in ended:
            successes = self._successes.get(one.target, [])
            after = bisect_right(successes, one.order, key=lambda success: success.order)
            if after == len(successes):
                return []
            nexts.append(successes[after])
        last = max(nexts, key=lambda success: success.order, default=None)
        return [] if last is None else [Recovery(last.at, "next_success", last.id)]
