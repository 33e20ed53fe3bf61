"""Velocity of a team and of the organisation: facts rolled up, and who answers for a period in which nothing happened.

Weeks of June 2026 begin on the 1st, 8th, 15th, 22nd and 29th.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.views.golden_rows import commit, golden
from tests.integration.views.warehouse_rows import Warehouse

FREQUENCY = "metric = 'deployment_frequency_per_day'"


def frequency(warehouse: Warehouse, view: str, where: str = "1") -> list[tuple[Any, ...]]:
    rows = warehouse.rows(
        f"SELECT period_start, numerator, value, null_reason FROM {view} WHERE {FREQUENCY} AND {where} ORDER BY ALL"
    )
    return [tuple(row.values()) for row in rows]


def test_a_team_that_lost_its_services_has_no_later_periods_and_its_heir_has_them(warehouse: Warehouse) -> None:
    golden(warehouse)
    warehouse.owner("pay", "core", "2026-06-11")
    assert frequency(warehouse, "velocity_teams_weekly", "team = 'payments'") == [
        (date(2026, 6, 1), 0, 0.0, ""),  # staging only
        (date(2026, 6, 8), 4, 4 / 7, ""),  # lost the service in this week
    ]
    assert frequency(warehouse, "velocity_teams_weekly", "team = 'core'") == [
        (date(2026, 6, 8), 1, 1 / 7, ""),
        (date(2026, 6, 15), 1, 1 / 7, ""),
        (date(2026, 6, 22), 0, 0.0, ""),
        (date(2026, 6, 29), 0, 0.0, ""),
    ]


def test_a_team_that_has_not_been_seen_to_deploy_has_no_frequency(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-15")
    warehouse.owner("new", "fresh", "2026-06-01")
    warehouse.facts("new", milestones=[{"milestone": "first_commit", "at": "2026-06-02"}])
    assert frequency(warehouse, "velocity_teams_weekly", "period_start = '2026-06-01'") == [
        (date(2026, 6, 1), None, None, "no_deployment_observed")
    ]


def test_a_service_that_nobody_owns_is_a_team_of_its_own(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-15")
    warehouse.facts("stray", releases=[{"release": "r1", "at": "2026-06-03", "finished_at": "2026-06-03"}])
    assert frequency(warehouse, "velocity_teams_monthly", "team = 'unknown'") == [(date(2026, 6, 1), 1, 1 / 15, "")]


def test_the_organisation_counts_each_commit_of_a_service_once(warehouse: Warehouse) -> None:
    golden(warehouse)
    month = "period_start = '2026-06-01'"
    assert frequency(warehouse, "velocity_organisation_monthly", month) == [(date(2026, 6, 1), 7, 7 / 30, "")]
    lead = f"SELECT n FROM velocity_organisation_monthly WHERE metric = 'change_lead_time_p50_seconds' AND {month}"
    assert warehouse.column(lead) == [24]
    # The same commit in a second service of a monorepo is a second lead time.
    deployed = "2026-06-10 11:05"
    warehouse.facts("cart", commits=[commit("D5-2026-06-11 08:00", "X1", "2026-06-10 08:05", deployed)])
    assert warehouse.column(lead) == [24]
    ranged = "velocity_organisation_range(from = '2026-06-01', to = '2026-07-01')"
    assert frequency(warehouse, ranged) == [(date(2026, 6, 1), 6, 0.2, "")]
    assert frequency(warehouse, "velocity_organisation_weekly", "period_start = '2026-06-22'") == [
        (date(2026, 6, 22), 0, 0.0, "")
    ]


def test_quarters_of_every_scope(warehouse: Warehouse) -> None:
    golden(warehouse)
    quarter = "period_start = '2026-04-01'"
    assert frequency(warehouse, "velocity_quarterly", f"{quarter} AND service = 'pay'")[0][1:3] == (6, 6 / 91)
    assert frequency(warehouse, "velocity_teams_quarterly", f"{quarter} AND team = 'payments'")[0][1:3] == (6, 6 / 91)
    assert frequency(warehouse, "velocity_organisation_quarterly", quarter)[0][1:3] == (7, 7 / 91)
