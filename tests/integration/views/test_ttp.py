"""Time to production: observation, teams, stages, cohorts, first traffic (METRICS 2), worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.views.warehouse_rows import Warehouse, at

HOUR, DAY = 3600.0, 24 * 3600.0


def reached(warehouse: Warehouse, name: str, onboarded: str | None, *, more: Any = (), **milestones: str) -> None:
    """A service onboarded then, with milestones at their times; `source` of all of them: //github.com."""
    if onboarded:
        warehouse.catalog("service", onboarded, service=name, onboarded_at=f"{onboarded}T00:00:00Z", **dict(more))
    if milestones:
        rows = [{"milestone": one, "at": time, "source": "//github.com"} for one, time in milestones.items()]
        warehouse.facts(name, milestones=rows)


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in warehouse.rows(sql)]


def test_of_contradicting_onboarding_dates_the_earliest_said_stands(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("service", "2026-06-05", service="pay", onboarded_at="2026-06-03T00:00:00Z")
    warehouse.catalog("service", "2026-06-02", service="pay", onboarded_at="2026-06-02T00:00:00Z")
    warehouse.catalog("service", "2026-06-09", service="pay", onboarded_at="2026-05-01T00:00:00Z")
    assert warehouse.column("SELECT onboarded_at FROM catalog_services") == [at("2026-06-02")]


@pytest.mark.parametrize(
    ("environment", "is_production"),
    [("", 1), ("production", 1), ("prod-eu", 1), ("canary", 1), ("Staging", 0), ("qa-2", 0), ("prod-test", 1)],
)
def test_traffic_to_an_environment_that_is_named_nonprod_is_no_production_traffic(
    warehouse: Warehouse, environment: str, is_production: int
) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("service", "2026-06-01", service="pay")
    warehouse.traffic("pay", "2026-06-07 10:00", {"environment": environment})
    found = rows(warehouse, "SELECT milestone, at FROM ttp_milestones")
    assert found == [("first_production_traffic", at("2026-06-07 10:00"))] * is_production


def test_a_service_begun_before_its_source_was_observed_is_outside_cohorts(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("observation", "2026-06-01", source="//github.com", observed_since="2026-05-01T00:00:00Z")
    warehouse.catalog("observation", "2026-06-01", source="*", observed_since="2026-03-01T00:00:00Z")
    reached(warehouse, "before", "2026-04-30", first_production_deployment="2026-05-03")
    reached(warehouse, "after", "2026-05-01", first_production_deployment="2026-05-04")
    reached(warehouse, "silent", "2026-03-02")  # no event: seen since the earliest
    reached(warehouse, "silent-and-old", "2026-02-27")
    warehouse.catalog("service", "2026-03-02", service="elsewhere", onboarded_at="2026-03-02T00:00:00Z")
    warehouse.facts("elsewhere", milestones=[{"milestone": "first_ci_run", "at": "2026-03-03", "source": "//ci"}])
    found = rows(
        warehouse,
        "SELECT service, truncation_rule, observed_since FROM time_to_production WHERE is_headline ORDER BY 1",
    )
    assert found == [
        ("after", "", at("2026-05-01")),
        ("before", "begun_before_observation", at("2026-05-01")),
        ("elsewhere", "", at("2026-03-01")),
        ("silent", "", at("2026-03-01")),
        ("silent-and-old", "begun_before_observation", at("2026-03-01")),
    ]
    assert warehouse.column("SELECT n FROM ttp_median WHERE is_headline AND cohort = 'all' AND team = ''") == [3]


def test_a_backfill_moves_the_beginning_of_observation_back_and_a_removal_takes_it_away(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    reached(warehouse, "pay", "2026-04-30", first_production_deployment="2026-05-03")
    truncated = "SELECT is_left_truncated FROM time_to_production"
    assert warehouse.column(truncated) == [0]
    warehouse.catalog("observation", "2026-06-01", source="//github.com", observed_since="2026-05-01T00:00:00Z")
    assert warehouse.column(truncated) == [1]
    warehouse.catalog("observation", "2026-06-10", source="//github.com", observed_since="2026-01-01T00:00:00Z")
    assert warehouse.column(truncated) == [0]
    said_again = {"source": "//github.com", "observed_since": "2026-05-01T00:00:00Z"}
    warehouse.catalog("observation", "2026-06-11", **said_again)
    warehouse.catalog("observation", "2026-06-12", **said_again, removed=True)
    assert warehouse.column(truncated) == [0]


def test_a_teams_first_and_second_service_and_its_own_start(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("team", "2026-05-01", team="core", created_at="2026-05-01T00:00:00Z")
    warehouse.catalog("team", "2026-06-01", team="new", created_at="2026-06-01T00:00:00Z")
    warehouse.catalog("team", "2026-06-01", team="undated")
    for name, start, production in (
        ("a", "2026-05-02", "2026-05-22"),
        ("b", "2026-06-02", "2026-06-07"),
        ("c", "2026-06-20", None),
    ):
        reached(warehouse, name, start, **({"first_production_deployment": production} if production else {}))
        warehouse.owner(name, "core", start)
    reached(warehouse, "nobody's", "2026-06-20")
    columns = "SELECT team, start, nth, service, status, value_seconds / 86400, elapsed_seconds / 86400"
    assert rows(warehouse, f"{columns} FROM ttp_teams ORDER BY team, start, nth") == [
        ("core", "onboarded", 1, "a", "done", 20.0, 20.0),
        ("core", "onboarded", 2, "b", "done", 5.0, 5.0),
        ("core", "onboarded", 3, "c", "open", None, 11.0),
        ("core", "team_created", 1, "a", "done", 21.0, 21.0),
        ("new", "team_created", 1, "", "open", None, 30.0),
    ]
    medians = "SELECT start, nth, value_seconds / 86400, n, n_done, n_open FROM ttp_nth ORDER BY nth"
    assert rows(warehouse, medians) == [
        ("onboarded", 1, 20.0, 1, 1, 0),
        ("onboarded", 2, 5.0, 1, 1, 0),
        ("onboarded", 3, None, 1, 0, 1),
    ]
    # Of two teams one arrived after 21 days; the other is open at 30: half are left for ever.
    curve = "SELECT time_seconds / 86400, at_risk, done, censored, survival FROM ttp_survival"
    assert rows(warehouse, f"{curve} WHERE start = 'team_created' AND cohort = 'all' ORDER BY 1") == [
        (21.0, 2, 1, 0, 0.5),
        (30.0, 1, 0, 1, 0.5),
    ]


def test_a_team_with_production_before_it_was_created_is_left_truncated_and_a_dissolved_one_censored(
    warehouse: Warehouse,
) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("team", "2026-06-01", team="old", created_at="2026-06-01T00:00:00Z")
    reached(warehouse, "a", "2026-05-01", first_production_deployment="2026-05-20")
    warehouse.owner("a", "old", "2026-05-01")
    gone = {"created_at": "2026-06-01T00:00:00Z", "dissolved_at": "2026-06-11T00:00:00Z"}
    warehouse.catalog("team", "2026-06-01", team="gone", **gone)
    found = rows(
        warehouse,
        "SELECT team, status, elapsed_seconds / 86400, is_left_truncated FROM ttp_teams"
        " WHERE start = 'team_created' ORDER BY team",
    )
    assert found == [("gone", "archived", 10.0, 0), ("old", "done", -12.0, 1)]


def test_stages_of_services_that_are_past_in_or_around_them(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    reached(warehouse, "a", "2026-06-01", first_commit="2026-06-01 10:00", first_ci_run="2026-06-01 12:00")
    reached(warehouse, "b", "2026-06-01", first_commit="2026-06-01 20:00", first_production_deployment="2026-06-03")
    reached(warehouse, "c", "2026-06-02", first_commit="2026-06-01")  # a commit before the catalog knew of it
    reached(warehouse, "d", "2026-06-03")
    stages = rows(
        warehouse,
        "SELECT stage, p50_seconds, p75_seconds, p90_seconds, null_reason, n, n_open, n_skipped, n_out_of_order"
        " FROM ttp_stages WHERE is_headline AND team = '' AND template = '' AND cohort = 'all' AND nth = 0"
        " ORDER BY position LIMIT 3",
    )
    # -24 h, 10 h and 20 h: p75 is halfway from 10 to 20, p90 at 0.8 of it.
    assert stages == [
        ("onboarded_to_first_commit", 10 * HOUR, 15 * HOUR, 18 * HOUR, "", 3, 1, 0, 1),
        ("first_commit_to_first_ci_run", 2 * HOUR, 2 * HOUR, 2 * HOUR, "", 1, 1, 1, 0),
        ("first_ci_run_to_first_ci_success", None, None, None, "not_observed", 0, 1, 1, 0),
    ]


def test_cohorts_by_month_and_golden_path(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-21")
    for index, days in enumerate((1, 2, 3, 4, None)):
        start = at("2026-05-05") + timedelta(days=days or 0)
        given = {"first_production_deployment": f"{start:%Y-%m-%d}"} if days else {}
        reached(warehouse, f"s{index}", "2026-05-05", more={"template": "python"} if index < 2 else (), **given)
    reached(warehouse, "late", "2026-06-20")
    columns = "template, period_start, period_end, is_partial, numerator, denominator, value, shown, null_reason"
    found = rows(
        warehouse,
        f"SELECT {columns}, value_seconds / 86400, value_seconds_null_reason, n_open FROM ttp_cohorts"
        " WHERE is_headline ORDER BY template, period_start",
    )
    may, june, july = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)
    assert found == [
        ("", may, june, 0, 4, 5, 0.8, 0.8, "", 3.0, "", 1),
        ("", june, july, 1, 0, 1, 0.0, None, "below_n_min", None, "not_reached", 1),
        ("python", may, june, 0, 2, 2, 1.0, None, "below_n_min", 1.5, "", 0),
    ]
