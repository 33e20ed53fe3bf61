"""Tiers, the quick check and the stages of change lead time out of facts, numbers worked out by hand (METRICS 3)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.integration.views.golden_rows import golden
from tests.integration.views.warehouse_rows import Warehouse

JUNE = "from = '2026-06-01', to = '2026-07-01', grain = 'month', scope"
HOUR = 3_600_000_000


def releases(count: int, failures: int, month: str = "2026-06") -> list[dict[str, Any]]:
    """Of so many releases the first ones failed and are not recovered."""
    made = []
    for number in range(count):
        at = f"{month}-{number % 28 + 1:02} {number // 28:02}:00"
        failed = {"is_failed": 1, "failed_at": at, "failure_reasons": ["incident"]} if number < failures else {}
        made.append({"release": f"r{number}", "at": at, "finished_at": at, **failed})
    return made


def tiers(warehouse: Warehouse, metric: str, service: str = "pay") -> dict[str, tuple[str, str]]:
    rows = warehouse.rows(
        f"SELECT edition, tier, null_reason FROM velocity_tiers({JUNE} = 'service')"
        f" WHERE metric = '{metric}' AND service = '{service}'"
    )
    return {row["edition"]: (row["tier"], row["null_reason"]) for row in rows}


def test_bounds_are_data_and_not_monotonic(warehouse: Warehouse) -> None:
    rows = warehouse.rows("SELECT edition, tier, upper FROM tiers WHERE metric = 'change_fail_ratio' ORDER BY position")
    assert [row["upper"] for row in rows if row["edition"] == "2021"] == [0.15, 0.2, 0.3, 1]
    assert [row["upper"] for row in rows if row["edition"] == "2024"] == [0.05, 0.2, 0.1, 1]
    counts = warehouse.rows("SELECT edition, count() AS n FROM tiers GROUP BY edition ORDER BY edition")
    assert [tuple(row.values()) for row in counts] == [("2021", 16), ("2023", 16), ("2024", 16), ("2026", 18)]


@pytest.mark.parametrize(
    ("count", "failures", "expected"),
    [
        (20, 0, ("elite", "elite", "elite")),
        (20, 1, ("elite", "elite", "elite")),  # exactly 5 %
        (50, 4, ("elite", "high", "medium")),  # 8 %: the better tier of 2024 has the higher rate
        (20, 3, ("elite", "medium", "high")),  # exactly 15 %
        (20, 4, ("high", "low", "high")),
        (4, 2, ("", "", "")),  # under 5 attempts no rate is shown
    ],
)
def test_fail_rate(warehouse: Warehouse, count: int, failures: int, expected: tuple[str, str, str]) -> None:
    warehouse.now("2026-07-10")
    warehouse.facts("pay", releases=releases(count, failures))
    reason = "below_n_min" if count < 5 else ""
    found = tiers(warehouse, "change_fail_ratio")
    assert found == {year: (tier, reason) for year, tier in zip(("2021", "2023", "2024"), expected, strict=True)}


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (31, ("elite", "elite", "elite")),
        (30, ("high", "high", "high")),  # exactly once a day
        (4, ("high", "medium", "medium")),
        (1, ("high", "medium", "medium")),  # once in a month of 30 days is monthly
    ],
)
def test_deployment_frequency(warehouse: Warehouse, count: int, expected: tuple[str, str, str]) -> None:
    warehouse.now("2026-07-10")
    warehouse.facts("pay", releases=releases(count, 0))
    found = tiers(warehouse, "deployment_frequency_per_day")
    assert found == {year: (tier, "") for year, tier in zip(("2021", "2023", "2024"), expected, strict=True)}


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0.5, ("elite", "elite", "elite")),
        (2, ("high", "high", "high")),  # in 2024 of two that hold the better
        (48, ("medium", "medium", "")),  # in 2024 there is none between a day and a week
        (9 * 24, ("low", "low", "low")),
    ],
)
def test_recovery(warehouse: Warehouse, hours: float, expected: tuple[str, str, str]) -> None:
    warehouse.now("2026-08-10")
    recovered = f"2026-06-{1 + int(hours // 24):02} {int(hours % 24):02}:{int(hours * 60 % 60):02}"
    (failed,) = releases(1, 1)
    warehouse.facts("pay", releases=[{**failed, "recovered_at": recovered}])
    found = tiers(warehouse, "failed_deployment_recovery_time_p50_seconds")
    reasons = ["" if tier else "outside_tiers" for tier in expected]
    assert found == dict(zip(("2021", "2023", "2024"), zip(expected, reasons, strict=True), strict=True))


def test_the_golden_history_in_the_edition_that_is_set_and_the_others_beside_it(warehouse: Warehouse) -> None:
    golden(warehouse)
    rows = warehouse.rows(
        "SELECT metric, tier, value FROM velocity_tiers_monthly WHERE service = 'pay' AND is_headline"
    )
    assert {row["metric"]: (row["tier"], row["value"]) for row in rows} == {
        "deployment_frequency_per_day": ("high", 0.2),
        "change_lead_time_p50_seconds": ("high", 38 * 3600),
        "change_fail_ratio": ("high", 1 / 6),
        "failed_deployment_recovery_time_p50_seconds": ("high", 3600),
    }
    assert warehouse.column("SELECT DISTINCT edition FROM velocity_tiers_monthly WHERE is_headline") == ["2024"]
    # The running month and quarter have none.
    assert warehouse.column("SELECT DISTINCT period_start FROM velocity_tiers_monthly") == [date(2026, 6, 1)]
    assert warehouse.column("SELECT DISTINCT period_start FROM velocity_tiers_quarterly") == [date(2026, 4, 1)]
    team = warehouse.rows(f"SELECT tier FROM velocity_tiers({JUNE} = 'team') WHERE team = 'payments' AND is_headline")
    assert len(team) == 4


def test_the_quick_check_of_the_golden_history(warehouse: Warehouse) -> None:
    golden(warehouse)
    rows = warehouse.rows("SELECT * FROM quick_check_monthly ORDER BY service")
    cart, pay = rows
    assert pay["deployment_frequency_score"] == 6  # 0.2 a day: between daily and weekly
    assert pay["change_lead_time_score"] == 6  # 38 h
    assert pay["recovery_time_score"] == 8  # exactly 1 h
    assert pay["change_fail_score"] == pytest.approx(10 * 5 / 6)
    assert pay["deployment_rework_score"] == pytest.approx(10 * 4 / 6)
    assert (pay["value"], pay["n"]) == (pytest.approx((6 + 6 + 8 + 50 / 6 + 40 / 6) / 5), 5)
    # One deployment: rates are not shown, there was no failure; the mean is of what there is.
    assert (cart["change_fail_score"], cart["recovery_time_score"]) == (None, None)
    assert (cart["deployment_frequency_score"], cart["change_lead_time_score"]) == (4, 8)
    assert (cart["value"], cart["n"]) == (6, 2)


def test_the_best_and_the_worst_of_the_quick_check(warehouse: Warehouse) -> None:
    warehouse.now("2027-01-10")
    warehouse.facts("best", releases=releases(25, 0, "2026-06"), commits=[
        {"sha": "a", "release": "r0", "at": "2026-06-01", "lead_time_us": HOUR // 2}
    ])  # fmt: skip
    commits = [{"sha": "a", "release": "r0", "at": "2026-06-01", "lead_time_us": 185 * 24 * HOUR}]
    warehouse.facts("worst", releases=releases(1, 0), commits=commits)
    day = "from = '2026-06-01', to = '2026-06-02', grain = 'range', scope = 'service'"
    score = "deployment_frequency_score, change_lead_time_score"
    many = [{"release": f"r{n}", "at": "2026-06-01", "finished_at": "2026-06-01"} for n in range(25)]
    warehouse.facts("often", releases=many)
    rows = warehouse.rows(f"SELECT service, {score} FROM quick_check({day})")
    assert {row["service"]: tuple(row.values())[1:] for row in rows} == {
        "best": (8, 10), "worst": (8, 0), "often": (10, None),
    }  # fmt: skip
    half = "from = '2026-06-02', to = '2027-01-01', grain = 'range', scope = 'service'"
    (worst,) = warehouse.column(f"SELECT deployment_frequency_score FROM quick_check({half}) WHERE service = 'worst'")
    assert worst == 0


def test_stages(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-10")
    at = "2026-06-10"
    commits = [
        {"sha": "a", "at": at, "coding_us": 2 * HOUR, "review_us": HOUR, "merge_us": HOUR, "deploy_us": 4 * HOUR},
        {"sha": "b", "at": at, "coding_us": 4 * HOUR, "review_us": None, "merge_us": None, "deploy_us": 5 * HOUR},
        {"sha": "c", "at": at},
        {"sha": "m", "at": at, "coding_us": 90 * HOUR, "not_counted": "merge_commit"},
    ]
    warehouse.facts("pay", releases=releases(10, 0), commits=commits)
    rows = warehouse.rows(
        "SELECT stage, p50_seconds, p75_seconds, p90_seconds, n, n_commits FROM change_lead_time_stages_monthly"
        " WHERE period_start = '2026-06-01' ORDER BY position"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("coding", 3 * 3600, 3.5 * 3600, 3.8 * 3600, 2, 3),
        ("review", 3600, 3600, 3600, 1, 3),
        ("merge", 3600, 3600, 3600, 1, 3),
        ("deploy", 4.5 * 3600, 4.75 * 3600, 4.9 * 3600, 2, 3),
    ]
    idle = "SELECT DISTINCT p50_seconds, n FROM change_lead_time_stages_weekly WHERE period_start = '2026-06-15'"
    assert warehouse.rows(idle) == [{"p50_seconds": None, "n": 0}]
    total = f"SELECT stage, n FROM change_lead_time_stages({JUNE} = 'organisation') ORDER BY position"
    assert [row["n"] for row in warehouse.rows(total)] == [2, 1, 1, 2]
