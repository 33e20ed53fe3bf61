"""Uptime by minutes: what a minute with traffic is, and what one without (METRICS 4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.integration.views.warehouse_rows import Warehouse

JUNE = ("2026-06-01", "2026-07-01")


def uptime(warehouse: Warehouse, grain: str = "month", span: tuple[str, str] = JUNE) -> list[dict[str, Any]]:
    first, end = span
    return warehouse.rows(
        f"SELECT * FROM uptime(from = toDate('{first}'), to = toDate('{end}'), grain = '{grain}') "
        "ORDER BY service, period_start"
    )


def whole(row: dict[str, Any]) -> bool:
    """Every minute of the period is of exactly one kind."""
    down = row["down_with_traffic"] + row["down_in_incident"] + row["down_against_usual"]
    beside = row["minutes_limited"] + row["minutes_unjudged"] + row["minutes_quiet"]
    return bool(row["denominator"] == row["numerator"] + down and row["minutes"] == row["denominator"] + beside)


def objective(warehouse: Warehouse, service: str = "pay", value: float = 0.9, **more: Any) -> None:
    warehouse.catalog("slo", "2026-01-01", service=service, objective=value, **more)


def incident(at: str, resolved_at: str | None, name: str = "i1", **more: Any) -> dict[str, Any]:
    return {"incident": name, "episode": 0, "at": at, "resolved_at": resolved_at, "rule": "unattributed", **more}


def test_a_minute_is_up_at_the_objective_and_down_under_it(warehouse: Warehouse) -> None:
    """10:00 is at 9 of 10, 10:01 at 8 of 9; 10:02 has only limited, 10:03 a client's own error; 10:04 is not over."""
    warehouse.now("2026-06-01 10:04:30")
    objective(warehouse)
    warehouse.traffic(
        "pay",
        "2026-06-01 10:00",
        {"minute": 0, "requests": 9},
        {"minute": 0, "outcome": "error"},
        {"minute": 1, "requests": 8},
        {"minute": 1, "outcome": "error"},
        {"minute": 2, "outcome": "limited", "requests": 50},
        {"minute": 3, "outcome": "client_error"},
        {"minute": 4, "outcome": "error"},
    )
    (row,) = uptime(warehouse)
    assert (row["numerator"], row["denominator"], row["value"], row["shown"]) == (2, 3, 2 / 3, 2 / 3)
    assert (row["down_with_traffic"], row["minutes_limited"], row["minutes"], row["is_partial"]) == (1, 1, 4, 1)
    assert whole(row)


def test_minutes_without_traffic_stand_beside(warehouse: Warehouse) -> None:
    """From the first request on: 10:00 to 12:00 are 120 minutes, two of them with traffic."""
    warehouse.now("2026-06-01 12:00")
    objective(warehouse)
    warehouse.traffic("pay", "2026-06-01 10:00", {"minute": 0}, {"minute": 30})
    (row,) = uptime(warehouse)
    assert (row["numerator"], row["denominator"], row["minutes_quiet"], row["minutes"]) == (2, 2, 118, 120)
    assert whole(row)


def test_a_silent_minute_inside_an_incident_is_down_and_one_with_traffic_is_judged_by_it(warehouse: Warehouse) -> None:
    """10:10:30 to 10:20:00 touches 10:10 to 10:19, ten minutes, of which 10:12 had good traffic; 10:15 was limited."""
    warehouse.now("2026-06-01 11:00")
    objective(warehouse)
    warehouse.traffic("pay", "2026-06-01 10:00", {"minute": 0}, {"minute": 12}, {"minute": 15, "outcome": "limited"})
    warehouse.facts("pay", incidents=[incident("2026-06-01 10:10:30", "2026-06-01 10:20:00")])
    (row,) = uptime(warehouse)
    assert (row["numerator"], row["down_in_incident"], row["denominator"]) == (2, 8, 10)
    assert (row["minutes_limited"], row["minutes_quiet"], row["minutes"]) == (1, 49, 60)
    assert whole(row)


