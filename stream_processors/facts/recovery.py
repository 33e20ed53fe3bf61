"""Which releases failed and why, and when and by what each was recovered.

A release failed when it ended in failure, was rolled back, or has an incident. Recovery is the earliest of: the
rollback's success; the next success that is linked as a fix; the end of its incidents (the last of them, open while one
is); and, for what ended in failure, the next success on the same environment, linked or not. Regions are told apart
where both name one: what failed in one region is not recovered by another. All of it as known at an instant: what comes
after it is not there yet.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.base import LATEST
from stream_processors.facts.attempts import Deployed
from stream_processors.facts.releases import Group
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
        self._successes: defaultdict[tuple[str, str | None], list[Deployed]] = defaultdict(list)
        for group in groups:
            if group.finished_at is not None:
                for incident in sorted({incident for one in group.attempts for incident in one.fixes}):
                    self._fixes[incident].append(group)
        for one in attempts:
            if one.status == "success":
                self._successes[one.target].append(one)
                self._successes[one.target[0], None].append(one)

    def of(self, group: Group, until: datetime = LATEST) -> Failure:
        """Whether and why the release failed, and its recovery, as known then."""
        undone = [undo for undo in self._undoings(group) if undo[0] <= until]
        ended = [one for one in group.attempts if one.status == "failure" and one.at <= until]
        incidents = self.begun(group, until)
        found: list[Recovery] = []
        if undone:
            found.append(Recovery(undone[0][0], "rollback", undone[0][1]))
        found += self._fix(group, incidents, until)
        found += self._resolution(incidents, until)
        found += self._next_success(ended, until)
        facts = {"ended_in_failure": ended, "rolled_back": undone, "incident": incidents}
        reasons = tuple(reason for reason, present in facts.items() if present)
        earliest = min(found, key=lambda one: one.at, default=None)  # of equal times the first rule
        if earliest is not None and earliest.at < group.at:
            earliest = Recovery(group.at, earliest.rule, earliest.by)  # over before it was deployed: at once
        return Failure(reasons, earliest if reasons else None)

    def instants(self, group: Group) -> list[datetime]:
        """When something happened, after the release, that may change what is to be said of it; in order."""
        found = {one.at for one in group.attempts} | {at for at, _ in self._undoings(group)}
        for incident in self.begun(group, LATEST):
            found |= {incident.at, incident.resolved_at or incident.at}
            found |= {fix.at for fix in self._fixes.get(incident.incident, ())}
        nexts = [self._next(one) for one in group.attempts if one.status == "failure"]
        found |= {success.at for success in nexts if success is not None}
        return sorted(at for at in found if at > group.at)

    def begun(self, group: Group, until: datetime) -> list[Episode]:
        """First episodes of the release's incidents that had begun by then."""
        episodes = [self._first_episodes[one] for one in group.incidents]
        return [one for one in episodes if one.at <= until]

    def _undoings(self, group: Group) -> list[tuple[datetime, str]]:
        return sorted(self._undone[one.key] for one in group.attempts if one.key in self._undone)

    def _fix(self, group: Group, incidents: Iterable[Episode], until: datetime) -> list[Recovery]:
        fixes = [
            fix
            for incident in incidents
            for fix in self._fixes.get(incident.incident, ())
            if fix.order > group.order and fix.at <= until
        ]
        first = min(fixes, key=lambda fix: fix.order, default=None)
        return [] if first is None else [Recovery(first.at, "fix", first.name)]

    def _resolution(self, incidents: Sequence[Episode], until: datetime) -> list[Recovery]:
        over = [
            (one.resolved_at, one.incident)
            for one in incidents
            if one.resolved_at is not None and one.resolved_at <= until
        ]
        if not over or len(over) < len(incidents):
            return []
        at, last = max(over)
        return [Recovery(at, "incidents", last)]

    def _next_success(self, ended: Iterable[Deployed], until: datetime) -> list[Recovery]:
        """Of several environments that ended in failure the last to recover counts."""
        nexts: list[Deployed] = []
        for one in ended:
            success = self._next(one)
            if success is None or success.at > until:
                return []
            nexts.append(success)
        last = max(nexts, key=lambda success: success.order, default=None)
        return [] if last is None else [Recovery(last.at, "next_success", last.id)]

    def _next(self, ended: Deployed) -> Deployed | None:
        """The next success in its region, or in no region that is named."""
        environment, region = ended.target
        found: list[Deployed] = []
        for where in {region, ""} if region else {None}:
            successes = self._successes.get((environment, where), [])
            after = bisect_right(successes, ended.order, key=lambda success: success.order)
            found += successes[after : after + 1]
        return min(found, key=lambda success: success.order, default=None)
