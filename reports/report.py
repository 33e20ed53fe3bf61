"""Builds a report: asks the views its questions, and beside the numbers how fresh and how complete the input is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from reports.columns import Column
from reports.family import Family, Section
from reports.warehouse import Warehouse

Row = dict[str, Any]

_TODAY = "SELECT max(period_start) AS today, count() AS periods FROM periods WHERE grain = 'day'"
_FRESHNESS = "SELECT stream, data_until, lag_seconds, n, as_of, is_pinned FROM freshness ORDER BY stream"
_COVERAGE = """
    SELECT reason, unit, numerator, denominator, value FROM coverage_between(from = {since:Date}, to = {until:Date})
    WHERE (family = 'all' OR has({families:Array(String)}, family)) AND numerator > 0
    ORDER BY family DESC, value DESC, reason
"""


@dataclass(frozen=True)
class Filters:
    """What a report is narrowed to; None: everything, or the family's default window."""

    service: str | None = None
    team: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Part:
    """One table of a report, answered."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Report:
    """A report, ready to be written.

    Attributes:
        family: its name.
        question: what it answers.
        as_of: the instant for which it holds; None: the warehouse's clock has not ticked yet.
        since: first day of the window; None when there is no data at all.
        until: first day after it.
        parts: its tables, the main one first.
        freshness: a row per stream.
        coverage: what of the window could not be used and why; no row: everything was.
        hint: what to do, when there is nothing to show.
    """

    family: str
    question: str
    as_of: datetime | None
    since: date | None
    until: date | None
    parts: tuple[Part, ...]
    freshness: tuple[Row, ...]
    coverage: tuple[Row, ...]
    hint: str | None


def build(warehouse: Warehouse, family: Family, filters: Filters) -> Report:
    """Asks the views.

    Raises:
        reports.warehouse.WarehouseError: a view is missing or a query failed.
        ValueError: the window ends before it begins.
    """
    freshness = warehouse.query(_FRESHNESS).named()
    (today, periods), *_ = warehouse.query(_TODAY).rows
    since, until = _window(family, filters, today if periods else None)
    parts = tuple(_part(warehouse, section, filters, since, until) for section in family.sections) if since else ()
    whole = {"since": since or date(1970, 1, 1), "until": until or date(2149, 6, 6)}
    coverage = warehouse.query(_COVERAGE, {**whole, "families": list(family.coverage or [family.name])}).named()
    as_of = freshness[0]["as_of"] if freshness else None
    hint = None if any(part.rows for part in parts) else _hint(family, as_of, freshness)
    return Report(family.name, family.question, as_of, since, until, parts, freshness, coverage, hint)


def _window(family: Family, filters: Filters, today: date | None) -> tuple[date | None, date | None]:
    """[since, until) in days of the tenant's zone; today is in the default only where weeks are flagged as running."""
    end = filters.until or (today and (today + timedelta(days=1) if family.name == "adoption" else today))
    if end is None:
        return filters.since, filters.until
    start = filters.since or end - timedelta(days=family.days)
    if start >= end:
        raise ValueError(f"expected --since before --until, got {start} and {end}")
    return start, end


def _part(warehouse: Warehouse, section: Section, filters: Filters, since: date, until: date | None) -> Part:
    window = {"since": since, "until": until or since + timedelta(days=1)}
    narrowed = {"service": filters.service or "", "team": filters.team or ""}
    answer = warehouse.query(section.sql, {**window, **narrowed})
    return Part(section.title.format(**window), section.columns, answer.named())


def _hint(family: Family, as_of: datetime | None, freshness: tuple[Row, ...]) -> str:
    if as_of is None:
        return (
            "The warehouse's clock has not ticked yet: start the workers (adoption up, or adoption worker recompute)"
            " and send something."
        )
    latest = [f"{row['stream']} until {row['data_until']:%Y-%m-%d}" for row in freshness if row["data_until"]]
    return f"{family.hint} There is data of: {', '.join(latest) or 'nothing yet'}."
