"""CI: runs as they stand at an instant, and what they say per period (METRICS 3), worked out by hand."""

from __future__ import annotations

from typing import Any

from tests.integration.views.warehouse_rows import Warehouse, at


def run(run_id: str, finished: str | None, outcome: str = "success", **more: Any) -> dict[str, Any]:
    """An attempt that finished then; None: it is still running since `told_at`."""
    row = {
        "source": "//github.com",
        "run_id": run_id,
        "attempt": 1,
        "name": "build",
        "repository": "github.com/acme/pay",
        "commit": "c1",
        "provider": "github",
        "system": "github.com",
        "outcome": outcome if finished else "",
        "finished_at": finished,
        "told_at": finished,
        "event": f"e{run_id}",
        **more,
    }
    return {**row, "at": finished or row["told_at"]}


def test_runs_have_the_owner_of_their_time(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "core", "2026-01-01")
    warehouse.owner("pay", "payments", "2026-06-10")
    warehouse.facts("pay", ci_runs=[run("1", "2026-06-09 12:00"), run("2", "2026-06-10 12:00", template="acme/ci")])
    rows = warehouse.rows("SELECT run_id, team, provider, system, template, outcome, at FROM ci_runs ORDER BY run_id")
    assert [tuple(row.values()) for row in rows] == [
        ("1", "core", "github", "github.com", "", "success", at("2026-06-09 12:00")),
        ("2", "payments", "github", "github.com", "acme/ci", "success", at("2026-06-10 12:00")),
    ]


