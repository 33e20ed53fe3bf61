"""The five measures of one service in a period [from, to), with the parts of every ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.oracle.commits import Credit
from tests.oracle.recovery import ALWAYS, World, known


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
    lead_times_without_bots: int
    lead_time_without_bots_us: dict[int, Fraction | None]
    squashes: int
    from_first_commit_us: dict[int, Fraction | None]
    recovered: int
    still_failed: int
    recovery_us: dict[int, Fraction | None]


def measures(
    found: World, credited: Sequence[Credit], start: datetime, end: datetime, until: datetime = ALWAYS
) -> Measures:
    """What happened from start (inclusive) to end (exclusive), at the instants that the dictionary names.

    What is later than `until` does not exist.
    """
    tried = [(r, known(r, found, until)) for r in found.made if start <= r.at < end and r.at <= until]
    failed = [(r, said) for r, said in tried if said.failure_reasons]
    forward = [said for _, said in tried if not said.is_rollback]
    counted = [c for c in credited if start <= c.at < end and c.at <= until and not c.not_counted]
    lead = [c.lead_time_us for c in counted if c.lead_time_us is not None]
    humans = [c.lead_time_us for c in counted if c.lead_time_us is not None and not c.is_bot]
    squashes = [c.first_commit_lead_time_us for c in counted if c.first_commit_lead_time_us is not None]
    recovery = [microseconds(said.recovered_at, r.at) for r, said in failed if said.recovered_at]
    return Measures(
        deployments=len([r for r, _ in tried if r.finished_at]),
        days=Fraction(microseconds(end, start), 86_400_000_000),
        attempts=len(tried),
        failed=len(failed),
        attempts_without_rollbacks=len(forward),
        failed_without_rollbacks=len([said for said in forward if said.failure_reasons]),
        rework=len([said for _, said in tried if said.rework_rule]),
        lead_times=len(lead),
        lead_time_us={p: percentile(lead, p) for p in (50, 75, 90)},
        lead_times_without_bots=len(humans),
        lead_time_without_bots_us={p: percentile(humans, p) for p in (50, 75, 90)},
        squashes=len(squashes),
        from_first_commit_us={p: percentile(squashes, p) for p in (50, 75, 90)},
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
