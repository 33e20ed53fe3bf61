"""The corners of dated ownership (METRICS 0.9): each sentence of the rule, one by one.

The plain cases are in `test_views_catalog`: the first owner holds back, removals and declared ends close, the day is
the tenant's, a pinned now knows nothing of later facts.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.views.warehouse_rows import Warehouse, at

BEGINNING = at("2000-01-01")


def intervals(warehouse: Warehouse, name: str = "pay") -> list[tuple[Any, ...]]:
    sql = "SELECT team, valid_from, valid_to, assumed FROM catalog_ownership WHERE name = '{0}' ORDER BY valid_from"
    return [tuple(row.values()) for row in warehouse.rows(sql.format(name))]


def owner_at(warehouse: Warehouse, time: str, name: str = "pay") -> str:
    """As the views ask it: the last interval that begins at or before the instant."""
    (team,) = warehouse.column(
        f"SELECT argMax(team, valid_from) FROM catalog_ownership WHERE name = '{name}'"
        f" AND valid_from <= toDateTime64('{time}:00', 6, 'UTC')"
    )
    return str(team)


def test_the_first_owner_holds_back_also_when_its_start_is_declared(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-20", valid_from="2026-03-01T00:00:00Z")
    assert intervals(warehouse) == [
        ("payments", BEGINNING, at("2026-03-01"), 1),
        ("payments", at("2026-03-01"), None, 0),
    ]
    assert owner_at(warehouse, "2025-01-01 00:00") == "payments"


def test_an_owner_declared_later_for_an_earlier_day_becomes_the_first(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "core", "2026-06-10")
    warehouse.owner("pay", "payments", "2026-06-20", valid_from="2026-03-01T00:00:00Z")
    assert intervals(warehouse) == [
        ("payments", BEGINNING, at("2026-03-01"), 1),
        ("payments", at("2026-03-01"), at("2026-06-10"), 0),
        ("core", at("2026-06-10"), None, 0),
    ]


def test_only_the_first_value_is_assumed_a_later_one_does_not_hold_back(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "payments", "2026-06-05", removed=True)
    warehouse.owner("pay", "core", "2026-06-20")
    assert [row[3] for row in intervals(warehouse)] == [1, 0, 0, 0]
    assert [owner_at(warehouse, f"2026-06-{day} 12:00") for day in ("04", "05", "19", "20")] == [
        "payments",
        "unknown",
        "unknown",
        "core",
    ]


def test_absence_in_a_complete_import_closes_on_its_day_and_the_next_import_opens_again(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner(
        "pay", "payments", "2026-06-10 13:00", removed=True
    )  # what a complete import says of what it misses
    warehouse.owner("pay", "payments", "2026-06-12 13:00")
    assert intervals(warehouse)[1:] == [
        ("payments", at("2026-06-01"), at("2026-06-10"), 0),
        ("unknown", at("2026-06-10"), at("2026-06-12"), 0),
        ("payments", at("2026-06-12"), None, 0),
    ]


def test_closed_and_opened_on_one_day_the_last_stands_and_there_is_no_gap(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "payments", "2026-06-10 08:00", removed=True)
    warehouse.owner("pay", "core", "2026-06-10 16:00")
    assert intervals(warehouse)[1:] == [
        ("payments", at("2026-06-01"), at("2026-06-10"), 0),
        ("core", at("2026-06-10"), None, 0),
    ]


def test_opened_and_closed_on_one_day_it_is_unknown_from_that_day(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "core", "2026-06-10 08:00")
    warehouse.owner("pay", "core", "2026-06-10 16:00", removed=True)
    assert intervals(warehouse)[1:] == [
        ("payments", at("2026-06-01"), at("2026-06-10"), 0),
        ("unknown", at("2026-06-10"), None, 0),
    ]


def test_there_and_back_on_one_day_is_no_change(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "core", "2026-06-10 08:00")
    warehouse.owner("pay", "payments", "2026-06-10 16:00")
    assert intervals(warehouse)[1:] == [("payments", at("2026-06-01"), None, 0)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_arrival_does_not_matter(warehouse: Warehouse, order: tuple[int, ...]) -> None:
    warehouse.now("2026-07-01")
    said = [("payments", "2026-06-01", False), ("payments", "2026-06-10", True), ("core", "2026-06-15", False)]
    for number in order:
        team, time, removed = said[number]
        warehouse.owner("pay", team, time, removed=removed)
    assert [row[:2] for row in intervals(warehouse)[1:]] == [
        ("payments", at("2026-06-01")),
        ("unknown", at("2026-06-10")),
        ("core", at("2026-06-15")),
    ]


def test_a_removal_of_what_was_never_said_changes_nothing(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01", removed=True)
    assert intervals(warehouse) == []
    warehouse.owner("pay", "core", "2026-06-10")
    assert intervals(warehouse) == [("core", BEGINNING, at("2026-06-10"), 1), ("core", at("2026-06-10"), None, 0)]


def test_a_service_and_a_caller_of_one_name_have_owners_of_their_own(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "web", "2026-06-01", entity="consumer")
    rows = warehouse.rows("SELECT entity, team FROM catalog_ownership WHERE NOT assumed ORDER BY entity")
    assert [tuple(row.values()) for row in rows] == [("consumer", "web"), ("service", "payments")]


def test_a_day_of_the_change_to_summer_time_begins_at_its_own_midnight(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-07-01")
    in_berlin.owner("pay", "payments", "2026-03-01")
    in_berlin.owner("pay", "core", "2026-03-29 12:00")  # that day began at 23:00 UTC, and the next one at 22:00
    in_berlin.owner("pay", "web", "2026-03-30 12:00")
    assert [row[1] for row in intervals(in_berlin)[2:]] == [at("2026-03-28 23:00"), at("2026-03-29 22:00")]
