"""When a failed release was recovered: the earliest of four kinds; and what was known of it at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.oracle.attempts import Attempt
from tests.oracle.incidents import Trouble
from tests.oracle.releases import Release
from tests.oracle.rework import rework

RULES = ("rollback", "fix", "incidents", "next_success")
ALWAYS = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass
class World:
    """All that a verdict on a release depends on."""

    made: Sequence[Release]
    production: Sequence[Attempt]
    troubles: Sequence[Trouble]


@dataclass(frozen=True)
class Known:
    """What can be said of a release at an instant."""

    environments: tuple[str, ...]
    deployment_ids: tuple[str, ...]
    is_rollback: int
    failure_reasons: tuple[str, ...]
    rework_rule: str
    recovered_at: datetime | None
    recovery_rule: str
    recovered_by: str
    incidents: tuple[str, ...]


def known(release: Release, world: World, until: datetime = ALWAYS) -> Known:
    """What is later than `until` does not exist."""
    members = [one for one in release.members if one.at <= until]
    own = [one for one in world.troubles if one.release is release and one.began_at <= until]
    reasons = []
    if any(one.finished_at is None for one in members):
        reasons.append("ended_in_failure")
    if any(at <= until for one in release.members for at, _ in one.rolled_back):
        reasons.append("rolled_back")
    if own:
        reasons.append("incident")
    recovery = min(_recoveries(release, members, own, world, until), default=None) if reasons else None
    return Known(
        environments=tuple(sorted({one.environment for one in members})),
        deployment_ids=tuple(sorted({one.deployment_id for one in members})),
        is_rollback=int(any(one.is_rollback for one in members)),
        failure_reasons=tuple(reasons),
        rework_rule=rework(members, release.changes),
        # What was over before it was deployed took no time.
        recovered_at=None if recovery is None else max(recovery[0], release.at),
        recovery_rule="" if recovery is None else RULES[recovery[1]],
        recovered_by="" if recovery is None else recovery[2],
        incidents=tuple(sorted(one.incident_id for one in own)),
    )


def earlier(release: Release, world: World) -> list[tuple[datetime, Known]]:
    """Each verdict before the present one, and when another took its place."""
    instants = {one.at for one in world.production} | {other.began_at for other in world.troubles}
    instants |= {at for one in release.members for at, _ in one.rolled_back}
    instants |= {other.resolved_at for other in world.troubles if other.resolved_at is not None}
    found: list[tuple[datetime, Known]] = []
    held = known(release, world, release.at)
    for at in sorted(one for one in instants if one > release.at):
        now = known(release, world, at)
        if now != held:
            found.append((at, held))
            held = now
    return found


def _recoveries(
    release: Release, members: Sequence[Attempt], own: Sequence[Trouble], world: World, until: datetime
) -> list[tuple[datetime, int, str]]:
    found = [
        *((at, 0, by) for member in release.members for at, by in member.rolled_back),
        *_fixes(release, own, world.made),
        *_resolutions(own, until),
        *_next_successes(members, world.production, until),
    ]
    return [one for one in found if one[0] <= until]


def _fixes(release: Release, own: Sequence[Trouble], made: Sequence[Release]) -> list[tuple[datetime, int, str]]:
    """The next successful production deployment that is linked as fix of one of its incidents."""
    found = []
    for other in made:
        linked = {incident for member in other.members for incident in member.fixes}
        if other.finished_at and other.order > release.order and linked & {one.incident_id for one in own}:
            found.append((other.order, other.finished_at, other.name))
    return [(at, 1, by) for _, at, by in sorted(found)[:1]]


def _resolutions(own: Sequence[Trouble], until: datetime) -> list[tuple[datetime, int, str]]:
    """The latest resolution of its incidents, if none is open."""
    ends = [(one.resolved_at, 2, one.incident_id) for one in own if one.resolved_at and one.resolved_at <= until]
    return [max(ends)] if ends and len(ends) == len(own) else []


def _next_successes(
    members: Sequence[Attempt], production: Sequence[Attempt], until: datetime
) -> list[tuple[datetime, int, str]]:
    """For what ended in failure, the next success in its environment, linked or not; of several places the last.

    A success in another region leaves the failure where it is; what names no region is all of the environment.
    """
    found = []
    for member in members:
        if member.finished_at is not None:
            continue
        after = [
            (other.order, other.finished_at, other.deployment_id)
            for other in production
            if other.finished_at is not None
            and other.finished_at <= until
            and other.environment == member.environment
            and (other.region == member.region or not other.region or not member.region)
            and other.order > member.order
        ]
        if not after:
            return []
        found.append(min(after))
    return [(at, 3, by) for _, at, by in [max(found)]] if found else []
