"""CI: "pipeline success rate, duration, queue time, flaky rate (same commit, failed then passed on re-run)"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from tests.oracle.ci_runs import Run
from tests.oracle.measures import percentile

NO_ATTEMPT = {"", "cancelled", "skipped", "neutral"}


@dataclass
class Pipelines:
    """Counts, and percentiles in microseconds, exact, None when there is nothing."""

    attempts: int
    succeeded: int
    pairs: int
    flaky: int
    timed: int
    duration_us: dict[int, Fraction | None]
    queued: int
    queue_us: dict[int, Fraction | None]


def pipelines(runs: Sequence[Run], start: datetime, end: datetime) -> Pipelines:
    """Of one service, what finished from start (inclusive) to end (exclusive).

    A (pipeline, commit) pair belongs to where its first attempt does; the re-run that passed may be later.
    """
    every = sorted(
        (run for run in runs if run.outcome not in NO_ATTEMPT), key=lambda run: (run.at, run.run_id, run.attempt)
    )
    ended = [run for run in every if start <= run.at < end]
    durations = [us(run.at - run.started_at) for run in ended if run.started_at]
    queues = [us(run.started_at - run.queued_at) for run in ended if run.started_at and run.queued_at]
    durations, queues = [one for one in durations if one >= 0], [one for one in queues if one >= 0]
    own = {pair(run) for run in every if run.commit}
    tried = [[run for run in every if run.commit and pair(run) == one] for one in own]
    begun = [runs for runs in tried if start <= runs[0].at < end]
    return Pipelines(
        attempts=len(ended),
        succeeded=len([run for run in ended if run.outcome == "success"]),
        pairs=len(begun),
        flaky=len([runs for runs in begun if has_passed_on_a_re_run(runs)]),
        timed=len(durations),
        duration_us={p: percentile(durations, p) for p in (50, 75, 90)},
        queued=len(queues),
        queue_us={p: percentile(queues, p) for p in (50, 75, 90)},
    )


def pair(run: Run) -> tuple[str, ...]:
    """The same pipeline on the same commit; a pipeline without a name is told by its run."""
    return run.source, run.repository, run.name or run.run_id, run.commit


def has_passed_on_a_re_run(runs: Sequence[Run]) -> bool:
    """Of one pipeline on one commit: some attempt failed, and one that was made because of it, or could be, passed."""
    failed = [run for run in runs if run.outcome != "success"]
    passed = [run for run in runs if run.outcome == "success"]
    return any(is_re_run(later, earlier) for earlier in failed for later in passed)


def is_re_run(later: Run, earlier: Run) -> bool:
    """A later attempt of the same run, or one that began once the earlier had ended."""
    began = later.queued_at or later.started_at or later.at
    return (later.run_id == earlier.run_id and later.attempt > earlier.attempt) or began >= earlier.at


def us(duration: timedelta) -> int:
    """Microseconds."""
    return duration // timedelta(microseconds=1)
