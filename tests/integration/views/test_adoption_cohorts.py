"""Who stays, and on how many days they come: cohort retention and stickiness (METRICS 1).

Weeks of June 2026 begin on the 1st, 8th, 15th, 22nd and 29th.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.views.warehouse_rows import Warehouse

W1, W2, W3, W4 = date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 15), date(2026, 6, 22)


def use(warehouse: Warehouse, day: str, *teams: str, requests: int = 1) -> None:
    """Requests to `auth` at noon of a day, by the team that the record names."""
    groups = [{"team": team, "consumer": f"{team}-app", "requests": requests} for team in teams]
    warehouse.traffic("auth", f"{day} 12:00", *groups)


def cells(warehouse: Warehouse, grain: str, consumer_set: str = "team") -> list[tuple[Any, ...]]:
    return [
        tuple(row.values())
        for row in warehouse.rows(
            "SELECT cohort, periods_since, is_partial, numerator, denominator, value, shown, null_reason"
            f" FROM adoption_cohorts_{grain}ly WHERE consumer_set = '{consumer_set}'"
            " ORDER BY cohort, periods_since"
        )
    ]


def test_a_cohort_is_the_period_of_first_use_and_each_cell_the_share_that_came_again(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-24")
    warehouse.platform("auth")
    use(warehouse, "2026-06-02", "a", "b", "c", "d", "e")
    use(warehouse, "2026-06-09", "a", "b", "f")
    use(warehouse, "2026-06-16", "a", "c", "d")
    use(warehouse, "2026-06-23", "a", "f")  # the week still runs
    few = "below_n_min"
    assert cells(warehouse, "week") == [
        (W1, 0, 0, 5, 5, 1.0, 1.0, ""),
        (W1, 1, 0, 2, 5, 0.4, 0.4, ""),
        (W1, 2, 0, 3, 5, 0.6, 0.6, ""),
        (W1, 3, 1, 1, 5, 0.2, 0.2, ""),
        (W2, 0, 0, 1, 1, 1.0, None, few),
        (W2, 1, 0, 0, 1, 0.0, None, few),
        (W2, 2, 1, 1, 1, 1.0, None, few),
    ]
    assert cells(warehouse, "month") == [(W1, 0, 1, 6, 6, 1.0, 1.0, "")]
    assert cells(warehouse, "quarter") == [(date(2026, 4, 1), 0, 1, 6, 6, 1.0, 1.0, "")]


def test_a_backfill_moves_everybody_to_the_cohort_of_their_first_use(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-24")
    warehouse.platform("auth")
    use(warehouse, "2026-06-16", "a", "b")
    assert cells(warehouse, "week")[0][:5] == (W3, 0, 0, 2, 2)
    use(warehouse, "2026-06-02", "a")
    assert [cell[:5] for cell in cells(warehouse, "week") if cell[1] in {0, 2}] == [
        (W1, 0, 0, 1, 1),
        (W1, 2, 0, 1, 1),
        (W3, 0, 0, 1, 1),
    ]


def test_months_and_quarters_are_counted_on_the_calendar_and_silence_of_everybody_is_no_cell(
    warehouse: Warehouse,
) -> None:
    warehouse.now("2026-07-20")
    warehouse.platform("auth")
    use(warehouse, "2025-11-30", "a")
    use(warehouse, "2026-01-01", "a")  # nothing was heard of in December
    use(warehouse, "2026-06-30", "a")
    assert [cell[:4] for cell in cells(warehouse, "month")] == [
        (date(2025, 11, 1), 0, 0, 1),
        (date(2025, 11, 1), 2, 0, 1),
        (date(2025, 11, 1), 7, 0, 1),
    ]
    assert [cell[1:4] for cell in cells(warehouse, "quarter")] == [(0, 0, 1), (1, 0, 1), (2, 0, 1)]


def test_callers_and_the_services_behind_them_have_cohorts_and_unknown_teams_have_none(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-16")
    warehouse.platform("auth", active_min=4)
    warehouse.catalog("service", "2026-01-01", service="pay")
    for key in ("key-1", "key-2"):
        warehouse.catalog("consumer", "2026-01-01", consumer=key, service="pay")
    warehouse.traffic(
        "auth",
        "2026-06-02 12:00",
        {"consumer": "key-1", "requests": 2},
        {"consumer": "key-2", "requests": 2},  # together they make the service active
        {"consumer": "stranger", "requests": 9},
        {"requests": 9},
        {"team": "a", "requests": 4},
    )
    members = (
        "SELECT consumer_set, member FROM adoption_members_by(from = '2026-01-01', to = '2027-01-01', grain = 'week')"
    )
    assert sorted(tuple(row.values()) for row in warehouse.rows(members)) == [
        ("consumer", "stranger"),
        ("consumer", "team:a"),
        ("service", "pay"),
        ("team", "a"),
    ]
    assert [cells(warehouse, "week", each)[0][4] for each in ("team", "consumer", "service")] == [1, 2, 1]


def stickiness(warehouse: Warehouse, grain: str, consumer_set: str = "team") -> dict[str, Any]:
    where = f"consumer_set = '{consumer_set}'"
    (row,) = warehouse.rows(f"SELECT * FROM adoption_stickiness_{grain}ly WHERE {where} ORDER BY period_start LIMIT 1")
    return row


def test_stickiness_is_the_sum_of_daily_users_by_days_times_users(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-05")
    warehouse.platform("auth")
    for day in range(1, 8):
        teams = ["daily", *(["twice"] if day in {2, 5} else []), *(["once"] if day == 7 else [])]
        use(warehouse, f"2026-06-{day:02}", *teams)
    week = stickiness(warehouse, "week")
    assert (week["days"], week["active"], week["by_days"]) == (7, 3, [0, 1, 1, 0, 0, 0, 0, 1])
    assert (week["numerator"], week["denominator"], week["value"], week["daily_active"]) == (10, 21, 10 / 21, 10 / 7)
    month = stickiness(warehouse, "month")
    assert (month["days"], month["active"], month["numerator"], month["denominator"]) == (30, 3, 10, 90)
    assert (sum(month["by_days"]), month["by_days"][7], month["daily_active"]) == (3, 1, 10 / 30)


def test_a_running_period_divides_by_its_days_gone_and_one_without_users_is_null(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-10 09:00")
    warehouse.platform("auth")
    warehouse.traffic("auth", "2026-06-02 12:00", {"team": "a", "outcome": "error"})
    use(warehouse, "2026-06-08", "a")
    rows = warehouse.rows(
        "SELECT period_start, is_partial, days, numerator, denominator, value, null_reason"
        " FROM adoption_stickiness_weekly WHERE consumer_set = 'team' ORDER BY period_start"
    )
    assert [tuple(row.values()) for row in rows] == [
        (W1, 0, 7, 0, 0, None, "none_active"),
        (W2, 1, 3, 1, 3, 1 / 3, ""),
    ]


def test_active_on_no_day_by_itself_is_still_active_in_the_period(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-05")
    warehouse.platform("auth", active_min=3)
    use(warehouse, "2026-06-01", "a", requests=2)
    use(warehouse, "2026-06-02", "a", requests=2)
    week = stickiness(warehouse, "week")
    assert (week["active"], week["numerator"], week["by_days"][0]) == (1, 0, 1)


def test_a_caller_of_two_teams_is_counted_once_and_the_ratio_never_exceeds_one(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-05")
    warehouse.platform("auth")
    for day in range(1, 8):
        team = "old" if day < 7 else "young"
        groups = [{"team": team, "consumer": "x"}, {"team": "young", "consumer": "y"}]
        warehouse.traffic("auth", f"2026-06-{day:02} 12:00", *groups)
    week = stickiness(warehouse, "week")
    assert (week["active"], week["numerator"], week["value"]) == (1, 7, 1.0)  # both callers are young's in this week
    assert stickiness(warehouse, "week", "consumer")["numerator"] == 14


def test_days_are_cut_in_the_tenants_zone(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-07-05")
    in_berlin.platform("auth")
    for time in ("2026-05-31 22:30", "2026-06-01 21:30"):  # 00:30 and 23:30 of one day in Berlin
        in_berlin.traffic("auth", time, {"team": "a", "consumer": "x"})
    in_berlin.traffic("auth", "2026-06-01 22:00", {"team": "a", "consumer": "x"})  # the next day
    week = stickiness(in_berlin, "week")
    assert (week["period_start"], week["numerator"], week["by_days"][2]) == (W1, 2, 1)
