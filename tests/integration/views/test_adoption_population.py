"""Who could use a platform service, and who does lastingly: three populations, sustained use (METRICS 1).

Weeks of June 2026 begin on the 1st, 8th, 15th, 22nd and 29th.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.views.warehouse_rows import Warehouse

W1, W2, W3, W4, W5 = (date(2026, 6, day) for day in (1, 8, 15, 22, 29))


def use(warehouse: Warehouse, day: str, *teams: str, service: str = "auth") -> None:
    """An ok request of each team at noon; a probe, so that the gateway was heard of even when nobody used it."""
    groups: list[dict[str, Any]] = [{"team": team, "consumer": f"{team}-app"} for team in teams]
    warehouse.traffic(service, f"{day} 12:00", *groups, {"consumer": "probe", "is_synthetic": 1})


def grant(warehouse: Warehouse, team: str, relation: str, day: str, *, dated: bool = True, **data: Any) -> None:
    when = {"valid_from": day} if dated else {}
    warehouse.catalog("grant", day, team=team, service="auth", relation=relation, **when, **data)


def rates(warehouse: Warehouse, population: str) -> dict[date, tuple[Any, ...]]:
    rows = warehouse.rows(
        "SELECT period_start, numerator, denominator, null_reason, is_default, outside_teams FROM adoption_rate"
        f" WHERE population = '{population}'"
    )
    return {row["period_start"]: tuple(row.values())[1:] for row in rows}


def test_three_populations_each_at_the_last_instant_of_the_week(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-17 18:00")
    warehouse.platform("auth")
    warehouse.team("a", "b", "c", "d", "e")
    grant(warehouse, "a", "granted", "2026-06-02")
    grant(warehouse, "b", "eligible", "2026-06-02")
    grant(warehouse, "b", "opted_out", "2026-06-09")
    grant(warehouse, "c", "onboarded", "2026-06-10")
    grant(warehouse, "d", "alternative", "2026-06-02")
    grant(warehouse, "ghost", "eligible", "2026-06-02")  # a team that the catalog does not know
    for day in ("03", "10", "17"):
        use(warehouse, f"2026-06-{day}", "a", "b", "e")
    assert rates(warehouse, "all") == {
        W1: (3, 5, "", 0, []),
        W2: (3, 5, "", 0, []),
        W3: (3, 5, "", 0, []),
    }
    assert rates(warehouse, "applicable") == {
        W1: (2, 2, "", 1, ["e"]),  # of a, b
        W2: (1, 2, "", 1, ["b", "e"]),  # of a, c: b opted out, and its use is listed, not counted
        W3: (1, 2, "", 1, ["b", "e"]),
    }
    assert rates(warehouse, "alternatives")[W1] == (
        3,
        4,
        "",
        0,
        [],
    )  # of those known to use it (a, b, e) or another (d)


def test_where_the_catalog_says_nothing_all_is_the_default_and_named(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-10")
    warehouse.platform("auth")
    warehouse.team("a", "b")
    use(warehouse, "2026-06-03", "a")
    rows = warehouse.rows("SELECT population, is_default, value, null_reason FROM adoption_rate ORDER BY population")
    assert [tuple(row.values()) for row in rows] == [
        ("all", 1, 0.5, ""),
        ("alternatives", 0, None, "no_alternative"),
        ("applicable", 0, None, "not_said"),
    ]


def test_the_default_stays_the_same_along_a_trend_and_nobody_yet_is_no_rate(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-16")
    warehouse.platform("auth")
    warehouse.team("a")
    grant(warehouse, "a", "eligible", "2026-06-10")
    for day in ("03", "10"):
        use(warehouse, f"2026-06-{day}", "a")
    assert rates(warehouse, "applicable") == {W1: (0, 0, "no_team", 1, ["a"]), W2: (1, 1, "", 1, [])}


def test_a_grant_without_a_date_holds_back_to_the_beginning_and_ends_when_removed(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    grant(warehouse, "a", "eligible", "2026-06-10 15:00", dated=False)
    grant(warehouse, "a", "eligible", "2026-06-11", dated=False)  # said again: no change
    grant(warehouse, "a", "eligible", "2026-06-20", dated=False, removed=True)
    grant(warehouse, "a", "eligible", "2026-06-25", dated=False)
    rows = warehouse.rows("SELECT valid_from, valid_to, assumed FROM catalog_grants ORDER BY valid_from")
    assert [(f"{r['valid_from']:%m-%d}", r["valid_to"] and f"{r['valid_to']:%m-%d}", r["assumed"]) for r in rows] == [
        ("01-01", "06-20", 1),
        ("06-25", None, 0),
    ]


def test_sustained_is_active_in_three_of_the_last_four_closed_weeks(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")  # the week of 29 June runs
    warehouse.platform("auth")
    warehouse.team("a", "b", "c", "d")
    use(warehouse, "2026-06-03", "a", "b", "d")
    use(warehouse, "2026-06-10", "a", "b")
    use(warehouse, "2026-06-17", "a")
    use(warehouse, "2026-06-24", "b", "c")
    use(warehouse, "2026-06-30", "d")
    rows = warehouse.rows(
        "SELECT period_start, is_latest, periods, numerator, denominator, value, null_reason, ever_numerator,"
        " active_numerator, outside_teams FROM adoption_sustained WHERE is_default ORDER BY period_start"
    )
    assert [tuple(row.values()) for row in rows] == [
        (W1, 0, 1, 0, 4, None, "too_few_periods", 3, 3, []),
        (W2, 0, 2, 0, 4, None, "too_few_periods", 3, 2, []),
        (W3, 0, 3, 1, 4, 0.25, "", 3, 1, []),  # a in three of three
        (W4, 1, 4, 2, 4, 0.5, "", 4, 2, []),  # a and b in three of four; d tried it, c uses it now
    ]


def test_each_service_is_judged_at_its_natural_grain(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth", natural_grain="month")
    warehouse.platform("mail", natural_grain="day")
    warehouse.team("a")
    for month in ("03", "04", "05", "06"):
        use(warehouse, f"2026-{month}-01", "a")
    for day in ("27", "28", "29"):
        use(warehouse, f"2026-06-{day}", "a", service="mail")
    rows = warehouse.rows(
        "SELECT service, grain, period_start, periods, value FROM adoption_sustained WHERE is_default AND is_latest"
        " ORDER BY service"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("auth", "month", date(2026, 6, 1), 4, 1.0),
        ("mail", "day", date(2026, 6, 29), 3, 1.0),
    ]


def test_growth_and_rate_agree_the_unknown_team_is_marked_in_one_and_outside_the_other(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-10")
    warehouse.platform("auth")
    warehouse.team("a")
    warehouse.traffic("auth", "2026-06-03 12:00", {"team": "a"}, {"consumer": "stranger"}, {"consumer": "x"})
    growth = warehouse.rows("SELECT consumer_set, active, active_unknown FROM adoption_growth ORDER BY consumer_set")
    assert [tuple(row.values()) for row in growth] == [("consumer", 3, 2), ("team", 2, 1)]
    (rate,) = warehouse.rows("SELECT numerator, outside, outside_teams FROM adoption_rate WHERE is_default")
    assert tuple(rate.values()) == (1, 1, ["unknown"])
