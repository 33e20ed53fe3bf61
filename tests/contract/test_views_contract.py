"""Names, columns and comments of the views are a public contract; and what no view may do, none does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from schemas import clickhouse
from schemas.clickhouse import Parameters, View

VIEWS = clickhouse.views()
PARAMETERS = Parameters()

REPLACING = {
    name
    for migration in clickhouse.migrations()
    for statement in migration.statements(PARAMETERS)
    if "ReplacingMergeTree" in statement
    for name in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", statement)
}
UNIT_ROWS = {"gateway_unit_rows", "gateway_units"}
"""FINAL over them is 50 times slower; recompute turns them into slices."""

PUBLIC = {
    "adoption_active", "adoption_active_by", "adoption_breadth", "adoption_breadth_distribution", "adoption_cohorts_by",
    "adoption_cohorts_monthly", "adoption_cohorts_quarterly", "adoption_cohorts_weekly", "adoption_concentration",
    "adoption_concentration_by", "adoption_depth", "adoption_depth_by", "adoption_funnel", "adoption_funnel_steps",
    "adoption_funnel_within", "adoption_growth", "adoption_growth_by", "adoption_rate", "adoption_rate_by",
    "adoption_second_service", "adoption_stalled", "adoption_stickiness_by", "adoption_stickiness_monthly",
    "adoption_stickiness_weekly", "adoption_sustained", "adoption_time_to_adopt", "adoption_time_to_adopt_services",
    "adoption_use", "adoption_use_today", "annotations", "as_of", "attempts", "availability", "availability_daily",
    "availability_monthly", "availability_weekly", "blast_radius", "catalog_consumers", "catalog_grants",
    "catalog_lineage", "catalog_owners_today", "catalog_ownership", "catalog_repositories", "catalog_resources",
    "catalog_services", "catalog_teams", "change_lead_time_stages_monthly", "change_lead_time_stages_quarterly",
    "change_lead_time_stages_weekly", "ci_daily", "ci_monthly", "ci_range", "ci_runs", "ci_weekly", "commits",
    "cost_charges", "cost_exports", "cost_per_transaction", "cost_per_transaction_monthly", "cost_reconciliation",
    "costs_daily", "coverage", "dead_letter_list", "deployments", "evidence", "failed_requests", "freshness",
    "gateway_hours", "gateway_minutes", "incident_episodes", "incidents", "latency", "latency_daily", "latency_monthly",
    "latency_weekly", "milestones", "observations", "periods", "platform_services", "quick_check_monthly",
    "quick_check_quarterly", "reliability_minutes", "service_adoption", "service_adoption_by", "slo",
    "slo_affected_teams", "slo_burn", "slo_daily", "slo_days", "slo_objectives", "targets", "tiers",
    "time_to_production", "ttp_cohorts", "ttp_median", "ttp_milestones", "ttp_nth", "ttp_stages", "ttp_survival",
    "ttp_teams", "uptime", "uptime_daily", "uptime_monthly", "uptime_weekly", "velocity_daily", "velocity_monthly",
    "velocity_organisation_monthly", "velocity_organisation_quarterly", "velocity_organisation_range",
    "velocity_organisation_weekly", "velocity_quarterly", "velocity_range", "velocity_targets_monthly",
    "velocity_targets_quarterly", "velocity_targets_weekly", "velocity_teams_daily", "velocity_teams_monthly",
    "velocity_teams_quarterly", "velocity_teams_range", "velocity_teams_today_monthly",
    "velocity_teams_today_quarterly", "velocity_teams_today_range", "velocity_teams_today_weekly",
    "velocity_teams_weekly", "velocity_tiers_monthly", "velocity_tiers_quarterly", "velocity_weekly",
}  # fmt: skip
"""Dashboards and other people's queries name these; one that goes breaks them."""

CLOCKS = re.compile(
    r"\b(now|now64|nowInBlock|today|yesterday|current_timestamp|current_date|curdate|utc_timestamp|rand\w*"
    r"|generateUUID\w*)\s*\(",
    re.IGNORECASE,
)


def code(view: View) -> str:
    """The statement without its text literals, so that a comment's words are not taken for code."""
    return re.sub(r"'(?:[^'\\]|''|\\.)*'", "''", view.statement(PARAMETERS))


def columns(view: View) -> list[tuple[str, str, str]]:
    """(name, type, comment) as the file declares them."""
    declared = view.statement(PARAMETERS).split("\n(\n", 1)[1].split("\n)\nAS\n", 1)[0]
    found = [re.match(r"^    (\w+) +(.+?) COMMENT '((?:[^']|'')+)',?$", line) for line in declared.splitlines()]
    assert all(found), f"{view.name}: expected `name Type COMMENT 'text'`, one a line, for every column"
    return [(match[1], match[2], match[3].replace("''", "'")) for match in found if match]


