"""Dated ownership, teams and names: what held when (METRICS 0.9)."""

from __future__ import annotations

from tests.integration.views.warehouse_rows import Warehouse, at

BEGINNING = at("2000-01-01")


def intervals(warehouse: Warehouse, name: str) -> list[tuple[object, ...]]:
    return [
        tuple(row.values())
        for row in warehouse.rows(
            f"SELECT team, valid_from, valid_to, assumed FROM catalog_ownership WHERE name = '{name}'"
            " ORDER BY valid_from"
        )
    ]


def test_the_first_known_owner_holds_back_to_the_beginning_and_is_marked_assumed(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-10 15:00")
    assert intervals(warehouse, "pay") == [
        ("payments", BEGINNING, at("2026-06-10"), 1),
        ("payments", at("2026-06-10"), None, 0),
    ]


def test_a_change_takes_effect_at_the_start_of_its_day_and_the_last_of_a_day_stands(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "core", "2026-06-10 09:00")
    warehouse.owner("pay", "checkout", "2026-06-10 17:00")
    assert intervals(warehouse, "pay")[1:] == [
        ("payments", at("2026-06-01"), at("2026-06-10"), 0),
        ("checkout", at("2026-06-10"), None, 0),
    ]


def test_the_day_is_the_tenants_not_utcs(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-07-01")
    in_berlin.owner("pay", "payments", "2026-06-01")
    in_berlin.owner("pay", "core", "2026-06-09 22:30")  # 00:30 on the 10th in Berlin
    assert intervals(in_berlin, "pay")[2] == ("core", at("2026-06-09 22:00"), None, 0)


def test_between_a_removal_and_the_next_owner_it_is_unknown(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "payments", "2026-06-05", removed=True)
    warehouse.owner("pay", "core", "2026-06-08")
    assert intervals(warehouse, "pay")[1:] == [
        ("payments", at("2026-06-01"), at("2026-06-05"), 0),
        ("unknown", at("2026-06-05"), at("2026-06-08"), 0),
        ("core", at("2026-06-08"), None, 0),
    ]


def test_a_declared_end_closes_the_interval_when_it_comes(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-15")
    warehouse.owner("pay", "payments", "2026-06-01", valid_to="2026-06-10T00:00:00Z")
    warehouse.owner("cart", "checkout", "2026-06-01", valid_to="2026-06-20T00:00:00Z")
    assert intervals(warehouse, "pay")[2] == ("unknown", at("2026-06-10"), None, 0)
    assert intervals(warehouse, "cart")[1:] == [("checkout", at("2026-06-01"), None, 0)]


def test_an_old_owners_removal_does_not_take_the_service_from_the_new_one(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "core", "2026-06-10 10:00")
    warehouse.owner("pay", "payments", "2026-06-10 10:00", removed=True)
    assert intervals(warehouse, "pay")[2] == ("core", at("2026-06-10"), None, 0)


def test_saying_the_same_again_is_no_change(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    for day in ("2026-06-01", "2026-06-02", "2026-06-03"):
        warehouse.owner("pay", "payments", day)
    assert len(intervals(warehouse, "pay")) == 2


def test_what_is_later_than_now_does_not_exist(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.now("2026-06-05", pinned=True)
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "core", "2026-06-10")
    assert intervals(warehouse, "pay")[1:] == [("payments", at("2026-06-01"), None, 0)]


def test_of_two_contents_of_one_event_the_greatest_version_counts(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    event = {"source": "backstage", "id": "1", "kind": "ownership", "time": at("2026-06-01"), "at": at("2026-06-01")}
    for version, team in ((7, "core"), (3, "payments")):
        data = f'{{"entity": "service", "name": "pay", "team": "{team}"}}'
        warehouse.insert("catalog_events", [{**event, "data": data, "version": version}])
    assert [row[0] for row in intervals(warehouse, "pay")] == ["core", "core"]


def test_each_attribute_of_a_service_is_the_last_one_said(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("service", "2026-06-01", service="pay", onboarded_at="2026-05-01T09:00:00Z", active_min=10)
    warehouse.catalog("service", "2026-06-02", service="pay", is_platform=True, aliases=["pay-svc"])
    warehouse.catalog("service", "2026-06-03", service="old", archived_at="2026-06-03T00:00:00Z")
    warehouse.catalog("service", "2026-06-01", service="gone")
    warehouse.catalog("service", "2026-06-04", service="gone", removed=True)
    rows = warehouse.rows(
        "SELECT service, onboarded_at, archived_at, is_platform, natural_grain, active_min FROM catalog_services"
        " ORDER BY service"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("gone", None, at("2026-06-04"), 0, "week", 1),
        ("old", None, at("2026-06-03"), 0, "week", 1),
        ("pay", at("2026-05-01 09:00"), None, 1, "week", 10),
    ]
    assert warehouse.column("SELECT service FROM platform_services") == ["pay"]


def test_a_service_begins_once_whatever_is_dated_later(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    created, later = "2026-01-05T00:00:00Z", "2026-03-01T00:00:00Z"
    for name, first in (("stated", {"onboarded_at": created}), ("declared", {"valid_from": created})):
        warehouse.catalog("service", "2026-01-10", service=name, **first)
        warehouse.catalog("service", "2026-03-10", service=name, valid_from=later, title="Pay")
        warehouse.catalog("service", "2026-04-10", service=name, valid_from="2026-04-10T00:00:00Z", removed=True)
        warehouse.catalog("team", "2026-01-10", team=name, valid_from=created)
        warehouse.catalog("team", "2026-04-10", team=name, valid_from="2026-04-10T00:00:00Z", removed=True)
    for sql in (
        "SELECT onboarded_at, archived_at FROM catalog_services",
        "SELECT valid_from, valid_to FROM catalog_teams",
    ):
        assert [tuple(row.values()) for row in warehouse.rows(sql)] == [(at("2026-01-05"), at("2026-04-10"))] * 2


def test_a_services_own_name_beats_anothers_alias(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("service", "2026-06-01", service="pay", aliases=["pay-svc", "cart"])
    warehouse.catalog("service", "2026-06-01", service="cart")
    assert warehouse.rows("SELECT alias, service FROM service_aliases ORDER BY alias") == [
        {"alias": "cart", "service": "cart"},
        {"alias": "pay", "service": "pay"},
        {"alias": "pay-svc", "service": "pay"},
    ]


def test_teams_exist_from_their_declared_start_until_dissolved_and_owners_are_teams(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("team", "2026-06-01", team="core", created_at="2026-05-01T00:00:00Z", parent="tech")
    warehouse.catalog("team", "2026-06-20", team="core", dissolved_at="2026-06-20T00:00:00Z")
    warehouse.catalog("team", "2026-06-01", team="web")
    warehouse.owner("pay", "payments", "2026-06-01")
    warehouse.owner("pay", "core", "2026-06-10")
    rows = warehouse.rows(
        "SELECT team, parent, valid_from, valid_to, assumed, is_implied FROM catalog_teams ORDER BY team"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("core", "tech", at("2026-05-01"), at("2026-06-20"), 0, 0),
        ("payments", None, BEGINNING, at("2026-06-10"), 1, 1),
        ("web", None, BEGINNING, None, 1, 0),
    ]


def test_callers_and_repositories_as_last_said(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("consumer", "2026-06-01", consumer="pay-prod", service="pay")
    warehouse.catalog("consumer", "2026-06-01", consumer="probe", is_synthetic=True)
    warehouse.catalog("mapping", "2026-06-01", repository="github.com/acme/mono", service="pay", paths=["pay/**"])
    warehouse.catalog("mapping", "2026-06-09", repository="github.com/acme/mono", service="pay", removed=True)
    assert warehouse.rows("SELECT * FROM catalog_consumers ORDER BY consumer") == [
        {"consumer": "pay-prod", "service": "pay", "is_synthetic": 0},
        {"consumer": "probe", "service": "", "is_synthetic": 1},
    ]
    assert warehouse.rows("SELECT * FROM catalog_repositories") == [
        {
            "repository": "github.com/acme/mono",
            "service": "pay",
            "paths": ["pay/**"],
            "valid_from": at("2026-06-01"),
            "valid_to": at("2026-06-09"),
        }
    ]
