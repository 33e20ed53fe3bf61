"""Use of platform services: which team, active or not, which share, who came and who left (METRICS 1).

Weeks of June 2026 begin on the 1st, 8th, 15th, 22nd and 29th.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.integration.views.warehouse_rows import Warehouse, at

W1, W2, W3, W4 = date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 15), date(2026, 6, 22)


def use(warehouse: Warehouse, day: str, **requests: int) -> None:
    """ok requests to `auth` at noon of a day of June, by the team that the record names."""
    groups = [{"team": team, "consumer": f"{team}-app", "requests": count} for team, count in requests.items()]
    warehouse.traffic("auth", f"2026-06-{day} 12:00", *groups)


def growth(warehouse: Warehouse, consumer_set: str = "team") -> dict[date, dict[str, Any]]:
    rows = warehouse.rows(f"SELECT * FROM adoption_growth WHERE consumer_set = '{consumer_set}' ORDER BY period_start")
    return {row["period_start"]: row for row in rows}


def test_traffic_is_under_the_services_catalog_name(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth", aliases=["auth-gw"])
    warehouse.traffic("auth-gw", "2026-06-01 10:00", {"requests": 3})
    warehouse.traffic("other", "2026-06-01 10:00", {"requests": 4})
    rows = warehouse.rows("SELECT service, gateway_service, requests FROM gateway_hours ORDER BY service")
    assert [tuple(row.values()) for row in rows] == [("auth", "auth-gw", 3), ("other", "other", 4)]
    rows = warehouse.rows("SELECT service, in_catalog, first_at FROM gateway_services ORDER BY service")
    assert [tuple(row.values()) for row in rows] == [
        ("auth", 1, at("2026-06-01 10:00")),
        ("other", 0, at("2026-06-01 10:00")),
    ]


def test_with_a_clock_that_runs_the_hour_of_now_counts_as_far_as_it_came(warehouse: Warehouse) -> None:
    """It is some seconds behind the traffic; the units of a busy hour would be read at every look."""
    warehouse.now("2026-06-01 10:30")
    warehouse.traffic(
        "auth",
        "2026-06-01 10:00",
        {"requests": 3, "first_at": at("2026-06-01 10:00"), "last_at": at("2026-06-01 10:31")},
    )
    assert warehouse.column("SELECT requests FROM gateway_hours") == [3]
    warehouse.now("2026-06-01 10:30", pinned=True)
    assert warehouse.column("SELECT requests FROM gateway_hours") == [], (
        "of a pinned one the units say it, and none are here"
    )


def test_a_recomputed_slice_replaces_the_old_one_whole(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.traffic("auth", "2026-06-01 10:00", {"route": "/a", "requests": 3}, {"route": "/b", "requests": 9})
    warehouse.traffic("auth", "2026-06-01 10:00", {"route": "/a", "requests": 4})
    assert warehouse.rows("SELECT route, requests FROM gateway_hours") == [{"route": "/a", "requests": 4}]


@pytest.mark.parametrize(
    ("group", "team", "rule"),
    [
        ({"team": "named", "consumer": "pay-key"}, "named", "record"),
        ({"consumer": "pay-key"}, "payments", "service"),
        ({"consumer": "key-7"}, "web", "consumer"),
        ({"consumer": "cart"}, "checkout", "service"),
        ({"consumer": "stranger"}, "unknown", "unknown"),
        ({}, "unknown", "unknown"),
    ],
    ids=["record", "consumer's service", "consumer's owner", "workload named as a service", "not in catalog", "none"],
)
def test_the_team_of_a_caller(warehouse: Warehouse, group: dict[str, Any], team: str, rule: str) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.catalog("consumer", "2026-01-01", consumer="pay-key", service="pay")
    warehouse.catalog("service", "2026-01-01", service="cart")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.owner("cart", "checkout", "2026-01-01")
    warehouse.owner("key-7", "web", "2026-01-01", entity="consumer")
    warehouse.traffic("auth", "2026-06-01 10:00", group)
    assert warehouse.rows("SELECT team, team_rule FROM adoption_use") == [{"team": team, "team_rule": rule}]


def test_use_stays_with_the_team_that_owned_the_caller_then(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.owner("pay", "core", "2026-06-10 18:00")
    warehouse.catalog("consumer", "2026-01-01", consumer="pay-key", service="pay")
    for hour in ("2026-06-09 23:00", "2026-06-10 01:00"):
        warehouse.traffic("auth", hour, {"consumer": "pay-key"})
    assert warehouse.column("SELECT team FROM adoption_use ORDER BY first_at") == ["payments", "core"]


def test_probes_failures_and_services_that_are_no_platform_do_not_count(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.catalog("consumer", "2026-01-01", consumer="probe", is_synthetic=True)
    warehouse.traffic(
        "auth",
        "2026-06-01 10:00",
        {"team": "a", "requests": 5},
        {"team": "a", "requests": 7, "outcome": "error"},
        {"team": "a", "requests": 7, "outcome": "client_error"},
        {"team": "a", "requests": 7, "outcome": "limited"},
        {"team": "a", "requests": 7, "is_synthetic": 1},
        {"team": "a", "requests": 7, "consumer": "probe"},
    )
    warehouse.traffic("pay", "2026-06-01 10:00", {"team": "a", "requests": 7})
    assert warehouse.rows("SELECT service, team, uses FROM adoption_active") == [
        {"service": "auth", "team": "a", "uses": 5}
    ]


def test_active_needs_active_min_ok_requests_of_the_team_over_all_its_callers(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth", active_min=10)
    warehouse.traffic(
        "auth",
        "2026-06-01 10:00",
        {"team": "enough", "consumer": "x", "requests": 6},
        {"team": "enough", "consumer": "y", "requests": 4},
        {"team": "little", "consumer": "z", "requests": 9},
    )
    assert warehouse.rows("SELECT team, consumers, uses FROM adoption_active") == [
        {"team": "enough", "consumers": 2, "uses": 10}
    ]
    assert growth(warehouse, "consumer")[W1]["active"] == 0
    assert growth(warehouse, "team")[W1]["active"] == 1


def test_weeks_are_cut_in_the_tenants_zone(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-07-01")
    in_berlin.platform("auth")
    in_berlin.traffic("auth", "2026-06-07 21:00", {"team": "sunday"})  # 23:00 in Berlin
    in_berlin.traffic("auth", "2026-06-07 22:00", {"team": "monday"})  # 00:00 in Berlin
    rows = in_berlin.rows("SELECT team, period_start FROM adoption_active ORDER BY period_start")
    assert [tuple(row.values()) for row in rows] == [("sunday", W1), ("monday", W2)]


def test_the_rate_is_active_teams_of_all_teams_and_outsiders_are_listed(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-16")
    warehouse.platform("auth")
    warehouse.team("a", "b", "c")
    warehouse.catalog("team", "2026-06-01", team="late", created_at="2026-06-09T00:00:00Z")
    warehouse.catalog("team", "2026-06-01", team="gone", dissolved_at="2026-06-05T00:00:00Z")
    warehouse.traffic("auth", "2026-06-02 10:00", {"team": "a"}, {"team": "gone"}, {"consumer": "stranger"})
    warehouse.traffic("auth", "2026-06-09 10:00", {"team": "a"}, {"team": "b"}, {"team": "late"})
    warehouse.traffic("auth", "2026-06-15 10:00", {"team": "c"})
    rows = warehouse.rows(
        "SELECT period_start, is_partial, numerator, denominator, value, shown, outside_teams FROM adoption_rate"
        " WHERE population = 'all' ORDER BY period_start"
    )
    assert [tuple(row.values()) for row in rows] == [
        (W1, 0, 1, 3, 1 / 3, 1 / 3, ["gone", "unknown"]),  # a, of a, b, c; late is not there yet, gone no longer
        (W2, 0, 3, 4, 0.75, 0.75, []),
        (W3, 1, 1, 4, 0.25, 0.25, []),
    ]


def test_without_any_team_the_rate_is_null_not_zero(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-16")
    warehouse.platform("auth")
    warehouse.traffic("auth", "2026-06-02 10:00", {"consumer": "x"})
    row = warehouse.rows(
        "SELECT numerator, denominator, value, null_reason, outside FROM adoption_rate WHERE is_default"
    )[0]
    assert tuple(row.values()) == (0, 0, None, "no_team", 1)


def test_an_observed_week_without_use_is_zero_and_an_unobserved_one_is_no_row(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-24")
    warehouse.platform("auth")
    warehouse.platform("never-seen")
    warehouse.team("a")
    use(warehouse, "02", a=1)
    warehouse.traffic("other", "2026-06-16 10:00", {"team": "a"})  # the gateway was still there in the third week
    rows = warehouse.rows(
        "SELECT service, period_start, numerator FROM adoption_rate WHERE is_default ORDER BY period_start"
    )
    assert [tuple(row.values()) for row in rows] == [("auth", W1, 1), ("auth", W3, 0)]


def test_a_week_in_which_nothing_at_all_was_heard_of_is_no_churn_and_no_return(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-24")
    warehouse.platform("auth")
    use(warehouse, "02", a=1, b=1)
    use(warehouse, "16", a=1)  # the gateway was silent in the second week: no data, not zero
    shown = ("active", "new", "retained", "resurrected", "churned")
    assert {week: tuple(row[name] for name in shown) for week, row in growth(warehouse).items()} == {
        W1: (2, 2, 0, 0, 0),
        W3: (1, 0, 1, 0, 1),
    }
    use(warehouse, "09", c=1)  # a backfill: it was heard of after all
    assert {week: tuple(row[name] for name in shown) for week, row in growth(warehouse).items()} == {
        W1: (2, 2, 0, 0, 0),
        W2: (1, 1, 0, 0, 2),
        W3: (1, 0, 0, 1, 1),
    }


def test_growth_new_retained_resurrected_churned(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-24")
    warehouse.platform("auth")
    use(warehouse, "02", a=1, b=1, c=1)
    use(warehouse, "09", a=1)  # b and c churn
    use(warehouse, "16", a=1, b=1, d=1)  # b returns, d is new
    use(warehouse, "23", a=1, e=1)  # the week still runs
    rows = growth(warehouse)
    shown = ("active", "new", "retained", "resurrected", "churned", "quick_ratio", "null_reason", "is_partial")
    assert {week: tuple(row[name] for name in shown) for week, row in rows.items()} == {
        W1: (3, 3, 0, 0, 0, None, "none_churned", 0),
        W2: (1, 0, 1, 0, 2, 0.0, "", 0),
        W3: (3, 1, 1, 1, 0, None, "none_churned", 0),
        W4: (2, 1, 1, 0, None, None, "period_open", 1),
    }
    assert rows[W4]["reassigned_out"] is None


def test_a_backfill_restates_who_was_new(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-24")
    warehouse.platform("auth")
    warehouse.traffic("other", "2026-06-09 10:00", {"team": "a"})
    use(warehouse, "16", a=1)
    assert growth(warehouse)[W3]["new"] == 1
    use(warehouse, "02", a=1)
    rows = growth(warehouse)
    assert (rows[W1]["new"], rows[W3]["new"], rows[W3]["resurrected"]) == (1, 0, 1)


def test_a_caller_that_changes_team_is_reassigned_neither_new_nor_churned(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-24")
    warehouse.platform("auth")
    warehouse.owner("app", "old", "2026-01-01", entity="consumer")
    warehouse.owner("app", "young", "2026-06-08", entity="consumer")
    for day in ("02", "09", "16"):
        warehouse.traffic("auth", f"2026-06-{day} 12:00", {"consumer": "app"})
    rows = growth(warehouse)
    shown = ("active", "new", "retained", "reassigned_in", "churned", "reassigned_out")
    assert {week: tuple(row[name] for name in shown) for week, row in rows.items()} == {
        W1: (1, 1, 0, 0, 0, 0),
        W2: (1, 0, 0, 1, 0, 1),
        W3: (1, 0, 1, 0, 0, 0),
    }
    callers = growth(warehouse, "consumer")
    assert [callers[week]["retained"] for week in (W1, W2, W3)] == [0, 1, 1]


def test_a_change_within_the_week_counts_for_the_team_of_the_last_use(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-24")
    warehouse.platform("auth")
    warehouse.owner("app", "old", "2026-01-01", entity="consumer")
    warehouse.owner("app", "young", "2026-06-10", entity="consumer")
    for day in ("02", "09", "11"):
        warehouse.traffic("auth", f"2026-06-{day} 12:00", {"consumer": "app"})
    assert warehouse.rows(
        "SELECT team, teams FROM adoption_use_by(from = '2026-06-01', to = '2026-07-01', grain = 'week')"
        " ORDER BY period_start"
    ) == [
        {"team": "old", "teams": ["old"]},
        {"team": "young", "teams": ["old", "young"]},
    ]
    row = growth(warehouse)[W2]
    assert (row["active"], row["reassigned_in"], row["reassigned_out"], row["churned"]) == (1, 1, 1, 0)


def test_the_identity_holds_in_every_slice_and_closed_week(warehouse: Warehouse) -> None:
    warehouse.now("2026-08-05")
    warehouse.platform("auth")
    warehouse.platform("mail", active_min=3)
    for number in range(1, 9):
        warehouse.owner(f"app-{number}", f"team-{number % 3}", "2026-01-01", entity="consumer")
        warehouse.owner(f"app-{number}", f"team-{number % 4}", f"2026-06-{number * 3:02}", entity="consumer")
    for day in range(1, 29):
        for month in (6, 7):
            callers = [number for number in range(1, 9) if (day * number * month) % 7 < 2]
            groups = [{"consumer": f"app-{number}", "requests": number % 3} for number in callers]
            for service in ("auth", "mail"):
                if groups:
                    warehouse.traffic(service, f"2026-{month:02}-{day:02} 12:00", *groups)
    rows = warehouse.rows("SELECT * FROM adoption_growth ORDER BY service, consumer_set, period_start")
    assert len({row["period_start"] for row in rows}) == 9
    before: dict[tuple[str, str], int] = {}
    for row in rows:
        slice_ = (row["service"], row["consumer_set"])
        entered = row["new"] + row["resurrected"] + row["reassigned_in"]
        assert row["active"] == row["retained"] + entered
        if not row["is_partial"]:
            left = row["churned"] + row["reassigned_out"]
            assert row["active"] == before.get(slice_, 0) + entered - left, row
        before[slice_] = row["active"]
    assert sum(row["reassigned_in"] for row in rows if row["consumer_set"] == "team") > 0
