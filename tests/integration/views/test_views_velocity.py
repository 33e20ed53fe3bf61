"""The five measures of change velocity out of facts (METRICS 3), numbers worked out by hand.

Weeks of June 2026 begin on the 1st, 8th, 15th, 22nd and 29th.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.views.golden_rows import commit, golden
from tests.integration.views.warehouse_rows import Warehouse

JUNE = "velocity_range(from = '2026-06-01', to = '2026-07-01')"


def measures(warehouse: Warehouse, source: str, where: str = "1") -> dict[str, dict[str, Any]]:
    rows = warehouse.rows(f"SELECT * FROM {source} WHERE {where}")
    found = {row["metric"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def values(rows: dict[str, dict[str, Any]], column: str = "value") -> dict[str, Any]:
    return {metric: row[column] for metric, row in rows.items()}


def release(name: str, time: str, **more: Any) -> dict[str, Any]:
    return {"release": name, "at": time, "finished_at": time, **more}


def failed(name: str, time: str, recovered: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "release": name,
        "at": time,
        "finished_at": time,
        "is_failed": 1,
        "failed_at": time,
        "recovered_at": recovered,
        **more,
    }


def test_the_golden_history_of_pay(warehouse: Warehouse) -> None:
    golden(warehouse)
    rows = measures(warehouse, JUNE, "service = 'pay'")
    assert {(row["team"], row["period_start"], row["period_end"], row["is_partial"]) for row in rows.values()} == {
        ("payments", date(2026, 6, 1), date(2026, 7, 1), 0)
    }
    frequency = rows["deployment_frequency_per_day"]
    assert (frequency["numerator"], frequency["denominator"], frequency["value"]) == (6, 30, 0.2)
    lead = rows["change_lead_time_p50_seconds"]
    assert (lead["value"], lead["n"]) == (38 * 3600, 23)
    fail = rows["change_fail_ratio"]
    assert (fail["numerator"], fail["denominator"], fail["value"], fail["shown"]) == (1, 6, 1 / 6, 1 / 6)
    fail = rows["change_fail_without_rollbacks_ratio"]
    assert (fail["numerator"], fail["denominator"], fail["value"]) == (1, 5, 0.2)
    rework = rows["deployment_rework_ratio"]
    assert (rework["numerator"], rework["denominator"], rework["value"]) == (2, 6, 2 / 6)
    recovery = rows["failed_deployment_recovery_time_p50_seconds"]
    assert (recovery["value"], recovery["n"], recovery["n_open"]) == (3600, 1, 0)


def test_the_golden_history_of_cart_has_no_failure_and_too_few_deployments_to_show_a_rate(warehouse: Warehouse) -> None:
    golden(warehouse)
    rows = measures(warehouse, JUNE, "service = 'cart'")
    fail = rows["change_fail_ratio"]
    assert (fail["numerator"], fail["denominator"], fail["value"]) == (0, 1, 0.0)
    assert (fail["shown"], fail["null_reason"]) == (None, "below_n_min")
    recovery = rows["failed_deployment_recovery_time_p50_seconds"]
    assert (recovery["value"], recovery["null_reason"]) == (None, "no_failure")
    assert rows["deployment_frequency_per_day"]["numerator"] == 1


def test_weeks_and_months(warehouse: Warehouse) -> None:
    golden(warehouse)
    weekly = warehouse.rows(
        "SELECT period_start, numerator, value FROM velocity_weekly"
        " WHERE service = 'pay' AND metric = 'deployment_frequency_per_day' ORDER BY period_start"
    )
    assert [tuple(row.values()) for row in weekly] == [
        (date(2026, 6, 1), 0, 0.0),  # deployed to staging only: observed, so zero
        (date(2026, 6, 8), 5, 5 / 7),
        (date(2026, 6, 15), 1, 1 / 7),
        (date(2026, 6, 22), 0, 0.0),
        (date(2026, 6, 29), 0, 0.0),
    ]
    month = measures(warehouse, "velocity_monthly", "service = 'pay' AND period_start = '2026-06-01'")
    assert values(month) == values(measures(warehouse, JUNE, "service = 'pay'"))
    daily = measures(warehouse, "velocity_daily", "service = 'pay' AND period_start = '2026-06-10'")
    assert daily["deployment_frequency_per_day"]["value"] == 3.0


def test_percentiles_are_interpolated_and_exact_over_the_range_not_made_of_weekly_ones(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.facts(
        "pay",
        releases=[release("r1", "2026-06-03"), release("r2", "2026-06-10")],
        commits=[
            {"sha": "a", "at": "2026-06-03", "lead_time_us": 1_000_000},
            {"sha": "b", "at": "2026-06-10", "lead_time_us": 100_000_000},
        ],
    )
    rows = values(measures(warehouse, JUNE))
    assert rows["change_lead_time_p50_seconds"] == 50.5
    assert rows["change_lead_time_p75_seconds"] == 75.25
    assert rows["change_lead_time_p90_seconds"] == 90.1


def test_what_is_not_counted_bots_and_the_first_commit_of_a_squash(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    deployed = "2026-06-10 12:00"
    warehouse.facts(
        "pay",
        releases=[release("r1", deployed)],
        commits=[
            commit("a", "r1", "2026-06-10 11:00", deployed),
            commit("b", "r1", "2026-06-10 09:00", deployed, is_bot=1),
            {"sha": "c", "at": deployed, "not_counted": "clock_skew", "lead_time_us": None},
            commit("d", "r1", "2026-06-10 07:00", deployed, is_squash=1, first_commit_lead_time_us=24 * 3_600_000_000),
        ],
    )
    rows = measures(warehouse, JUNE)
    assert (rows["change_lead_time_p50_seconds"]["value"], rows["change_lead_time_p50_seconds"]["n"]) == (3 * 3600, 3)
    assert rows["change_lead_time_without_bots_p50_seconds"]["value"] == 3 * 3600  # 1 h and 5 h
    assert rows["change_lead_time_from_first_commit_p50_seconds"]["value"] == 24 * 3600


def test_failed_and_successful_attempts_are_the_denominator_only_successes_are_frequency(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    ended_in_failure = {"release": "r0", "at": "2026-06-09", "is_failed": 1, "failed_at": "2026-06-09"}
    warehouse.facts("pay", releases=[ended_in_failure, release("r1", "2026-06-10")])
    rows = measures(warehouse, JUNE)
    assert rows["deployment_frequency_per_day"]["numerator"] == 1
    assert (rows["change_fail_ratio"]["numerator"], rows["change_fail_ratio"]["denominator"]) == (1, 2)


def test_open_failures_are_counted_as_open_and_a_later_recovery_does_not_exist_yet(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-15")
    warehouse.facts(
        "pay",
        releases=[
            failed("r1", "2026-06-10 10:00", "2026-06-10 12:00"),
            failed("r2", "2026-06-11 10:00"),
            failed("r3", "2026-06-12 10:00", "2026-06-20 10:00"),
        ],
    )
    recovery = measures(warehouse, JUNE)["failed_deployment_recovery_time_p50_seconds"]
    assert (recovery["value"], recovery["n"], recovery["n_open"]) == (7200, 1, 2)
    warehouse.facts("pay", releases=[failed("r2", "2026-06-11 10:00")])
    recovery = measures(warehouse, JUNE)["failed_deployment_recovery_time_p50_seconds"]
    assert (recovery["value"], recovery["n_open"], recovery["null_reason"]) == (None, 1, "all_open")


def test_a_period_without_attempts_has_no_rate_and_one_before_any_deployment_no_frequency(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-25")
    warehouse.facts(
        "pay",
        milestones=[{"milestone": "first_commit", "at": "2026-06-02"}],
        releases=[release("r1", "2026-06-10")],
        attempts=[{"deployment_id": "r1", "at": "2026-06-10"}],
    )
    reasons = {
        (row["period_start"], row["metric"]): (row["value"], row["null_reason"])
        for row in warehouse.rows("SELECT period_start, metric, value, null_reason FROM velocity_weekly")
    }
    first, idle = date(2026, 6, 1), date(2026, 6, 15)
    assert reasons[first, "deployment_frequency_per_day"] == (None, "no_deployment_observed")
    assert reasons[idle, "deployment_frequency_per_day"] == (0.0, "")
    assert reasons[idle, "change_fail_ratio"] == (None, "no_attempt")
    assert reasons[idle, "change_lead_time_p50_seconds"] == (None, "no_commit")


def test_the_running_period_is_flagged_and_divides_by_its_days_begun(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-17 06:00")  # a Wednesday
    warehouse.facts("pay", releases=[release("r1", "2026-06-15 10:00"), release("r2", "2026-06-16 10:00")])
    row = measures(warehouse, "velocity_weekly", "period_start = '2026-06-15'")["deployment_frequency_per_day"]
    assert (row["is_partial"], row["numerator"], row["denominator"], row["value"]) == (1, 2, 3, 2 / 3)
    row = measures(warehouse, JUNE)["deployment_frequency_per_day"]
    assert (row["is_partial"], row["denominator"]) == (1, 17)


def test_days_are_the_tenants(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-07-01")
    in_berlin.facts("pay", releases=[release("r1", "2026-06-07 21:30"), release("r2", "2026-06-07 22:30")])
    rows = in_berlin.rows(
        "SELECT period_start, numerator FROM velocity_weekly WHERE metric = 'deployment_frequency_per_day'"
        " AND period_start < '2026-06-15' ORDER BY period_start"
    )
    assert [row["numerator"] for row in rows] == [1, 1]
    week = "velocity_range(from = '2026-06-08', to = '2026-06-15')"
    assert measures(in_berlin, week)["deployment_frequency_per_day"]["numerator"] == 1


def test_the_first_hours_of_a_month_in_utc_are_of_the_month_before_west_of_it(in_new_york: Warehouse) -> None:
    in_new_york.now("2026-06-20")
    in_new_york.facts("pay", releases=[release("r1", "2026-06-01 02:00")])  # 22:00 on 31 May
    frequency = "metric = 'deployment_frequency_per_day' ORDER BY period_start"
    rows = in_new_york.rows(f"SELECT period_start, numerator FROM velocity_monthly WHERE {frequency}")
    assert [tuple(row.values()) for row in rows] == [(date(2026, 5, 1), 1), (date(2026, 6, 1), 0)]
    rows = in_new_york.rows(f"SELECT period_start, numerator FROM velocity_daily WHERE {frequency} LIMIT 1")
    assert [tuple(row.values()) for row in rows] == [(date(2026, 5, 31), 1)]


def test_a_team_rolls_up_the_facts_of_the_services_it_owned_then(warehouse: Warehouse) -> None:
    golden(warehouse)
    warehouse.owner("pay", "core", "2026-06-11")
    source = "velocity_teams_range(from = '2026-06-01', to = '2026-07-01')"
    assert measures(warehouse, source, "team = 'payments'")["deployment_frequency_per_day"]["numerator"] == 4
    core = measures(warehouse, source, "team = 'core'")
    assert core["deployment_frequency_per_day"]["numerator"] == 2
    # D5 took 2 h; D6 48, 38, 28 and 18 h
    assert core["change_lead_time_p50_seconds"]["value"] == 28 * 3600
    weekly = measures(warehouse, "velocity_teams_weekly", "team = 'core' AND period_start = '2026-06-15'")
    assert weekly["deployment_frequency_per_day"]["numerator"] == 1
    monthly = measures(warehouse, "velocity_teams_monthly", "team = 'core' AND period_start = '2026-06-01'")
    assert values(monthly) == values(core)
    daily = measures(warehouse, "velocity_teams_daily", "team = 'core' AND period_start = '2026-06-20'")
    assert daily["deployment_frequency_per_day"]["value"] == 1.0
    # The service's own rows keep its whole history, under the name of its last owner.
    service = measures(warehouse, JUNE, "service = 'pay'")["deployment_frequency_per_day"]
    assert (service["team"], service["numerator"]) == ("core", 6)


def test_an_archived_service_has_no_later_periods(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-25")
    warehouse.catalog("service", "2026-06-01", service="old", archived_at="2026-06-12T00:00:00Z")
    warehouse.facts("old", releases=[release("r1", "2026-06-03")])
    assert warehouse.column("SELECT DISTINCT period_start FROM velocity_weekly ORDER BY period_start") == [
        date(2026, 6, 1),
        date(2026, 6, 8),
    ]


def test_a_fact_that_no_longer_holds_vanishes_with_the_head(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.facts("pay", releases=[release("r1", "2026-06-03"), release("r2", "2026-05-03")])
    warehouse.facts("pay", releases=[release("r1", "2026-06-03")])
    assert warehouse.column("SELECT release FROM deployments") == ["r1"]


def test_base_views_carry_the_owner_of_their_time(warehouse: Warehouse) -> None:
    golden(warehouse)
    assert warehouse.column("SELECT DISTINCT team FROM commits ORDER BY team") == ["checkout", "payments"]
    assert warehouse.rows("SELECT team, incident, release FROM incidents") == [
        {"team": "payments", "incident": "7", "release": "D3"}
    ]
    assert warehouse.column("SELECT count() FROM attempts WHERE tier = 'production' AND team = 'payments'") == [6]