def test_what_is_later_than_now_is_not_known_yet(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-10 12:05", pinned=True)
    times = {"queued_at": "2026-06-10 12:00", "told_at": "2026-06-10 12:00", "started_at": "2026-06-10 12:06"}
    warehouse.facts(
        "pay", ci_runs=[run("1", "2026-06-10 12:10", **times), run("2", "2026-06-10 12:10", told_at="2026-06-10 12:06")]
    )
    (row,) = warehouse.rows("SELECT run_id, outcome, queued_at, started_at, finished_at, at FROM ci_runs")
    assert tuple(row.values()) == ("1", "", at("2026-06-10 12:00"), None, None, at("2026-06-10 12:00"))


def measures(warehouse: Warehouse, sql: str) -> dict[str, tuple[Any, ...]]:
    rows = warehouse.rows(f"SELECT metric, numerator, denominator, value, null_reason, n FROM {sql}")
    return {row["metric"]: tuple(row.values())[1:] for row in rows}


def june(scope: str = "service") -> str:
    return f"ci(from = '2026-06-01', to = '2026-07-01', grain = 'range', scope = '{scope}')"


def test_cancelled_and_skipped_runs_are_none(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    outcomes = ("success", "failure", "success", "timed_out", "cancelled", "skipped", "neutral", "error", "success")
    warehouse.facts(
        "pay",
        ci_runs=[
            *(run(str(index), f"2026-06-0{index + 1} 10:00", outcome) for index, outcome in enumerate(outcomes)),
            run("running", None, told_at="2026-06-02 09:00"),
        ],
    )
    # 3 successes of success, failure, timed_out and error.
    assert measures(warehouse, june())["ci_success_ratio"] == (3, 6, 0.5, "", 6)


def test_durations_and_queue_times_are_interpolated(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.facts(
        "pay",
        ci_runs=[
            # ran 1, 4 and 10 minutes; queued 10 s, 20 s and nobody knows
            run("1", "2026-06-01 10:01", queued_at="2026-06-01 09:59:50", started_at="2026-06-01 10:00"),
            run("2", "2026-06-02 10:04", queued_at="2026-06-02 09:59:40", started_at="2026-06-02 10:00"),
            run("3", "2026-06-03 10:10", "failure", started_at="2026-06-03 10:00"),
            # started after it ended: a clock was wrong
            run("4", "2026-06-04 10:00", started_at="2026-06-04 10:01"),
            run("5", "2026-06-05 10:00", "cancelled", started_at="2026-06-05 09:00"),
        ],
    )
    found = measures(warehouse, june())
    assert found["ci_duration_p50_seconds"] == (None, None, 240.0, "", 3)
    assert found["ci_duration_p75_seconds"] == (None, None, 420.0, "", 3)  # halfway from 4 to 10 minutes
    assert found["ci_duration_p90_seconds"] == (None, None, 528.0, "", 3)  # 240 + 0.8 x 360
    assert found["ci_queue_time_p50_seconds"] == (None, None, 15.0, "", 2)
    assert found["ci_queue_time_p90_seconds"] == (None, None, 19.0, "", 2)


def test_flaky_is_what_failed_and_passed_on_a_re_run_on_the_same_commit(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-31")
    warehouse.facts(
        "pay",
        ci_runs=[
            # flaky: the second attempt of the same run passed
            run("1", "2026-06-01 10:00", "failure", commit="a"),
            run("1", "2026-06-01 11:00", commit="a", attempt=2),
            # flaky: another run of the same pipeline on the same commit passed, in the next month
            run("2", "2026-06-30 10:00", "timed_out", commit="b"),
            run("3", "2026-07-02 10:00", commit="b"),
            # not flaky: another pipeline passed
            run("4", "2026-06-03 10:00", "failure", commit="c"),
            run("5", "2026-06-03 10:05", commit="c", name="lint"),
            # not flaky: it passed first and was broken later
            run("6", "2026-06-04 10:00", commit="d"),
            run("7", "2026-06-04 11:00", "failure", commit="d"),
            # not flaky: the fix is another commit
            run("8", "2026-06-05 10:00", "failure", commit="e"),
            run("9", "2026-06-05 11:00", commit="f"),
            # no commit: not known what it ran on
            run("10", "2026-06-06 10:00", "failure", commit=""),
            # not flaky: of two runs side by side (a push and its change) one failed, the other was no re-run of it
            run("11", "2026-06-07 10:05", "failure", commit="g", queued_at="2026-06-07 10:00"),
            run("12", "2026-06-07 10:10", commit="g", queued_at="2026-06-07 10:01"),
            # flaky: begun as soon as the one before had ended
            run("13", "2026-06-08 10:05", "failure", commit="h", queued_at="2026-06-08 10:00"),
            run("14", "2026-06-08 10:10", commit="h", started_at="2026-06-08 10:05"),
            # flaky: a later attempt of the same run, which keeps the hour in which the run was made
            run("15", "2026-06-09 10:05", "failure", commit="i", queued_at="2026-06-09 10:00"),
            run("15", "2026-06-09 10:10", commit="i", attempt=2, queued_at="2026-06-09 10:00"),
        ],
    )
    # Pairs: build on each of a to i, and lint on c.
    assert measures(warehouse, june())["ci_flaky_ratio"] == (4, 10, 4 / 10, "", 10)
    july = warehouse.rows("SELECT metric, denominator, null_reason FROM ci_monthly WHERE period_start = '2026-07-01'")
    assert {row["metric"]: (row["denominator"], row["null_reason"]) for row in july}["ci_flaky_ratio"] == (0, "no_run")


def test_two_repositories_with_equal_run_ids_and_pipelines_are_told_apart(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.facts(
        "pay",
        ci_runs=[
            run("1", "2026-06-01 10:00", "failure", name=""),
            run("1", "2026-06-01 11:00", source="//gitlab.com", name=""),
        ],
    )
    assert measures(warehouse, june())["ci_success_ratio"] == (1, 2, 0.5, "", 2)
    assert measures(warehouse, june())["ci_flaky_ratio"] == (0, 2, 0.0, "", 2)


def test_a_period_without_runs_has_no_value_and_time_before_the_first_no_row(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-25")
    warehouse.facts("pay", ci_runs=[run("1", "2026-06-09 10:00", commit="", started_at=None)])
    rows = warehouse.rows(
        "SELECT toString(period_start) AS week, metric, is_partial, value, null_reason FROM ci_weekly"
        " WHERE metric IN ('ci_success_ratio', 'ci_duration_p50_seconds') ORDER BY week, metric DESC"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("2026-06-08", "ci_success_ratio", 0, 1.0, ""),
        ("2026-06-08", "ci_duration_p50_seconds", 0, None, "no_time"),
        ("2026-06-15", "ci_success_ratio", 0, None, "no_run"),
        ("2026-06-15", "ci_duration_p50_seconds", 0, None, "no_run"),
        ("2026-06-22", "ci_success_ratio", 1, None, "no_run"),
        ("2026-06-22", "ci_duration_p50_seconds", 1, None, "no_run"),
    ]


def test_a_service_that_moves_leaves_its_runs_with_the_old_team(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "core", "2026-01-01")
    warehouse.owner("pay", "payments", "2026-06-15")
    warehouse.facts("pay", ci_runs=[run("1", "2026-06-14 10:00", "failure"), run("2", "2026-06-15 10:00")])
    rows = warehouse.rows(
        f"SELECT team, numerator, denominator FROM {june('team')} WHERE metric = 'ci_success_ratio' ORDER BY team"
    )
    assert [tuple(row.values()) for row in rows] == [("core", 0, 1), ("payments", 1, 1)]
    ((team, runs),) = (tuple(row.values()) for row in warehouse.rows(
        f"SELECT team, n FROM {june()} WHERE metric = 'ci_success_ratio'"
    ))  # fmt: skip
    assert (team, runs) == ("payments", 2)
    assert measures(warehouse, june("organisation"))["ci_success_ratio"] == (1, 2, 0.5, "", 2)


def test_days_are_cut_in_the_tenants_zone_and_ranges_agree_with_grains(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-07-01")
    in_berlin.facts("pay", ci_runs=[run("1", "2026-06-14 21:59:59"), run("2", "2026-06-14 22:00", "failure")])
    days = "SELECT toString(period_start) AS day, value FROM ci_daily WHERE metric = 'ci_success_ratio' AND n > 0"
    assert [tuple(row.values()) for row in in_berlin.rows(f"{days} ORDER BY day")] == [
        ("2026-06-14", 1.0),
        ("2026-06-15", 0.0),
    ]
    for view in ("ci_daily", "ci_weekly", "ci_monthly", "ci_quarterly"):
        apart = in_berlin.rows(
            f"SELECT period_start, period_end FROM {view} WHERE n > 0 AND metric = 'ci_success_ratio'"
        )
        for cut in apart:
            one = f"ci_range(from = '{cut['period_start']}', to = '{cut['period_end']}')"
            same = f"{view} WHERE period_start = '{cut['period_start']}'"
            assert measures(in_berlin, one) == measures(in_berlin, same)
