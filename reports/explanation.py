"""Explains a number: its value, the events that make it and by which rule, and those that do not count, and why.

Everything comes from the views `explain…`, and the value from the view that reports read, so that a dashboard, the
command and any SQL client say the same.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from reports.explained_measures import EVENTS, KINDS, SHORT, USE, Kind
from reports.warehouse import Warehouse
from schemas.clickhouse import views
from schemas.explained import sentence

Row = dict[str, Any]

_SERVICES = """
    SELECT DISTINCT service FROM
    (
        SELECT service FROM facts_slices UNION DISTINCT SELECT service FROM catalog_services
        UNION DISTINCT SELECT service FROM gateway_services
    )
    WHERE service != ''
"""
_HAD_DELIVERIES = """
    SELECT DISTINCT service FROM velocity_facts
    WHERE team = {team:String} AND day >= {since:Date} AND day < {until:Date}
"""
_HAD_TRAFFIC = """
    SELECT DISTINCT service FROM gateway_services
    WHERE {team:String} = 'unknown' OR service IN
    (
        SELECT name FROM catalog_ownership
        WHERE entity = 'service' AND team = {team:String} AND valid_from < {until:Date} + 1
            AND (isNull(valid_to) OR valid_to > {since:Date} - 1)
    )
"""
_UNITS = """
    SELECT * FROM explain_units(service = {service:String}, from = {since:Date}, to = {until:Date})
    ORDER BY first_at, unit
"""
_COVERAGE = """
    SELECT reason, unit, numerator, denominator FROM coverage_between(from = {since:Date}, to = {until:Date})
    WHERE family = {family:String} AND numerator > 0
    ORDER BY reason
