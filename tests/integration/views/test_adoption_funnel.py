"""From access to sustained use, team by team: steps, conversion, time to adopt, and who is stuck (METRICS 1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.views.warehouse_rows import Warehouse, at

HOUR, DAY = 3600.0, 86_400.0


def call(warehouse: Warehouse, team: str, *times: str, outcome: str = "ok") -> None:
    """One request to `auth` of a team at each time, to the minute; no two in one hour."""
    for time in times:
        instants = {"first_at": at(time), "last_at": at(time)}
        warehouse.traffic("auth", time, {"team": team, "consumer": f"{team}-app", "outcome": outcome, **instants})


def grant(warehouse: Warehouse, team: str, time: str, relation: str = "granted", **data: Any) -> None:
    warehouse.catalog("grant", time, team=team, service="auth", relation=relation, **data)


def one(warehouse: Warehouse, sql: str) -> tuple[Any, ...]:
    (row,) = warehouse.rows(sql)
    return tuple(row.values())


def test_a_team_goes_from_access_to_sustained_use(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    grant(warehouse, "a", "2026-06-01 09:00")
    grant(warehouse, "a", "2026-06-02 09:00", "onboarded")
    call(warehouse, "a", "2026-06-03 10:30", outcome="client_error")
    call(warehouse, "a", "2026-06-03 11:00", "2026-06-03 12:00")  # the day of the first success is not a following one
    call(warehouse, "a", "2026-06-05 08:00", "2026-06-08 08:00", "2026-06-10 07:15", "2026-06-10 09:00")
    row = one(
        warehouse,
        "SELECT team, granted_at, onboarded_at, entered_at, first_call_at, first_ok_at, sustained_at, step, step_at,"
        " is_open, is_out_of_order, entered_to_first_call_seconds, first_call_to_first_ok_seconds,"
        " first_ok_to_sustained_seconds"
        " FROM adoption_funnel",
    )
    assert row == (
        "a",
        at("2026-06-01"),  # grants hold from the start of their day on
        at("2026-06-02"),
        at("2026-06-01"),
        at("2026-06-03 10:30"),
        at("2026-06-03 11:00"),
        at("2026-06-10 07:15"),  # third active day of the 4th to the 10th
        "sustained",
        at("2026-06-10 07:15"),
        0,
        0,
        2 * DAY + 10.5 * HOUR,
        0.5 * HOUR,
        7 * DAY - 3.75 * HOUR,
    )


def test_a_call_on_the_day_of_the_grant_is_in_order_whatever_its_hour(in_berlin: Warehouse) -> None:
    """Entered in the catalog in the afternoon, used since the morning: the 2nd began at 22:00 UTC in Berlin."""
    in_berlin.now("2026-07-01")
    in_berlin.platform("auth")
    grant(in_berlin, "a", "2026-06-02 13:00")
    call(in_berlin, "a", "2026-06-01 22:30")
    grant(in_berlin, "b", "2026-06-02 13:00")
    call(in_berlin, "b", "2026-06-01 21:30")  # the day before
    rows = in_berlin.rows("SELECT team, granted_at, status, value_seconds FROM adoption_time_to_adopt ORDER BY team")
    assert [tuple(row.values()) for row in rows] == [
        ("a", at("2026-06-01 22:00"), "done", 0.5 * HOUR),
        ("b", at("2026-06-01 22:00"), "before_access", -0.5 * HOUR),
    ]
    assert in_berlin.column("SELECT is_out_of_order FROM adoption_funnel ORDER BY team") == [0, 1]


@pytest.mark.parametrize(
    ("times", "sustained"),
    [
        (["2026-06-04 08:00", "2026-06-05 08:00"], None),
        (["2026-06-04 08:00", "2026-06-05 08:00", "2026-06-11 08:00"], None),
        (["2026-06-04 08:00", "2026-06-05 08:00", "2026-06-10 23:00"], "2026-06-10 23:00"),
    ],
    ids=["two days", "the third comes on the eighth day", "on the seventh"],
)
def test_sustained_is_three_of_the_seven_following_days(
    warehouse: Warehouse, times: list[str], sustained: str | None
) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    call(warehouse, "a", "2026-06-03 12:00", *times)
    assert one(warehouse, "SELECT step, sustained_at FROM adoption_funnel") == (
        "sustained" if sustained else "first_ok",
        at(sustained) if sustained else None,
    )


def test_a_day_is_active_with_active_min_uses_of_the_team_and_is_cut_in_the_tenants_zone(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-07-01")
    in_berlin.platform("auth", active_min=2)
    call(in_berlin, "a", "2026-06-03 12:00", "2026-06-04 12:00", "2026-06-05 12:00", "2026-06-06 12:00")
    assert one(in_berlin, "SELECT step FROM adoption_funnel") == ("first_ok",)  # once a day is too little
    call(in_berlin, "a", "2026-06-04 11:00", "2026-06-05 11:00", "2026-06-05 22:30")  # the last is the 6th in Berlin
    assert one(in_berlin, "SELECT sustained_at FROM adoption_funnel") == (at("2026-06-05 22:30"),)


def test_without_catalog_facts_the_first_step_is_null_and_a_call_before_access_is_out_of_order(
    warehouse: Warehouse,
) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    call(warehouse, "early", "2026-06-01 10:00")
    grant(warehouse, "early", "2026-06-02")
    call(warehouse, "wild", "2026-06-01 14:00", outcome="error")
    grant(warehouse, "waits", "2026-06-30")
    rows = warehouse.rows(
        "SELECT team, entered_at, step, is_out_of_order, entered_to_first_call_seconds, elapsed_seconds"
        " FROM adoption_funnel ORDER BY team"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("early", at("2026-06-02"), "first_ok", 1, None, 30 * DAY - 10 * HOUR),
        ("waits", at("2026-06-30"), "entered", 0, None, DAY),
        ("wild", None, "first_call", 0, None, 30 * DAY - 14 * HOUR),
    ]


def test_probes_do_not_enter_and_calls_of_no_known_team_stand_in_a_row_that_no_ratio_counts(
    warehouse: Warehouse,
) -> None:
    warehouse.now("2026-07-20")
    warehouse.platform("auth")
    warehouse.catalog("consumer", "2026-01-01", consumer="probe", is_synthetic=True)
    warehouse.traffic("auth", "2026-06-01 10:00", {"team": "a", "is_synthetic": 1}, {"team": "b", "consumer": "probe"})
    warehouse.traffic("auth", "2026-06-01 11:00", {"consumer": "stranger"})
    assert warehouse.column("SELECT team FROM adoption_funnel") == ["unknown"]
    assert warehouse.column("SELECT denominator FROM adoption_funnel_steps") == []


@pytest.mark.parametrize(
    ("again", "is_open", "gave_up"),
    [
        ([("granted", {"removed": True})], 0, "2026-06-10"),
        ([("opted_out", {})], 0, "2026-06-10"),
        ([("granted", {"removed": True}), ("granted", {})], 1, None),
        ([("opted_out", {}), ("opted_out", {"removed": True})], 1, None),
        ([("onboarded", {}), ("granted", {"removed": True})], 1, None),
    ],
    ids=["taken back", "opted out", "given again", "opted in again", "onboarded meanwhile"],
)
def test_who_has_no_access_any_more_is_not_waiting(
    warehouse: Warehouse, again: list[tuple[str, dict[str, Any]]], is_open: int, gave_up: str | None
) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    grant(warehouse, "a", "2026-06-01")
    for day, (relation, data) in enumerate(again, start=10):
        grant(warehouse, "a", f"2026-06-{day}", relation, **data)
    assert one(warehouse, "SELECT is_open, gave_up_at FROM adoption_funnel") == (
        is_open,
        at(gave_up) if gave_up else None,
    )
    status = "open" if is_open else "gave_up"
    assert one(warehouse, "SELECT status, is_open, value_seconds FROM adoption_time_to_adopt") == (status, 1, None)


def test_a_dissolved_team_is_not_waiting(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.catalog("team", "2026-01-01", team="a", dissolved_at="2026-06-20T00:00:00Z")
    grant(warehouse, "a", "2026-06-10")
    assert one(warehouse, "SELECT is_open, elapsed_seconds FROM adoption_funnel") == (0, 10 * DAY)


def test_conversion_counts_teams_whose_window_is_over(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    for number in range(1, 7):  # access on the 1st; calls after 1, 2, 3, 4 days; one after 29 days; one never
        grant(warehouse, f"t{number}", "2026-06-01")
    for number, day in enumerate(("02", "03", "04", "05", "30"), start=1):
        call(warehouse, f"t{number}", f"2026-06-{day}")
    grant(warehouse, "young", "2026-06-20")
    call(warehouse, "young", "2026-06-21")
    call(warehouse, "early", "2026-06-01")
    grant(warehouse, "early", "2026-06-02")
    grant(warehouse, "gone", "2026-06-01")
    grant(warehouse, "gone", "2026-06-05", removed=True)
    shown = (
        "step, numerator, denominator, value, shown, null_reason, n, n_open, n_out_of_order, p50_seconds, p75_seconds"
    )
    rows = warehouse.rows(f"SELECT {shown} FROM adoption_funnel_steps ORDER BY position")
    assert [tuple(row.values()) for row in rows] == [
        ("first_call", 4, 6, 4 / 6, 4 / 6, "", 6, 2, 1, 2.5 * DAY, 3.25 * DAY),
        ("first_ok", 3, 3, 1.0, None, "below_n_min", 3, 4, 0, 0.0, 0.0),  # since the 1st, 2nd and 3rd: early, t1, t2
        ("sustained", 0, 3, 0.0, None, "below_n_min", 3, 4, 0, None, None),
    ]
    (row,) = warehouse.rows(
        "SELECT numerator, denominator FROM adoption_funnel_within(days = 2) WHERE step = 'first_call'"
    )
    assert tuple(row.values()) == (3, 8)  # t1, t2 and young; gone had its two days


def test_what_nobody_entered_is_null_with_a_reason(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-05")
    warehouse.platform("auth")
    call(warehouse, "a", "2026-06-01 10:00")
    rows = warehouse.rows("SELECT step, value, null_reason FROM adoption_funnel_steps ORDER BY position")
    assert [tuple(row.values()) for row in rows] == [
        ("first_call", None, "no_team"),
        ("first_ok", None, "all_open"),
        ("sustained", None, "all_open"),
    ]


def test_time_to_adopt_is_first_success_minus_grant_and_open_ones_are_shown(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    for number, day in enumerate(("02", "03", "09"), start=1):
        grant(warehouse, f"t{number}", "2026-06-01")
        call(warehouse, f"t{number}", f"2026-06-{day}")
    grant(warehouse, "open", "2026-06-21")
    call(warehouse, "open", "2026-06-22", outcome="error")  # no success
    call(warehouse, "early", "2026-06-01")
    grant(warehouse, "early", "2026-06-02")
    grant(warehouse, "board", "2026-06-01", "onboarded")  # of its grant the catalog says nothing
    rows = warehouse.rows(
        "SELECT team, status, value_seconds, elapsed_seconds FROM adoption_time_to_adopt ORDER BY team"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("early", "before_access", -DAY, -DAY),
        ("open", "open", None, 10 * DAY),
        ("t1", "done", DAY, DAY),
        ("t2", "done", 2 * DAY, 2 * DAY),
        ("t3", "done", 8 * DAY, 8 * DAY),
    ]
    row = one(
        warehouse,
        "SELECT p50_seconds, p75_seconds, null_reason, n, n_open, n_before_access FROM adoption_time_to_adopt_services",
    )
    assert row == (2 * DAY, 5 * DAY, "", 3, 1, 1)


def test_without_anybody_who_adopted_it_the_time_is_null(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    grant(warehouse, "a", "2026-06-21")
    row = one(warehouse, "SELECT p50_seconds, null_reason, n, n_open FROM adoption_time_to_adopt_services")
    assert row == (None, "all_open", 0, 1)


def test_stalled_is_longer_in_a_step_than_the_p90_of_those_who_left_it(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    for number, day in enumerate(("02", "03", "04", "05", "06"), start=1):
        grant(warehouse, f"t{number}", "2026-06-01")
        call(warehouse, f"t{number}", f"2026-06-{day}", outcome="error")
    grant(warehouse, "slow", "2026-06-25")
    grant(warehouse, "young", "2026-06-27")
    rows = warehouse.rows("SELECT team, step, step_at, elapsed_seconds, p90_seconds, n FROM adoption_stalled")
    # p90 of 1, 2, 3, 4, 5 days is 4.6 = 397,440 s; nobody left the step first_call, so that nobody is late in it
    assert [tuple(row.values()) for row in rows] == [("slow", "entered", at("2026-06-25"), 6 * DAY, 397_440.0, 5)]


def test_what_is_later_than_the_pinned_now_has_not_happened(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    grant(warehouse, "a", "2026-06-01")
    call(warehouse, "a", "2026-06-10")
    grant(warehouse, "b", "2026-06-08")
    warehouse.now("2026-06-05", pinned=True)
    assert one(warehouse, "SELECT team, step, elapsed_seconds FROM adoption_funnel") == ("a", "entered", 4 * DAY)


def test_for_runs_the_first_counted_one_is_both_calls(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("ci-platform", capability="ci", aliases=["github"])
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.catalog("grant", "2026-06-01", team="payments", service="ci-platform", relation="granted")
    days = ("2026-06-02", "2026-06-04", "2026-06-05", "2026-06-09")
    runs = [{"at": day, "finished_at": day, "outcome": "failure", "run_id": day, "provider": "github"} for day in days]
    warehouse.facts("pay", ci_runs=runs)
    columns = "service, team, first_call_at, first_ok_at, sustained_at"
    assert one(warehouse, f"SELECT {columns} FROM adoption_funnel") == (
        "ci-platform",
        "payments",
        at("2026-06-02"),
        at("2026-06-02"),
        at("2026-06-09"),
    )