each_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


def test_the_public_views_are_there() -> None:
    assert {view.name for view in VIEWS} >= PUBLIC


@each_view
def test_the_header_says_question_grain_and_owner(view: View) -> None:
    assert view.question.endswith("?")
    assert view.grain
    assert view.owner
    assert view.template.startswith("-- question: ")


@each_view
def test_every_column_is_commented_once(view: View) -> None:
    names = [name for name, _, _ in columns(view)]
    assert len(names) == len(set(names))
    assert all(len(comment) > 3 for _, _, comment in columns(view))


@each_view
def test_what_a_view_reads_is_what_it_says_it_needs(view: View) -> None:
    names = {other.name for other in VIEWS} - {view.name}
    read = set(re.findall(r"\b(?:FROM|JOIN)\s+(?:\(\s*)?(?:adoption\.)?(\w+)", code(view))) & names
    assert read == set(view.needs)


@each_view
def test_a_replaceable_table_is_read_with_final_only_and_unit_rows_of_one_hour_only(view: View) -> None:
    source = r"\b(?:FROM|JOIN)\s+(?:adoption\.)?(\w+)\b((?:\s+AS\s+\w+)?(?:\s+FINAL\b)?)"
    for table, after in re.findall(source, code(view)):
        # What had come of the hour of now only units say; they are grouped by content, as a recompute does.
        if view.name == "gateway_hours" and table in UNIT_ROWS:
            assert "minute >= toStartOfHour(now_at) AND minute < toStartOfHour(now_at) + INTERVAL 1 HOUR" in code(view)
            continue
        if table in REPLACING:
            assert "FINAL" in after, f"{view.name} reads {table} without FINAL: rows that were replaced would count"
        # To explain is to go down to units: of one service and few days, through the ledger, never through unit rows.
        is_explained = (view.name, table) == ("explain_units", "gateway_units")
        assert table not in UNIT_ROWS or is_explained, f"{view.name} reads {table}: read gateway_hours"


@each_view
def test_no_view_asks_what_time_it_is(view: View) -> None:
    assert not CLOCKS.findall(code(view)), f"{view.name}: time comes from the view as_of"


@each_view
def test_no_view_uses_a_percentile_that_is_not_interpolated(view: View) -> None:
    used = set(re.findall(r"\b(?:quantile|median)\w*", code(view)))
    assert used <= {"quantilesExactInclusiveIf", "quantileExactInclusiveArrayIf"}


def test_a_value_that_is_shown_may_be_null_and_a_ratio_has_its_parts() -> None:
    for view in VIEWS:
        types = {name: type_ for name, type_, _ in columns(view)}
        for name in {"value", "shown", "quick_ratio", "value_seconds"} & set(types):
            if types[name] != "String":  # the bytes of a dead letter are a value, too
                assert types[name] == "Nullable(Float64)", f"{view.name}.{name}: nothing observed is NULL, not 0"
        if "shown" in types:
            assert {"numerator", "denominator", "value", "null_reason", "n"} <= set(types), view.name
        if "is_partial" in types:
            assert {"period_start", "period_end"} <= set(types), view.name


def test_the_warehouse_has_the_columns_types_and_comments_of_the_files(warehouse: Any) -> None:
    stored: dict[str, list[tuple[str, str, str]]] = {}
    for view, *column in warehouse.query(
        "SELECT table, name, type, comment FROM system.columns WHERE database = 'adoption' ORDER BY table, position"
    ).result_rows:
        stored.setdefault(view, []).append((column[0], column[1], column[2]))
    for view in VIEWS:
        if not view.parameters:  # ClickHouse lists the columns of a view with parameters nowhere
            assert stored[view.name] == columns(view), view.name


def test_every_view_can_be_read_and_an_empty_warehouse_is_no_error(warehouse: Any) -> None:
    given = {"from": "'2026-06-01'", "to": "'2026-07-01'", "grain": "'month'", "scope": "'service'", "days": "28"}
    given |= {"metric": "'change_fail_ratio'", "service": "'pay'"}
    for view in VIEWS:
        arguments = ", ".join(f"{name} = {given[name]}" for name in view.parameters)
        source = f"adoption.{view.name}({arguments})" if arguments else f"adoption.{view.name}"
        # Names and types come with the answer: a DESCRIBE would plan the whole view once more.
        answer = warehouse.raw_query(f"SELECT * FROM {source}", fmt="JSONCompactEachRowWithNamesAndTypes")
        names, types = map(json.loads, answer.splitlines()[:2])
        expected = [(name, type_) for name, type_, _ in columns(view)]
        found = list(zip(names, types, strict=True))
        if view.parameters:  # its types are those of its SELECT, not the declared ones
            expected, found = [(name, "") for name, _ in expected], [(name, "") for name, _ in found]
        assert found == expected, view.name
