"""Objectives, error budgets, burn rates, and how far trouble reached (METRICS 4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.integration.views.warehouse_rows import Warehouse, at


def objective(warehouse: Warehouse, value: float, time: str = "2026-01-01", service: str = "pay", **more: Any) -> None:
    warehouse.catalog("slo", time, service=service, objective=value, **more)


def test_an_objective_is_dated_and_the_first_holds_back(warehouse: Warehouse) -> None:
    """Of two on the 10th the later stands; saying it again on the 12th changes nothing; the 20th takes it away."""
    warehouse.now("2026-07-01")
    objective(warehouse, 0.99, "2026-06-01 09:00", window_days=28)
    objective(warehouse, 0.5, "2026-06-10 09:00")
    objective(warehouse, 0.999, "2026-06-10 18:00", counts_limited=True)
    objective(warehouse, 0.999, "2026-06-12", counts_limited=True)
    objective(warehouse, 0.999, "2026-06-20 12:00", counts_limited=True, removed=True)
    objective(warehouse, 0.99, "2026-06-21", window_days=28, removed=True)
    rows = warehouse.rows("SELECT * FROM slo_objectives ORDER BY valid_from")
    assert [tuple(row.values())[1:] for row in rows] == [
        (0.99, 28, 0, at("2000-01-01"), at("2026-06-01"), 1),
        (0.99, 28, 0, at("2026-06-01"), at("2026-06-10"), 0),
        (0.999, 30, 1, at("2026-06-10"), at("2026-06-20"), 0),
        (None, 0, 0, at("2026-06-20"), None, 0),
    ]


def test_the_removal_of_another_objective_takes_nothing_away(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    objective(warehouse, 0.99, "2026-06-01")
    objective(warehouse, 0.999, "2026-06-05")
    objective(warehouse, 0.99, "2026-06-06", removed=True)
    assert warehouse.column("SELECT objective FROM slo_objectives WHERE isNull(valid_to)") == [0.999]


def spent(warehouse: Warehouse, day: str, service: str = "pay", **requests: int) -> None:
    """Requests of a day by outcome."""
    groups = [{"requests": count, "outcome": outcome} for outcome, count in requests.items() if count]
    warehouse.traffic(service, f"{day} 10:00", *groups)


def test_the_error_budget_of_a_rolling_window(warehouse: Warehouse) -> None:
    """Three days, 90 %; 10, 20, 30 and 40 requests, of which 2, 0, 1 and 5 failed. On the 4th, 84 of 90 went well: the
    budget is 9 requests, 6 are used, a third is left.
    """
    warehouse.now("2026-06-05 12:00")
    objective(warehouse, 0.9, window_days=3)
    for day, total, failed in ((1, 10, 2), (2, 20, 0), (3, 30, 1), (4, 40, 5)):
        spent(warehouse, f"2026-06-{day:02}", ok=total - failed, error=failed)
    days = "slo_days(from = toDate('2026-06-01'), to = toDate('2026-06-08'))"
    rows = warehouse.rows(f"SELECT * FROM {days} ORDER BY period_start")
    assert [(row["period_start"].day, row["numerator"], row["denominator"], row["is_met"]) for row in rows] == [
        (1, 8, 10, 0), (2, 28, 30, 1), (3, 57, 60, 1), (4, 84, 90, 1), (5, 64, 70, 1)
    ]  # fmt: skip
    fourth = rows[3]
    assert (fourth["objective"], fourth["window_days"], fourth["failed"]) == (0.9, 3, 6)
    assert fourth["budget_requests"] == pytest.approx(9)
    assert fourth["budget_used"] == pytest.approx(6 / 9)
    assert fourth["budget_left"] == pytest.approx(3 / 9)
    assert rows[0]["budget_left"] == pytest.approx(-1), "twice the budget is used"
    (now,) = warehouse.rows("SELECT * FROM slo")
    assert {name: value for name, value in now.items() if name != "since"} == rows[4]
    assert (now["period_start"], now["is_partial"], now["since"]) == (date(2026, 6, 5), 1, at("2026-01-01"))
    warehouse.now("2026-06-09 12:00")
    (later,) = warehouse.rows("SELECT * FROM slo")
    assert (later["value"], later["budget_left"], later["null_reason"], later["denominator"]) == (
        None,
        None,
        "no_traffic",
        0,
    )


def test_limited_uses_the_budget_only_where_the_objective_counts_it(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-02")
    objective(warehouse, 0.9)
    objective(warehouse, 0.9, service="cart", counts_limited=True)
    for service in ("pay", "cart"):
        spent(warehouse, "2026-06-01", service, ok=8, error=1, limited=1)
    found = warehouse.rows("SELECT service, numerator, denominator, failed FROM slo ORDER BY service")
    assert [tuple(row.values()) for row in found] == [("cart", 8, 10, 2), ("pay", 8, 9, 1)]


def test_whether_limited_counts_says_the_objective_of_each_day(warehouse: Warehouse) -> None:
    """From the 2nd on 429s count; those of the 1st were within what had been agreed, and stay so."""
    warehouse.now("2026-06-03")
    objective(warehouse, 0.9, "2026-05-01")
    objective(warehouse, 0.9, "2026-06-02", counts_limited=True)
    spent(warehouse, "2026-06-01", ok=80, error=2, limited=18)
    spent(warehouse, "2026-06-02", ok=90, error=4, limited=6)
    days = "slo_days(from = toDate('2026-06-01'), to = toDate('2026-06-03'))"
    found = warehouse.rows(f"SELECT numerator, denominator, failed FROM {days} ORDER BY period_start")
    assert [tuple(row.values()) for row in found] == [(80, 82, 2), (170, 182, 12)]
    both = "availability(from = '2026-06-01', to = '2026-06-03', grain = 'range', scope = 'service')"
    assert [tuple(row.values()) for row in warehouse.rows(f"SELECT numerator, denominator FROM {both}")] == [(170, 182)]
    (three,) = [alert for minutes, alert in burning(warehouse).items() if minutes == 4320]
    assert three["long_failed"] == 12


def test_a_service_without_an_objective_has_no_budget(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-02")
    spent(warehouse, "2026-06-01", ok=8, error=1)
    assert warehouse.rows("SELECT * FROM slo") == []
    assert warehouse.rows("SELECT * FROM slo_burn") == []


def burning(warehouse: Warehouse) -> dict[int, dict[str, Any]]:
    """Length of the long window in minutes → alert."""
    return {
        row["long_minutes"]: row for row in warehouse.rows("SELECT * FROM slo_burn ORDER BY long_minutes, severity")
    }


def test_thresholds_of_a_30_day_window_are_those_of_the_workbook(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-02")
    objective(warehouse, 0.999)
    found = warehouse.rows("SELECT * FROM slo_burn ORDER BY long_minutes")
    shown = ("severity", "budget_share", "long_minutes", "short_minutes", "threshold")
    assert [tuple(row[name] for name in shown) for row in found] == [
        ("page", 0.02, 60, 5, 14.4),
        ("page", 0.05, 360, 30, 6),
        ("ticket", 0.1, 1440, 120, 3),
        ("ticket", 0.1, 4320, 360, 1),
    ]
    assert {(row["is_firing"], row["long_burn"], row["null_reason"]) for row in found} == {(None, None, "no_traffic")}


def test_thresholds_follow_the_objectives_window(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-02")
    objective(warehouse, 0.999, window_days=7)
    assert [alert["threshold"] for alert in burning(warehouse).values()] == [3.36, 1.4, 0.7, pytest.approx(7 / 30)]


def test_an_alert_fires_at_its_threshold(warehouse: Warehouse) -> None:
    """144 of 10,000 in the last five minutes are 14.4 times the budget of 99.9 %, and 143 are less."""
    objective(warehouse, 0.999)
    warehouse.now("2026-06-01 11:00")
    for failures, fires in ((144, 1), (143, 0)):
        outcomes = {"ok": 10_000 - failures, "error": failures}
        groups = [{"minute": 58, "requests": requests, "outcome": outcome} for outcome, requests in outcomes.items()]
        warehouse.traffic("pay", "2026-06-01 10:00", *groups)
        assert burning(warehouse)[60]["is_firing"] == fires


def test_an_alert_fires_when_both_windows_burn_and_ends_soon_after_the_trouble(warehouse: Warehouse) -> None:
    """99 %: a minute with 1 error of 5 burns 20 times. From 10:50 to 10:59 all do, all was well before: of the hour
    until 11:00 10 of 300 failed, 3.3 times the budget: a ticket (3 over a day), no page. Then only errors: a page.
    """
    objective(warehouse, 0.99)
    well = [{"minute": minute, "requests": 5} for minute in range(50)]
    bad = [{"minute": m, "requests": r, "outcome": o} for m in range(50, 60) for r, o in ((4, "ok"), (1, "error"))]
    warehouse.traffic("pay", "2026-06-01 10:00", *well, *bad)
    warehouse.now("2026-06-01 11:00:59")
    hour, _, day, three = burning(warehouse).values()
    assert (hour["long_failed"], hour["long_denominator"], hour["is_firing"]) == (10, 300, 0)
    assert hour["long_burn"] == pytest.approx(10 / 3)
    assert (hour["short_failed"], hour["short_denominator"]) == (5, 25)
    assert hour["short_burn"] == pytest.approx(20)
    assert (day["is_firing"], three["is_firing"]) == (1, 1)
    worse = [{"minute": minute, "requests": 5, "outcome": "error"} for minute in range(30)]
    warehouse.traffic("pay", "2026-06-01 11:00", *worse, {"minute": 30, "outcome": "error"})
    warehouse.now("2026-06-01 11:30")
    hour, six, *_ = burning(warehouse).values()
    assert (hour["long_failed"], hour["long_denominator"]) == (160, 300), "10:30 to 11:29"
    assert (hour["is_firing"], six["is_firing"]) == (1, 1)
    warehouse.traffic("pay", "2026-06-01 11:00", *worse, *({"minute": m, "requests": 50} for m in range(30, 40)))
    warehouse.now("2026-06-01 11:40")
    hour, *_ = burning(warehouse).values()
    assert (hour["is_firing"], hour["short_failed"], hour["short_burn"]) == (0, 0, 0.0)
    assert hour["long_burn"] > hour["threshold"], "only the short window says that it is over"


def failed(count: int = 1, minute: int = 0, **caller: Any) -> dict[str, Any]:
    return {"requests": count, "minute": minute, "outcome": "error", **caller}


def test_blast_radius_is_the_teams_whose_requests_failed_while_it_lasted(warehouse: Warehouse) -> None:
    """10:10:30 to 11:05: minutes 10:10 to 11:04. Before and after it, other outcomes and staging are not its."""
    warehouse.now("2026-06-02")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.owner("cart", "checkout", "2026-01-01")
    warehouse.owner("key-7", "web", "2026-01-01", entity="consumer")
    warehouse.catalog("service", "2026-01-01", service="cart")
    warehouse.traffic(
        "pay",
        "2026-06-01 10:00",
        failed(100, 9, team="early"),
        failed(3, 10, team="named"),
        failed(4, 20, consumer="cart"),
        failed(5, 30, consumer="key-7"),
        failed(6, 59, consumer="stranger"),
        failed(100, 30, team="tester", environment="staging"),
        {"minute": 30, "requests": 50, "team": "lucky"},
    )
    warehouse.traffic("pay", "2026-06-01 11:00", failed(2, 4, team="named", consumer="x"), failed(100, 5, team="late"))
    warehouse.traffic("other", "2026-06-01 10:00", failed(100, 30, team="neighbour"))
    begun = {"incident": "i1", "episode": 0, "at": "2026-06-01 10:10:30", "resolved_at": "2026-06-01 11:05:00"}
    warehouse.facts("pay", incidents=[{**begun, "rule": "unattributed"}])
    (row,) = warehouse.rows("SELECT * FROM blast_radius")
    assert (row["service"], row["team"], row["rule"], row["seconds"]) == ("pay", "payments", "unattributed", 3270.0)
    assert (row["failed"], row["requests"]) == (20, 70)
    assert (row["teams"], row["team_names"]) == (3, ["checkout", "named", "unknown", "web"])
    assert (row["team_failed"], row["failed_unknown"]) == ([4, 5, 6, 5], 6)
    assert row["consumers"] == 4, "cart, key-7, stranger, x; who named no identity is no consumer"


def test_callers_of_whom_nothing_is_known_are_no_team_and_their_requests_stand_beside(warehouse: Warehouse) -> None:
    """Two strangers and one without a name: three that may be three teams, or one."""
    warehouse.now("2026-06-02")
    warehouse.traffic(
        "pay",
        "2026-06-01 10:00",
        failed(1, 10, consumer="stranger"),
        failed(2, 11, consumer="other"),
        failed(4, 12),
        failed(8, 13, team="web"),
    )
    begun = {"incident": "i1", "episode": 0, "at": "2026-06-01 10:00:00", "resolved_at": "2026-06-01 11:00:00"}
    warehouse.facts("pay", incidents=[{**begun, "rule": "unattributed"}])
    shown = "SELECT failed, failed_unknown, teams, team_names, team_failed, consumers FROM blast_radius"
    assert [tuple(row.values()) for row in warehouse.rows(shown)] == [(15, 7, 1, ["unknown", "web"], [7, 8], 2)]


def test_reopenings_are_episodes_of_their_own_and_silence_is_not_zero_failures(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-01 12:30:30")
    warehouse.traffic("pay", "2026-06-01 10:00", failed(3, 30, team="a"))
    warehouse.traffic("pay", "2026-06-01 12:00", failed(4, 30, team="b"))
    episodes = [
        ("2026-06-01 10:00:00", "2026-06-01 11:00:00", "window", "r1"),
        ("2026-06-01 11:10:00", "2026-06-01 11:20:00", "unattributed", ""),
        ("2026-06-01 12:00:00", None, "unattributed", ""),
    ]
    warehouse.facts(
        "pay",
        incidents=[
            {"incident": "i1", "episode": n, "at": begun, "resolved_at": over, "rule": rule, "release": release}
            for n, (begun, over, rule, release) in enumerate(episodes)
        ],
    )
    rows = warehouse.rows("SELECT * FROM blast_radius ORDER BY episode")
    assert [(row["failed"], row["requests"], row["team_names"], row["null_reason"]) for row in rows] == [
        (3, 3, ["a"], ""), (None, None, [], "no_traffic"), (4, 4, ["b"], "")
    ]  # fmt: skip
    assert [row["failed_unknown"] for row in rows] == [0, None, 0]
    month = "incident_episodes(from = toDate('2026-06-01'), to = toDate('2026-07-01'), grain = 'month')"
    (row,) = warehouse.rows(f"SELECT * FROM {month}")
    assert (row["episodes"], row["incidents"], row["reopenings"], row["unattributed"]) == (3, 1, 2, 2)
    assert (row["p50_seconds"], row["p90_seconds"], row["n"], row["n_open"]) == (2100.0, 3300.0, 2, 1)


def test_affected_teams_of_a_period(in_berlin: Warehouse) -> None:
    """22:30 UTC of the 1st is the 2nd in Berlin. A caller that changes its owner takes its later failures with it."""
    in_berlin.now("2026-07-01")
    in_berlin.owner("key-7", "web", "2026-01-01", entity="consumer")
    in_berlin.owner("key-7", "mobile", "2026-06-02 12:00", entity="consumer")
    in_berlin.traffic("pay", "2026-06-01 21:00", failed(2, 30, consumer="key-7", route="/a"), failed(1, 31, team="a"))
    in_berlin.traffic("pay", "2026-06-01 22:00", failed(4, 30, consumer="key-7", route="/b"), {"team": "lucky"})
    source = "slo_affected_teams(from = toDate('2026-06-01'), to = toDate('2026-07-01'), grain = '{}')"
    days = in_berlin.rows(f"SELECT * FROM {source.format('day')} ORDER BY period_start, team")
    assert [(row["period_start"].day, row["team"], row["failed"], row["routes"]) for row in days] == [
        (1, "a", 1, ["/"]), (1, "web", 2, ["/a"]), (2, "mobile", 4, ["/b"])
    ]  # fmt: skip
    month = in_berlin.rows(f"SELECT * FROM {source.format('month')} ORDER BY team")
    assert [(row["team"], row["failed"], row["minutes"], row["consumers"]) for row in month] == [
        ("a", 1, 1, 0), ("mobile", 4, 1, 1), ("web", 2, 1, 1)
    ]  # fmt: skip
