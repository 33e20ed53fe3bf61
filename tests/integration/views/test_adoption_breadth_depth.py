"""How many platform services a team uses, whose use it is, and which services use a service (METRICS 1)."""

from __future__ import annotations

from datetime import date

import pytest

from tests.integration.views.warehouse_rows import Warehouse, at

DAY = 86_400.0
JUNE = "from = '2026-06-01', to = '2026-07-01'"


def use(warehouse: Warehouse, service: str, day: str, **requests: int) -> None:
    """ok requests of a day of June, by the team that the record names: the first at noon, each other a minute later."""
    groups = [{"team": team, "consumer": f"{team}-app", "requests": count} for team, count in requests.items()]
    warehouse.traffic(service, f"2026-06-{day} 12:00", *groups)


def test_breadth_is_the_services_used_and_the_time_from_the_first_to_the_second(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    for service in ("auth", "mail", "search"):
        warehouse.platform(service)
    warehouse.team("a", "b", "c", "idle")
    warehouse.catalog("team", "2026-06-20", team="gone", dissolved_at="2026-06-20T00:00:00Z")
    use(warehouse, "mail", "01", a=1)
    use(warehouse, "auth", "04", a=1, b=1)
    use(warehouse, "search", "05", a=1)
    use(warehouse, "auth", "11", c=1, gone=1)
    use(warehouse, "mail", "12", c=1)
    rows = warehouse.rows(
        "SELECT team, is_existing, services, names, first_at, second_service, first_to_second_seconds"
        " FROM adoption_breadth ORDER BY team"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("a", 1, 3, ["mail", "auth", "search"], at("2026-06-01 12:00"), "auth", 3 * DAY),
        ("b", 1, 1, ["auth"], at("2026-06-04 12:01"), "", None),
        ("c", 1, 2, ["auth", "mail"], at("2026-06-11 12:00"), "mail", DAY),
        ("gone", 0, 1, ["auth"], at("2026-06-11 12:01"), "", None),
        ("idle", 1, 0, [], None, "", None),
    ]
    rows = warehouse.rows("SELECT services, teams, names, share FROM adoption_breadth_distribution ORDER BY services")
    assert [tuple(row.values()) for row in rows] == [
        (0, 1, ["idle"], 0.25),
        (1, 1, ["b"], 0.25),
        (2, 1, ["c"], 0.25),
        (3, 1, ["a"], 0.25),
    ]
    (row,) = warehouse.rows("SELECT * FROM adoption_second_service")
    assert tuple(row.values()) == (2 * DAY, 2.5 * DAY, 241_920.0, 2, 2)  # b and gone have a first only


def test_without_any_team_there_is_no_distribution_and_no_time(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    assert warehouse.rows("SELECT * FROM adoption_breadth_distribution") == []
    (row,) = warehouse.rows("SELECT p50_seconds, n, n_open FROM adoption_second_service")
    assert tuple(row.values()) == (None, 0, 0)


def test_depth_is_each_callers_share_and_concentration_is_by_team_with_unknown_as_one(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth", natural_grain="month")
    warehouse.traffic(
        "auth",
        "2026-06-02 12:00",
        {"team": "a", "consumer": "x", "requests": 30},
        {"team": "a", "consumer": "y", "requests": 20},
        {"team": "b", "consumer": "y", "requests": 10},  # a caller that two teams share is counted once, by each call
        {"consumer": "stranger", "requests": 15},
        {"requests": 25},
    )
    rows = warehouse.rows(
        "SELECT team, consumer, numerator, denominator, value FROM adoption_depth ORDER BY team, consumer"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("a", "x", 30, 100, 0.3),
        ("a", "y", 20, 100, 0.2),
        ("b", "y", 10, 100, 0.1),
        ("unknown", "", 25, 100, 0.25),
        ("unknown", "stranger", 15, 100, 0.15),
    ]
    (row,) = warehouse.rows(
        "SELECT grain, period_start, is_partial, hhi, uses, n, top_team, top_share FROM adoption_concentration"
    )
    assert (row["grain"], row["period_start"], row["is_partial"]) == ("month", date(2026, 6, 1), 0)
    assert row["hhi"] == pytest.approx(0.25 + 0.01 + 0.16)
    assert (row["uses"], row["n"], row["top_team"], row["top_share"]) == (100, 3, "a", 0.5)


def test_a_free_range_is_of_its_days_and_agrees_with_the_month(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-05")
    warehouse.platform("auth")
    use(warehouse, "auth", "02", a=3)
    use(warehouse, "auth", "20", b=1)
    sql = "SELECT team, numerator, value FROM adoption_depth_by({0}) ORDER BY team"
    month, whole = (warehouse.rows(sql.format(f"{JUNE}, grain = '{grain}'")) for grain in ("month", "range"))
    assert month == whole
    assert [tuple(row.values()) for row in whole] == [("a", 3, 0.75), ("b", 1, 0.25)]
    half = warehouse.rows(sql.format("from = '2026-06-01', to = '2026-06-16', grain = 'range'"))
    assert [tuple(row.values()) for row in half] == [("a", 3, 1.0)]


def test_adoption_by_services_is_the_share_of_the_catalogs_other_services(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-14 12:00")
    warehouse.platform("auth")
    warehouse.catalog("service", "2026-01-01", service="pay")
    warehouse.catalog("service", "2026-01-01", service="cart")
    warehouse.catalog("service", "2026-01-01", service="young", onboarded_at="2026-06-09T00:00:00Z")
    warehouse.catalog("service", "2026-01-01", service="old", archived_at="2026-06-05T00:00:00Z")
    warehouse.catalog("consumer", "2026-01-01", consumer="key", service="pay")
    warehouse.traffic("auth", "2026-06-02 12:00", {"consumer": "key"}, {"consumer": "old"}, {"consumer": "stranger"})
    warehouse.traffic("auth", "2026-06-09 12:00", {"consumer": "key"}, {"consumer": "young"}, {"consumer": "auth"})
    rows = warehouse.rows(
        "SELECT period_start, is_partial, numerator, denominator, value, users, outside"
        " FROM service_adoption ORDER BY period_start"
    )
    assert [tuple(row.values()) for row in rows] == [
        (date(2026, 6, 1), 0, 1, 2, 0.5, ["old", "pay"], 1),
        (date(2026, 6, 8), 1, 2, 3, 2 / 3, ["auth", "pay", "young"], 1),  # it does not adopt itself
    ]


def test_without_another_service_adoption_by_services_is_null(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-14 12:00")
    warehouse.platform("auth")
    use(warehouse, "auth", "02", a=1)
    (row,) = warehouse.rows("SELECT value, null_reason, denominator FROM service_adoption WHERE NOT is_partial")
    assert tuple(row.values()) == (None, "no_service", 0)
