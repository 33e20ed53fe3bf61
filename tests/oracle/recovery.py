"""When a failed release was recovered: the earliest of four kinds of recovery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tests.oracle.attempts import Attempt
from tests.oracle.incidents import Trouble
from tests.oracle.releases import Release

RULES = ("rollback", "fix", "incidents", "next_success")


def recover(made: Sequence[Release], production: Sequence[Attempt], every: Sequence[Trouble]) -> None:
    """Set `recovered_at`, `recovery` and `recovered_by` of failed releases."""
    for release in made:
        if not release.reasons:
            continue
        found = [
            *_rollbacks(release),
            *_fixes(release, made),
            *_resolutions(release, every),
            *_next_successes(release, production),
        ]
        if found:
            at, rank, by = min(found)
            # What was over before it was deployed took no time.
            release.recovered_at, release.recovery, release.recovered_by = max(at, release.at), RULES[rank], by


def _rollbacks(release: Release) -> list[tuple[datetime, int, str]]:
    return [(at, 0, by) for member in release.members for at, by in member.rolled_back]


def _fixes(release: Release, made: Sequence[Release]) -> list[tuple[datetime, int, str]]:
    """The next successful production deployment that is linked as fix of one of its incidents."""
    found = []
    for other in made:
        linked = {incident for member in other.members for incident in member.fixes}
        if other.finished_at and other.order > release.order and linked & set(release.incidents):
            found.append((other.finished_at, 1, other.name))
    return found


def _resolutions(release: Release, every: Sequence[Trouble]) -> list[tuple[datetime, int, str]]:
    """The latest resolution of its incidents, if none is open."""
    own = [one for one in every if one.release is release]
    ends = [(one.resolved_at, 2, one.incident_id) for one in own if one.resolved_at is not None]
    return [max(ends)] if ends and len(ends) == len(own) else []


def _next_successes(release: Release, production: Sequence[Attempt]) -> list[tuple[datetime, int, str]]:
    """For what ended in failure, the next success in the same place, linked or not; of several places the last."""
    found = []
    for member in release.members:
        if member.finished_at is not None:
            continue
        after = [
            (other.order, other.finished_at, other.deployment_id)
            for other in production
            if other.finished_at is not None and other.place == member.place and other.order > member.order
        ]
        if not after:
            return []
        found.append(min(after))
    return [(at, 3, by) for _, at, by in [max(found)]] if found else []
