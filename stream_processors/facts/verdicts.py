"""What is said of a release, now and at every earlier instant: an `as_of` in the past knows no later incident.

Rollbacks, incidents, recoveries and further regions come after the release that they change. Its present verdict is
kept in its row, the earlier ones beside it with the instant until which each held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from schemas.base import LATEST
from stream_processors.facts.attempts import Key
from stream_processors.facts.changes import Change
from stream_processors.facts.config import FactsConfig
from stream_processors.facts.recovery import Failure, Failures
from stream_processors.facts.releases import Group
from stream_processors.facts.rework import rework_rule
from stream_processors.facts.rows import Earlier


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of a release at one instant."""

    environments: tuple[str, ...]
    deployment_ids: tuple[str, ...]
    is_rollback: int
    failure: Failure
    rework_rule: str
    incidents: tuple[str, ...]


class Judge:
    """Judges the releases of one service; `changes`: release -> changes that it brought."""

    def __init__(
        self,
        failures: Failures,
        restored: AbstractSet[Key],
        changes: Mapping[str, Sequence[Change]],
        config: FactsConfig,
    ) -> None:
        self._failures, self._restored, self._changes, self._config = failures, restored, changes, config

    def of(self, group: Group, until: datetime = LATEST) -> Verdict:
        """The verdict as of an instant that is not before the release."""
        known = group.known_at(until)
        return Verdict(
            environments=tuple(sorted({one.key[0] for one in known.attempts})),
            deployment_ids=tuple(sorted({one.id for one in known.attempts})),
            is_rollback=int(any(one.key in self._restored for one in known.attempts)),
            failure=self._failures.of(group, until),
            rework_rule=rework_rule(known, self._restored, self._config, self._changes.get(group.name, ())),
            incidents=tuple(sorted(one.incident for one in self._failures.begun(group, until))),
        )

    def before(self, group: Group) -> tuple[Earlier, ...]:
        """The verdicts before the present one, in order."""
        instants = self._failures.instants(group)
        if not instants:
            return ()  # nothing came later, as after most releases
        found: list[Earlier] = []
        held = self.of(group, group.at)
        for at in instants:
            now = self.of(group, at)
            if now != held:
                found.append(_earlier(held, at))
                held = now
        return tuple(found)


def _earlier(held: Verdict, until: datetime) -> Earlier:
    recovery = held.failure.recovery
    return Earlier(
        until=until,
        environments=held.environments,
        deployment_ids=held.deployment_ids,
        is_rollback=held.is_rollback,
        failure_reasons=held.failure.reasons,
        rework_rule=held.rework_rule,
        recovered_at=None if recovery is None else recovery.at,
        recovery_rule="" if recovery is None else recovery.rule,
        recovered_by="" if recovery is None else recovery.by,
        incidents=held.incidents,
    )
