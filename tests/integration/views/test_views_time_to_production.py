"""From a service's start to production: milestones, stages, censoring, Kaplan-Meier (METRICS 2), by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.views.golden_rows import golden
from tests.integration.views.warehouse_rows import Warehouse, at

DAY = 24 * 3600.0


def service(warehouse: Warehouse, name: str, started: str, days: float | None, **more: Any) -> None:
    """A service onboarded then, in production that many days later (None: not yet)."""
    warehouse.catalog("service", started, service=name, onboarded_at=f"{started}T00:00:00Z", **more)
    if days is not None:
        reached = (at(started) + timedelta(days=days)).isoformat(sep=" ").removesuffix("+00:00")
        warehouse.facts(name, milestones=[{"milestone": "first_production_deployment", "at": reached}])


def median(warehouse: Warehouse, cohort: str = "all") -> dict[str, Any]:
    (row,) = warehouse.rows(
        f"SELECT * FROM ttp_median WHERE start = 'onboarded' AND team = '' AND template = '' AND cohort = '{cohort}'"
    )
    return row


def test_the_golden_history_from_both_starts(warehouse: Warehouse) -> None:
    golden(warehouse)
    rows = warehouse.rows(
        "SELECT start, team, status, value_seconds, period_start FROM time_to_production WHERE service = 'pay'"
        " ORDER BY start DESC"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("onboarded", "payments", "done", 694_800.0, date(2026, 6, 1)),  # 8 d 1 h
        ("first_commit", "payments", "done", 604_800.0, date(2026, 6, 1)),  # 7 d
    ]


def test_milestones_in_their_order_from_catalog_delivery_and_gateway(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("service", "2026-06-01", service="pay", onboarded_at="2026-06-01T09:00:00Z", aliases=["pay-gw"])
    warehouse.catalog("consumer", "2026-06-01", consumer="probe", is_synthetic=True)
    warehouse.facts(
        "pay",
        milestones=[
            {"milestone": "first_production_deployment", "at": "2026-06-05", "event": "e5"},
            {"milestone": "first_commit", "at": "2026-06-02", "event": "e2"},
        ],
    )
    warehouse.traffic(
        "pay-gw",
        "2026-06-07 10:00",
        {"outcome": "error"},
        {"consumer": "probe"},
        {"is_synthetic": 1},
        {"consumer": "shop", "first_at": at("2026-06-07 10:30"), "last_at": at("2026-06-07 10:45")},
    )
    rows = warehouse.rows("SELECT position, milestone, at, origin, event FROM ttp_milestones ORDER BY position")
    assert [tuple(row.values()) for row in rows] == [
        (1, "onboarded", at("2026-06-01 09:00"), "catalog", ""),
        (2, "first_commit", at("2026-06-02"), "delivery", "e2"),
        (6, "first_production_deployment", at("2026-06-05"), "delivery", "e5"),
        (7, "first_production_traffic", at("2026-06-07 10:30"), "gateway", ""),
    ]


def test_a_stage_joins_neighbours_is_null_when_unobserved_and_flagged_when_negative(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("service", "2026-06-03", service="pay", onboarded_at="2026-06-03T00:00:00Z")
    warehouse.facts(
        "pay",
        milestones=[
            {"milestone": "first_commit", "at": "2026-06-02"},
            {"milestone": "first_ci_run", "at": "2026-06-02 12:00"},
            {"milestone": "first_production_deployment", "at": "2026-06-05"},
        ],
    )
    (row,) = warehouse.rows("SELECT * FROM time_to_production WHERE start = 'onboarded'")
    assert row["onboarded_to_first_commit_seconds"] == -DAY
    assert row["first_commit_to_first_ci_run_seconds"] == DAY / 2
    assert row["first_ci_run_to_first_ci_success_seconds"] is None
    assert row["first_nonprod_deployment_to_first_production_deployment_seconds"] is None
    assert (row["value_seconds"], row["is_out_of_order"]) == (2 * DAY, 1)


def test_open_archived_and_left_truncated(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-21")
    service(warehouse, "on-its-way", "2026-06-01", None)
    service(warehouse, "given-up", "2026-06-01", None, archived_at="2026-06-11T00:00:00Z")
    service(warehouse, "retired", "2026-06-01", 2, archived_at="2026-06-11T00:00:00Z")
    service(warehouse, "older-than-the-catalog", "2026-06-10", -5)
    rows = warehouse.rows(
        "SELECT service, status, is_open, value_seconds, elapsed_seconds / 86400, is_left_truncated"
        " FROM time_to_production WHERE start = 'onboarded' ORDER BY service"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("given-up", "archived", 1, None, 10.0, 0),
        ("older-than-the-catalog", "done", 0, -5 * DAY, -5.0, 1),
        ("on-its-way", "open", 1, None, 20.0, 0),
        ("retired", "done", 0, 2 * DAY, 2.0, 0),
    ]
    assert (median(warehouse)["n_done"], median(warehouse)["n_open"]) == (1, 2)


def test_services_on_their_way_lengthen_the_median_beside_the_naive_one(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-21")  # everything open is censored at 20 days
    for name, days in (("a", 2), ("b", 4), ("c", 6), ("d", None), ("e", None)):
        service(warehouse, name, "2026-06-01", days)
    row = median(warehouse)
    # After 2, 4 and 6 days 4/5, 3/5 and 2/5 are left.
    assert (row["value_seconds"], row["naive_seconds"]) == (6 * DAY, 4 * DAY)
    assert (row["n"], row["n_done"], row["n_open"], row["null_reason"]) == (5, 3, 2, "")
    curve = warehouse.rows(
        "SELECT time_seconds, at_risk, done, censored, survival FROM ttp_survival"
        " WHERE cohort = 'all' AND team = '' AND template = '' ORDER BY time_seconds"
    )
    assert [tuple(point.values()) for point in curve] == [
        (2 * DAY, 5, 1, 0, 0.8),
        (4 * DAY, 4, 1, 0, 0.6),
        (6 * DAY, 3, 1, 0, 0.4),
        (20 * DAY, 2, 0, 2, 0.4),
    ]


def test_a_median_that_is_not_reached_is_null(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-21")
    for name, days in (("a", 2), ("b", None), ("c", None)):
        service(warehouse, name, "2026-06-01", days)
    row = median(warehouse)
    assert (row["value_seconds"], row["null_reason"], row["naive_seconds"]) == (None, "not_reached", 2 * DAY)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([2, 4, 7, 9], 5.5),  # exactly half after 4 days; the next arrives on day 7
        ([2, 4, None, None], None),  # exactly half, and nobody arrives after that
        ([1, 2, 3, 10, None, None], 6.5),  # half of six after day 3, the next after 10
    ],
)
def test_where_exactly_half_are_left_it_is_the_middle_to_the_next_arrival(
    warehouse: Warehouse, days: list[float | None], expected: float | None
) -> None:
    warehouse.now("2026-06-21")
    for index, arrival in enumerate(days):
        service(warehouse, f"s{index}", "2026-06-01", arrival)
    assert median(warehouse)["value_seconds"] == (None if expected is None else expected * DAY)


def test_at_equal_times_arrivals_come_before_censorings(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-05")  # the open one is censored at 4 days, when another arrives
    for name, days in (("a", 4), ("b", None)):
        service(warehouse, name, "2026-06-01", days)
    (point,) = warehouse.rows(
        "SELECT at_risk, survival FROM ttp_survival WHERE cohort = 'all' AND team = '' AND template = ''"
    )
    assert tuple(point.values()) == (2, 0.5)


def test_cohorts_teams_and_golden_paths_stand_beside_the_whole(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-30")
    service(warehouse, "a", "2026-05-01", 3, template="python")
    service(warehouse, "b", "2026-06-01", 9)
    warehouse.owner("a", "core", "2026-05-01")
    rows = warehouse.rows(
        "SELECT team, template, cohort, value_seconds / 86400 FROM ttp_median WHERE start = 'onboarded'"
        " ORDER BY team, template, cohort"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("", "", "2026-05", 3.0),
        ("", "", "2026-06", 9.0),
        ("", "", "all", 6.0),
        ("", "python", "2026-05", 3.0),
        ("", "python", "all", 3.0),
        ("core", "", "all", 3.0),
        ("unknown", "", "all", 9.0),
    ]