def test_an_open_incident_lasts_until_now_two_at_once_count_once_and_staging_is_not_ours(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-01 11:00")
    objective(warehouse)
    warehouse.traffic("pay", "2026-06-01 10:00", {"minute": 0})
    warehouse.facts(
        "pay",
        incidents=[
            incident("2026-06-01 10:50:00", None),
            incident("2026-06-01 10:45:00", "2026-06-01 10:55:00", "i2", environment="production"),
            incident("2026-06-01 10:05:00", "2026-06-01 10:35:00", "i3", environment="staging"),
        ],
    )
    (row,) = uptime(warehouse)
    assert (row["numerator"], row["down_in_incident"], row["denominator"]) == (1, 15, 16)


def test_hundreds_of_incidents_that_nobody_closed_are_one_long_one(warehouse: Warehouse) -> None:
    """Each over two years: a number for every minute of each would be six hundred million."""
    warehouse.now("2026-06-01 00:10")
    objective(warehouse)
    warehouse.traffic("pay", "2026-06-01 00:00", {"minute": 0})
    warehouse.facts("pay", incidents=[incident("2024-05-01 10:00", None, f"i{number}") for number in range(600)])
    (row,) = uptime(warehouse, "range", ("2024-05-01", "2026-07-01"))
    assert (row["numerator"], row["down_in_incident"], row["minutes"]) == (1, 9, 10)


def weeks(warehouse: Warehouse, *days: str, hour: str = "10:00", minutes: tuple[int, ...] = (0, 1)) -> None:
    for day in days:
        warehouse.traffic("pay", f"{day} {hour}", *({"minute": minute} for minute in minutes))


MONDAYS = ("2026-06-01", "2026-06-08", "2026-06-15", "2026-06-22", "2026-06-29")


def test_a_silent_minute_is_down_where_all_four_weeks_before_had_traffic(warehouse: Warehouse) -> None:
    """On the fifth Monday 10:00 and 10:01 are expected, 10:02 only had three weeks; a dead gateway is not 100 % up."""
    warehouse.now("2026-06-29 12:00")
    objective(warehouse)
    weeks(warehouse, *MONDAYS[:1])
    weeks(warehouse, *MONDAYS[1:4], minutes=(0, 1, 2))
    days = {row["period_start"]: row for row in uptime(warehouse, "day")}
    last = days[date(2026, 6, 29)]
    assert (last["numerator"], last["down_against_usual"], last["denominator"], last["value"]) == (0, 2, 2, 0.0)
    assert all(whole(row) for row in days.values())
    assert {row["down_against_usual"] for day, row in days.items() if day != date(2026, 6, 29)} == {0}
    warehouse.now("2026-06-29 10:01")
    assert uptime(warehouse, "day")[-1]["down_against_usual"] == 1, "10:01 is not over"


def test_one_silent_week_ends_what_is_usual(warehouse: Warehouse) -> None:
    """Also errors and limited requests are traffic: the gateway was there."""
    warehouse.now("2026-07-07")
    objective(warehouse)
    weeks(warehouse, *MONDAYS[:2], minutes=(0,))
    warehouse.traffic("pay", "2026-06-15 10:00", {"outcome": "limited"})
    warehouse.traffic("pay", "2026-06-22 10:00", {"outcome": "error"})
    found = uptime(warehouse, "week", ("2026-06-29", "2026-07-13"))
    assert [(row["period_start"], row["down_against_usual"]) for row in found] == [
        (date(2026, 6, 29), 1),
        (date(2026, 7, 6), 0),
    ]


def test_the_local_minute_is_meant_also_across_a_clock_change(in_berlin: Warehouse) -> None:
    """Clocks go forward on 29 March 2026: 10:00 in Berlin is 09:00 UTC before and 08:00 UTC after it."""
    in_berlin.now("2026-03-31")
    objective(in_berlin)
    weeks(in_berlin, "2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", hour="09:00", minutes=(0,))
    in_berlin.traffic("pay", "2026-03-30 09:00", {"minute": 0})
    (row,) = uptime(in_berlin, "day", ("2026-03-30", "2026-03-31"))
    assert (row["numerator"], row["down_against_usual"]) == (1, 1), "11:00 local was good, 10:00 local is missing"
    assert row["minutes"] == 1440
    (sunday,) = uptime(in_berlin, "day", ("2026-03-29", "2026-03-30"))
    assert sunday["minutes"] == 23 * 60


def test_a_local_minute_that_a_clock_change_leaves_out_is_missed_by_nobody_and_one_that_comes_twice_is_two(
    in_berlin: Warehouse,
) -> None:
    """02:30 on 29 March is no minute; on 25 October 02:30 is 00:30 and 01:30 UTC, of which the first had traffic."""
    in_berlin.now("2026-10-27")
    objective(in_berlin)
    weeks(in_berlin, "2026-03-01", "2026-03-08", "2026-03-15", "2026-03-22", hour="01:00", minutes=(30,))
    weeks(in_berlin, "2026-09-27", "2026-10-04", "2026-10-11", "2026-10-18", "2026-10-25", hour="00:00", minutes=(30,))
    (spring,) = uptime(in_berlin, "day", ("2026-03-29", "2026-03-30"))
    assert (spring["numerator"], spring["denominator"], spring["null_reason"]) == (0, 0, "no_traffic")
    (autumn,) = uptime(in_berlin, "day", ("2026-10-25", "2026-10-26"))
    assert (autumn["numerator"], autumn["down_against_usual"], autumn["minutes"]) == (1, 1, 25 * 60)


def test_in_a_half_hour_zone(in_kolkata: Warehouse) -> None:
    """00:00 of Monday in Kolkata is 18:30 UTC of Sunday."""
    in_kolkata.now("2026-06-30")
    objective(in_kolkata)
    weeks(in_kolkata, "2026-05-31", "2026-06-07", "2026-06-14", "2026-06-21", hour="18:00", minutes=(30,))
    found = uptime(in_kolkata, "day", ("2026-06-28", "2026-06-30"))
    assert [(row["period_start"].day, row["down_against_usual"]) for row in found] == [(28, 0), (29, 1)]
    assert [row["minutes"] for row in found] == [1440, 1440]


def test_without_an_objective_no_minute_is_up_or_down(warehouse: Warehouse) -> None:
    """The first objective holds back to the beginning; its removal on the 20th ends it that day."""
    warehouse.now("2026-06-21")
    warehouse.catalog("slo", "2026-06-10", service="pay", objective=0.9)
    warehouse.catalog("slo", "2026-06-20 15:00", service="pay", objective=0.9, removed=True)
    for service in ("pay", "cart"):
        for day in ("2026-06-01", "2026-06-19", "2026-06-20"):
            warehouse.traffic(service, f"{day} 10:00", {})
    warehouse.facts("cart", incidents=[incident("2026-06-19 12:00:00", "2026-06-19 12:10:00")])
    cart, pay = uptime(warehouse)
    assert (cart["value"], cart["null_reason"], cart["minutes_unjudged"]) == (None, "no_objective", 13)
    assert (pay["numerator"], pay["denominator"], pay["minutes_unjudged"]) == (2, 2, 1)
    assert whole(cart)
    assert whole(pay)


def test_limited_counts_where_the_objective_says_so_but_alone_it_is_neither(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-02")
    objective(warehouse, counts_limited=True)
    warehouse.traffic(
        "pay",
        "2026-06-01 10:00",
        {"minute": 0},
        {"minute": 0, "outcome": "limited"},
        {"minute": 1, "outcome": "limited"},
    )
    (row,) = uptime(warehouse)
    assert (row["numerator"], row["down_with_traffic"], row["minutes_limited"]) == (0, 1, 1)


@pytest.mark.parametrize("grain", ["day", "week"])
def test_days_and_weeks_add_up_to_the_range(in_berlin: Warehouse, grain: str) -> None:
    in_berlin.now("2026-04-06")
    objective(in_berlin)
    for day in range(2, 31):
        weeks(in_berlin, f"2026-03-{day:02}", minutes=(0, 7, 59))
    in_berlin.facts("pay", incidents=[incident("2026-03-28 23:50:00", "2026-03-29 01:10:00")])
    span = ("2026-03-02", "2026-04-06")
    names = ("numerator", "denominator", "minutes", "minutes_quiet", "down_in_incident", "down_against_usual")
    (all_,) = uptime(in_berlin, "range", span)
    parts = uptime(in_berlin, grain, span)
    assert {name: sum(row[name] for row in parts) for name in names} == {name: all_[name] for name in names}
    assert (all_["down_in_incident"], all_["down_against_usual"], whole(all_)) == (80, 18, True)