"""


@dataclass(frozen=True)
class Explanation:
    """One number and its events.

    Attributes:
        metric: full name.
        service: whose; empty when it is a team's.
        team: whose; of adoption and failed_requests the callers'; empty when it is a service's.
        since: first day; None of what needs no period.
        until: first day after it.
        values: what the views say of it, one row mostly.
        counted: what it rests on, a row for each fact and role, or for each hour of traffic, or charge.
        not_counted: what was looked at, with `reason`; of a team only what could have counted for it.
        others: of a team: how much of the same services is other teams' (teams, rows, uses, requests).
        units: the gateway's units behind the traffic, those that have one of its hours.
        coverage: of the whole family in these days, what could not be used.
    """

    metric: str
    service: str
    team: str
    since: date | None
    until: date | None
    values: tuple[Row, ...]
    counted: tuple[Row, ...]
    not_counted: tuple[Row, ...]
    others: Row
    units: tuple[Row, ...]
    coverage: tuple[Row, ...]


def explain(
    warehouse: Warehouse, metric: str, service: str, team: str, window: tuple[date, date] | None
) -> Explanation:
    """Ask the views.

    Raises:
        reports.warehouse.WarehouseError: a view is missing or a query failed.
        ValueError: an unknown measure, service or team, a period that is missing; the message names what is near.
    """
    metric = SHORT.get(metric, metric)
    kind = _kind(metric)
    if window is None and not kind.is_timeless:
        raise ValueError(f"{metric} is of a period: give --period")
    since, until = window or (date(2000, 1, 1), date(2100, 1, 1))
    asked = {"metric": metric, "service": service, "team": team, "since": since, "until": until}
    services = _services(warehouse, asked, kind)
    # Each takes seconds and none needs another: the views are wide, and mostly it is the planning that takes time.
    with ThreadPoolExecutor(3) as pool:
        values = pool.submit(warehouse.query, kind.team_value if team and not service else kind.value, asked)
        coverage = pool.submit(warehouse.query, _COVERAGE, asked | {"family": kind.family})
        rows = [row for name in services for row in _listed(warehouse, kind, asked | {"service": name})]
        own = [row for row in rows if not team or row.get("team") in {team, ""}]
        return Explanation(
            metric=metric,
            service=service,
            team=team,
            since=since if window else None,
            until=until if window else None,
            values=values.result().named(),
            counted=tuple(row for row in own if row["counted"]),
            not_counted=tuple(row for row in own if not row["counted"]),
            others=_summed([row for row in rows if row.get("team") not in {team, ""}]) if team else {},
            units=_units(warehouse, own, services) if kind.has_units else (),
            coverage=coverage.result().named(),
        )


def _kind(metric: str) -> Kind:
    if metric in KINDS:
        return KINDS[metric]
    if metric in {view.name for view in views()}:
        raise ValueError(f"{metric} is a view. {sentence(metric)}")
    raise ValueError(f"no measure {metric!r}: expected {_near(metric, (*SHORT, *KINDS))}")


def _services(warehouse: Warehouse, asked: Row, kind: Kind) -> list[str]:
    """The service, or those that the team had in the window."""
    metric, team = asked["metric"], asked["team"]
    if asked["service"] and team and not kind.is_of_callers:
        raise ValueError("expected a service or a team, got both: the two numbers differ")
    if asked["service"]:
        known = [name for (name,) in warehouse.query(_SERVICES).rows]
        if asked["service"] not in known:
            raise ValueError(f"no service {asked['service']!r} is known: expected {_near(asked['service'], known)}")
        return [asked["service"]]
    if not team:
        raise ValueError("expected a service or a team: give --service or --team")
    if not kind.team_value:
        raise ValueError(f"{metric} is explained service by service: give --service")
    had, what = (_HAD_TRAFFIC, "traffic") if kind.has_units else (_HAD_DELIVERIES, "deliveries")
    services = [name for (name,) in warehouse.query(had, asked).rows]
    if not services:
        raise ValueError(f"team {team!r} had no service with {what} in these days")
    return sorted(services)


def _listed(warehouse: Warehouse, kind: Kind, asked: Row) -> list[Row]:
    rows: list[Row] = []
    for view in kind.views:
        found = warehouse.query(f"SELECT * FROM {view} ORDER BY ALL", asked).named()
        if view == USE and asked["metric"] != "adoption":
            found = _transactions(found, rows)
        rows += found if view != EVENTS or len(kind.views) == 1 else [{**row, "part": ""} for row in found]
    return rows


def _transactions(uses: tuple[Row, ...], charges: list[Row]) -> tuple[Row, ...]:
    """Of a CI or deployment platform: its runs or deployments, on the days that have cost."""
    days = {day for row in charges if row["counted"] for day in row.get("days", ())}
    made = (row for row in uses if row["use"] != "api")
    return tuple(
        {**row, "part": "denominator"} if row["day"] in days or not row["counted"] else
        {**row, "counted": 0, "reason": "no_cost"}
        for row in made
    )  # fmt: skip


def _units(warehouse: Warehouse, rows: list[Row], services: list[str]) -> tuple[Row, ...]:
    """Units that have an hour of the rows."""
    hours = {(row["service"], row["hour"]) for row in rows if row.get("hour") and row.get("use", "api") == "api"}
    if not hours:
        return ()
    days = {row["day"] for row in rows if "hour" in row}
    asked = {"since": min(days), "until": max(days) + timedelta(days=1)}
    found = [row for name in services for row in warehouse.query(_UNITS, asked | {"service": name}).named()]
    return tuple(row for row in found if not hours.isdisjoint((row["service"], hour) for hour in row["hours"]))


def _summed(rows: list[Row]) -> Row:
    """What is other teams', in one line."""
    amounts = {name: sum(row[name] for row in rows if name in row) for name in ("uses", "requests")}
    return {
        "teams": len({row["team"] for row in rows}),
        "counted": sum(row["counted"] for row in rows),
        "not_counted": sum(not row["counted"] for row in rows),
        **{name: amount for name, amount in amounts.items() if amount},
    }


def _near(name: str, known: tuple[str, ...] | list[str]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=0.5) or sorted(known)[:20]
    return "one of " + ", ".join(near) if near else "data first: nothing is known yet"
