"""Adoption by day, week, month, quarter and between any two days, cut in the tenant's zone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.clickhouse import Parameters
from tests.integration.views.warehouse_rows import Warehouse, at


def active(warehouse: Warehouse, grain: str, since: str = "2000-01-01", until: str = "2100-01-01") -> list[Any]:
    rows = warehouse.rows(
        "SELECT team, grain, period_start, period_end, uses, is_partial FROM"
        f" adoption_active_by(from = '{since}', to = '{until}', grain = '{grain}') ORDER BY period_start, team"
    )
    return [tuple(row.values()) for row in rows]


def test_each_grain_and_a_free_range(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-02")
    warehouse.platform("auth", active_min=2, natural_grain="month")
    warehouse.traffic("auth", "2026-06-30 10:00", {"team": "a", "requests": 2}, {"team": "b", "requests": 1})
    warehouse.traffic("auth", "2026-07-01 10:00", {"team": "b", "requests": 1})
    june, july, third = date(2026, 6, 1), date(2026, 7, 1), date(2026, 7, 3)
    assert active(warehouse, "day") == [("a", "day", date(2026, 6, 30), july, 2, 0)]
    # active_min holds within the period: b has two in the week, one in each month.
    week = (date(2026, 6, 29), date(2026, 7, 6))
    assert active(warehouse, "week") == [("a", "week", *week, 2, 1), ("b", "week", *week, 2, 1)]
    assert active(warehouse, "month") == [("a", "month", june, july, 2, 0)]
    assert active(warehouse, "natural") == active(warehouse, "month")
    assert active(warehouse, "quarter") == [("a", "quarter", date(2026, 4, 1), july, 2, 0)]
    expected = [("a", "range", june, third, 2, 1), ("b", "range", june, third, 2, 1)]
    assert active(warehouse, "range", "2026-06-01", "2026-07-03") == expected


@pytest.mark.parametrize(
    ("grain", "since", "until"),
    [
        ("day", "2026-06-02", "2026-06-03"),
        ("week", "2026-06-01", "2026-06-08"),
        ("month", "2026-06-01", "2026-07-01"),
        ("quarter", "2026-04-01", "2026-07-01"),
    ],
)
def test_a_free_range_that_is_a_period_is_the_same_as_the_period(
    warehouse: Warehouse, grain: str, since: str, until: str
) -> None:
    warehouse.now("2026-07-02")
    warehouse.platform("auth", active_min=2)
    warehouse.team("a", "b", "c")
    warehouse.traffic("auth", "2026-06-02 10:00", {"team": "a", "requests": 2}, {"team": "b"}, {"team": "x"})
    warehouse.traffic("auth", "2026-06-05 10:00", {"team": "b"}, {"team": "x", "requests": 3})
    rates = (
        f"SELECT * EXCEPT grain FROM adoption_rate_by(from = '{since}', to = '{until}', grain = %r) ORDER BY population"
    )
    rows = warehouse.rows(rates % grain)
    assert len(rows) == 3
    assert warehouse.rows(rates % "range") == rows


def test_the_day_when_the_clock_goes_forward_is_one_day_and_its_week_one_week(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-04-02")
    in_berlin.platform("auth")
    # 29 March has 23 hours in Berlin: from 23:00 UTC of the 28th until 22:00 UTC.
    for instant, team in (
        ("2026-03-28 22:00", "before"),
        ("2026-03-28 23:00", "first"),
        ("2026-03-29 21:00", "last"),
        ("2026-03-29 22:00", "after"),
    ):
        in_berlin.traffic("auth", instant, {"team": team})
    days = [(team, start.day, end.day) for team, _, start, end, *_ in active(in_berlin, "day")]
    assert days == [("before", 28, 29), ("first", 29, 30), ("last", 29, 30), ("after", 30, 31)]
    weeks = [(team, f"{start:%m-%d}") for team, _, start, *_ in active(in_berlin, "week")]
    assert weeks == [("before", "03-23"), ("first", "03-23"), ("last", "03-23"), ("after", "03-30")]


def test_midnight_in_the_middle_of_an_hour(in_kolkata: Warehouse) -> None:
    in_kolkata.now("2026-07-02")
    in_kolkata.platform("auth")
    evening, morning = at("2026-06-30 18:29"), at("2026-06-30 18:31")
    groups = [{"team": "evening", "first_at": evening, "last_at": evening}]
    groups += [{"team": "morning", "first_at": morning, "last_at": morning}]
    in_kolkata.traffic("auth", "2026-06-30 18:00", *groups)  # 23:59 on 30 June and 00:01 on 1 July
    months = [(team, start.month) for team, _, start, *_ in active(in_kolkata, "month")]
    assert months == [("evening", 6), ("morning", 7)]


@pytest.mark.parametrize(
    ("fiscal_start", "starts"),
    [
        (1, [1, 1, 1, 4, 4, 4, 7, 7, 7, 10, 10, 10]),
        (2, [11, 2, 2, 2, 5, 5, 5, 8, 8, 8, 11, 11]),
        (12, [12, 12, 3, 3, 3, 6, 6, 6, 9, 9, 9, 12]),
    ],
)
def test_a_quarter_begins_with_the_fiscal_year(warehouse: Warehouse, fiscal_start: int, starts: list[int]) -> None:
    days = "SELECT toLastDayOfMonth(makeDate(2026, number + 1, 1)) AS day FROM numbers(12)"
    quarters = Parameters(fiscal_start=fiscal_start).fill(f"SELECT toStartOfQuarter(day) FROM ({days})")
    assert [start.month for start in warehouse.column(quarters)] == starts
