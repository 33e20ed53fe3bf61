"""Explains a number: its value, the events that make it and by which rule, and those that do not count, and why.

Everything comes from the views `explain`, `explain_use` and `explain_units`, and the value from the view that reports
read, so that a dashboard, the command and any SQL client say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from reports.warehouse import Warehouse

Row = dict[str, Any]

SHORT = {
    "deployment_frequency": "deployment_frequency_per_day",
    "change_lead_time": "change_lead_time_p50_seconds",
    "change_fail": "change_fail_ratio",
    "deployment_rework": "deployment_rework_ratio",
    "failed_deployment_recovery_time": "failed_deployment_recovery_time_p50_seconds",
    "ci_success": "ci_success_ratio",
    "ci_duration": "ci_duration_p50_seconds",
    "ci_queue_time": "ci_queue_time_p50_seconds",
}
"""Measure without its statistic → the headline."""
_PERCENTILES = ("p50", "p75", "p90")
_DURATIONS = (
    "change_lead_time",
    "change_lead_time_without_bots",
    "change_lead_time_from_first_commit",
    "failed_deployment_recovery_time",
    "ci_duration",
    "ci_queue_time",
)
RATES = (
    "deployment_frequency_per_day",
    "change_fail_ratio",
    "change_fail_without_rollbacks_ratio",
    "deployment_rework_ratio",
    "ci_success_ratio",
)
METRICS = (
    *RATES,
    *(f"{name}_{percentile}_seconds" for name in _DURATIONS for percentile in _PERCENTILES),
    "incidents",
    "time_to_production",
    "adoption",
)
"""What can be explained."""

_RANGE = "from = {since:Date}, to = {until:Date}"
_MEASURED = "value, shown, null_reason, numerator, denominator, n, is_partial"
_SERVICES = """
    SELECT DISTINCT service FROM
    (
        SELECT service FROM facts_slices UNION DISTINCT SELECT service FROM catalog_services
        UNION DISTINCT SELECT service FROM gateway_services
    )
    WHERE service != ''
"""
_COVERAGE = """
    SELECT reason, unit, numerator, denominator FROM coverage WHERE family = {family:String} AND numerator > 0
    ORDER BY reason
"""


@dataclass(frozen=True)
class Explanation:
    """One number and its events.

    Attributes:
        metric: full name.
        service: whose; empty when it is a team's.
        team: whose; empty when it is a service's.
        since: first day.
        until: first day after it.
        values: what the views say of it, one row mostly.
        counted: events that it rests on, a row for each fact and role.
        not_counted: events that were looked at, with `reason`.
        units: of adoption, the gateway units behind the traffic.
        coverage: of the whole family, what could not be used.
    """

    metric: str
    service: str
    team: str
    since: date
    until: date
    values: tuple[Row, ...]
    counted: tuple[Row, ...]
    not_counted: tuple[Row, ...]
    units: tuple[Row, ...]
    coverage: tuple[Row, ...]


def explain(warehouse: Warehouse, metric: str, service: str, team: str, window: tuple[date, date]) -> Explanation:
    """Ask the views.

    Raises:
        reports.warehouse.WarehouseError: a view is missing or a query failed.
        ValueError: an unknown measure, service or team; the message names what is near.
    """
    metric = SHORT.get(metric, metric)
    if metric not in METRICS:
        raise ValueError(f"no measure {metric!r}: expected {_near(metric, (*SHORT, *METRICS))}")
    since, until = window
    asked = {"metric": metric, "service": service, "team": team, "since": since, "until": until}
    services = _services(warehouse, asked)
    view = "explain_use" if metric == "adoption" else "explain"
    arguments = _RANGE if metric == "adoption" else f"metric = {{metric:String}}, {_RANGE}"
    rows: list[Row] = []
    for one in services:
        sql = f"SELECT * FROM {view}(service = {{service:String}}, {arguments}) ORDER BY ALL"
        rows += warehouse.query(sql, asked | {"service": one}).named()
    if team:
        rows = [row for row in rows if row["team"] in {team, ""}]
    units = f"SELECT * FROM explain_units(service = {{service:String}}, {_RANGE}) ORDER BY first_at, unit"
    return Explanation(
        metric=metric,
        service=service,
        team=team,
        since=since,
        until=until,
        values=_values(warehouse, asked),
        counted=tuple(row for row in rows if row["counted"]),
        not_counted=tuple(row for row in rows if not row["counted"]),
        units=warehouse.query(units, asked).named() if metric == "adoption" else (),
        coverage=warehouse.query(_COVERAGE, {"family": _family(metric)}).named(),
    )


def _services(warehouse: Warehouse, asked: Row) -> list[str]:
    """The service, or those that the team had in the window."""
    if asked["service"] and asked["team"] and asked["metric"] != "adoption":
        raise ValueError("expected a service or a team, got both: the two numbers differ")
    if asked["service"]:
        known = [name for (name,) in warehouse.query(_SERVICES).rows]
        if asked["service"] not in known:
            raise ValueError(f"no service {asked['service']!r} is known: expected {_near(asked['service'], known)}")
        return [asked["service"]]
    if not asked["team"]:
        raise ValueError("expected a service or a team: give --service or --team")
    if asked["metric"] in {"adoption", "time_to_production", "incidents"}:
        raise ValueError(f"{asked['metric']} is explained service by service: give --service")
    had = (
        "SELECT DISTINCT service FROM velocity_facts "
        "WHERE team = {team:String} AND day >= {since:Date} AND day < {until:Date}"
    )
    services = [name for (name,) in warehouse.query(had, asked).rows]
    if not services:
        raise ValueError(f"team {asked['team']!r} had no service with deliveries in these days")
    return sorted(services)


def _values(warehouse: Warehouse, asked: Row) -> tuple[Row, ...]:
    metric, team = asked["metric"], asked["team"]
    if metric == "adoption":
        sql = (
            "SELECT use, sum(uses) AS uses, uniqExact(consumer) AS consumers, uniqExact(team) AS teams "
            "FROM adoption_use WHERE service = {service:String} AND ({team:String} = '' OR team = {team:String}) "
            "AND day >= {since:Date} AND day < {until:Date} GROUP BY use ORDER BY use"
        )
    elif metric == "time_to_production":
        sql = (
            "SELECT start, started_at, status, value_seconds FROM time_to_production "
            "WHERE service = {service:String} ORDER BY start DESC"
        )
    elif metric == "incidents":
        sql = (
            f"SELECT episodes, incidents, reopenings, unattributed FROM incident_episodes({_RANGE}, grain = 'range') "
            "WHERE service = {service:String}"
        )
    else:
        kind = "ci" if metric.startswith("ci_") else "velocity"
        view, whose = (f"{kind}_teams_range", "team") if team else (f"{kind}_range", "service")
        where = f"{whose} = {{{whose}:String}} AND metric = {{metric:String}}"
        sql = f"SELECT {_MEASURED} FROM {view}({_RANGE}) WHERE {where}"
    return warehouse.query(sql, asked).named()


def _family(metric: str) -> str:
    if metric == "adoption":
        return "adoption"
    return "time-to-production" if metric == "time_to_production" else "ci" if metric.startswith("ci_") else "velocity"


def _near(name: str, known: tuple[str, ...] | list[str]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=0.5) or sorted(known)[:20]
    return "one of " + ", ".join(near) if near else "data first: nothing is known yet"
