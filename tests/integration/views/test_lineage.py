"""Which of today's teams goes on what a former team did: renamed, split, merged, dated (METRICS 0.9)."""

from __future__ import annotations

from typing import Any

from tests.integration.views.warehouse_rows import Warehouse, at

BEGINNING, END = at("2000-01-01"), at("2200-01-01")


def became(warehouse: Warehouse, time: str, lineage: str, former: tuple[str, ...], *teams: str) -> None:
    """On that day the former teams became these."""
    for team in teams:
        warehouse.catalog("team", time, team=team, lineage=lineage, predecessors=former)


def lineage(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    columns = "team, valid_from, valid_to, today, lineage, successors"
    rows = warehouse.rows(f"SELECT {columns} FROM catalog_lineage ORDER BY team, valid_to, today")
    return [tuple(row.values()) for row in rows]


def test_a_renamed_team_goes_on_under_its_new_name(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.team("web", "core")
    became(warehouse, "2026-06-10 15:00", "renamed", ("web",), "storefront")
    assert lineage(warehouse) == [("web", BEGINNING, END, "storefront", "renamed", 1)]


def test_renamed_then_merged_then_split_is_followed_to_today(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    became(warehouse, "2026-02-01", "renamed", ("web",), "storefront")
    became(warehouse, "2026-03-01", "merged", ("storefront", "mobile"), "channels")
    became(warehouse, "2026-04-01", "split", ("channels",), "apps", "sites")
    warehouse.catalog("team", "2026-04-01", team="channels", removed=True)
    assert [(row[0], row[3], row[5]) for row in lineage(warehouse)] == [
        ("channels", "apps", 2),
        ("channels", "sites", 2),
        ("mobile", "apps", 2),
        ("mobile", "sites", 2),
        ("storefront", "apps", 2),
        ("storefront", "sites", 2),
        ("web", "apps", 2),
        ("web", "sites", 2),
    ]


def test_a_split_team_that_still_exists_is_one_of_its_successors_and_goes_on_as_itself(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.team("core")
    became(warehouse, "2026-04-01", "split", ("core",), "edge")
    assert lineage(warehouse) == [
        ("core", BEGINNING, at("2026-04-01"), "core", "split", 2),
        ("core", BEGINNING, at("2026-04-01"), "edge", "split", 2),
    ]
    warehouse.catalog("team", "2026-04-01", team="core", removed=True)
    assert lineage(warehouse) == [("core", BEGINNING, END, "edge", "split", 1)]


def test_a_name_that_is_given_again_is_another_team_from_then(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.team("core")
    became(warehouse, "2026-03-01", "renamed", ("core",), "platform")
    warehouse.team("core", time="2026-05-01")
    assert lineage(warehouse) == [("core", BEGINNING, at("2026-03-01"), "platform", "renamed", 1)]


def test_names_exchanged_and_names_taken_back_end_somewhere(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    became(warehouse, "2026-03-01", "renamed", ("a",), "b")
    became(warehouse, "2026-03-01", "renamed", ("b",), "a")
    became(warehouse, "2026-03-01", "renamed", ("x",), "y")
    became(warehouse, "2026-04-01", "renamed", ("y",), "x")
    assert [(row[0], row[2], row[3]) for row in lineage(warehouse)] == [
        ("a", END, "b"),
        ("b", END, "a"),
        ("x", at("2026-03-01"), "x"),
        ("y", END, "x"),
    ]


def test_a_change_after_the_pinned_now_has_not_happened(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    became(warehouse, "2026-06-10", "renamed", ("web",), "storefront")
    warehouse.now("2026-06-01", pinned=True)
    assert lineage(warehouse) == []


def test_saying_a_change_again_is_no_second_one_and_the_declared_day_stands(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    for time in ("2026-06-01", "2026-06-02", "2026-06-03"):
        became(warehouse, time, "renamed", ("web",), "storefront")
    sql = "SELECT changed_at FROM catalog_lineage"
    assert warehouse.column(sql) == [at("2026-06-01")]
    fact = {"team": "storefront", "lineage": "renamed", "predecessors": ["web"]}
    warehouse.catalog("team", "2026-06-04", valid_from="2026-05-15T09:00:00Z", **fact)
    assert warehouse.column(sql) == [at("2026-05-15")]


def test_a_team_that_goes_on_as_another_exists_until_that_day(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.team("web", "core", "again", "ended")
    warehouse.owner("app", "mobile", "2026-01-01")  # known as an owner only
    became(warehouse, "2026-03-01", "merged", ("web", "mobile", "ended"), "channels")
    warehouse.catalog("team", "2026-02-01", team="ended", removed=True)
    became(warehouse, "2026-03-01", "renamed", ("again",), "other")
    warehouse.team("again", time="2026-05-01")
    became(warehouse, "2026-04-01", "split", ("core",), "edge")
    rows = warehouse.rows("SELECT team, valid_to FROM catalog_teams ORDER BY team")
    assert {row["team"]: row["valid_to"] for row in rows} == {
        "again": None,
        "channels": None,
        "core": None,
        "edge": None,
        "ended": at("2026-02-01"),
        "mobile": at("2026-03-01"),
        "other": None,
        "web": at("2026-03-01"),
    }
