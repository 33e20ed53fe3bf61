"""The five measures of one service in a period [from, to), with the parts of every ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.oracle.commits import Credit
from tests.oracle.releases import Release


@dataclass
class Measures:
    """Counts, numerators and denominators; percentiles in microseconds, exact, None when there is nothing."""

    deployments: int
    days: Fraction
    attempts: int
    failed: int
    attempts_without_rollbacks: int
    failed_without_rollbacks: int
    rework: int
    lead_times: int
    lead_time_us: dict[int, Fraction | None]
    recovered: int
    still_failed: int
    recovery_us: dict[int, Fraction | None]


def measures(made: Sequence[Release], credited: Sequence[Credit], start: datetime, end: datetime) -> Measures:
    """What happened from start (inclusive) to end (exclusive), at the instants that the dictionary names."""
    tried = [r for r in made if start <= r.at < end]
    failed = [r for r in tried if r.reasons]
    forward = [r for r in tried if not r.is_rollback]
    lead = [c.lead_time_us for c in credited if start <= c.at < end and c.lead_time_us is not None]
    recovery = [microseconds(r.recovered_at, r.failed_at) for r in failed if r.recovered_at and r.failed_at]
    return Measures(
        deployments=len([r for r in made if r.finished_at and start <= r.finished_at < end]),
        days=Fraction(microseconds(end, start), 86_400_000_000),
        attempts=len(tried),
        failed=len(failed),
        attempts_without_rollbacks=len(forward),
        failed_without_rollbacks=len([r for r in forward if r.reasons]),
        rework=len([r for r in tried if r.rework]),
        lead_times=len(lead),
        lead_time_us={p: percentile(lead, p) for p in (50, 75, 90)},
        recovered=len(recovery),
        still_failed=len(failed) - len(recovery),
        recovery_us={p: percentile(recovery, p) for p in (50, 75, 90)},
    )


def microseconds(later: datetime, earlier: datetime) -> int:
    """later - earlier, exactly."""
    gone = later - earlier
    return (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds


def percentile(values: Sequence[int], p: int) -> Fraction | None:
    """R-7: rank p/100 * (n - 1), interpolated between its neighbours; nothing of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    rank = Fraction(p * (len(ordered) - 1), 100)
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (rank - below) * (ordered[above] - ordered[below])
