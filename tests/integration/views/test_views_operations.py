"""The clock, periods, coverage, freshness, dead letters: what stands beside every number."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.views.golden_rows import golden
from tests.integration.views.warehouse_rows import Warehouse, at


def coverage(warehouse: Warehouse) -> dict[tuple[str, str], tuple[Any, ...]]:
    rows = warehouse.rows("SELECT family, reason, numerator, denominator, value FROM coverage")
    return {(row["family"], row["reason"]): (row["numerator"], row["denominator"], row["value"]) for row in rows}


def test_now_is_the_clocks_last_tick_unless_pinned(warehouse: Warehouse) -> None:
    assert warehouse.rows("SELECT * FROM as_of") == [{"at": None, "is_pinned": 0}]
    warehouse.now("2026-06-01")
    warehouse.now("2026-07-01")
    assert warehouse.rows("SELECT * FROM as_of") == [{"at": at("2026-07-01"), "is_pinned": 0}]
    warehouse.now("2026-05-01", pinned=True)
    assert warehouse.rows("SELECT * FROM as_of") == [{"at": at("2026-05-01"), "is_pinned": 1}]


def test_before_the_clocks_first_tick_views_are_empty_not_wrong(warehouse: Warehouse) -> None:
    warehouse.platform("auth")
    warehouse.traffic("auth", "2026-06-01 10:00", {"team": "a"})
    warehouse.facts("pay", releases=[{"release": "r1", "at": "2026-06-01", "finished_at": "2026-06-01"}])
    for view in ("adoption_growth", "adoption_rate", "velocity_weekly", "time_to_production", "deployments", "periods"):
        assert warehouse.rows(f"SELECT * FROM {view}") == [], view


def test_periods_of_every_grain_from_the_first_observation_until_now(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-06-30 22:30")  # 1 July, 00:30, in Berlin
    in_berlin.traffic("auth", "2026-05-30 10:00", {})
    counts = in_berlin.rows(
        "SELECT grain, count() AS n, countIf(is_partial) AS open FROM periods GROUP BY grain ORDER BY grain"
    )
    assert [tuple(row.values()) for row in counts] == [
        ("day", 33, 1),
        ("month", 3, 1),
        ("quarter", 2, 1),
        ("week", 6, 1),
    ]
    (july,) = in_berlin.rows("SELECT * FROM periods WHERE grain = 'month' AND is_partial")
    assert (july["period_start"], july["period_end"], july["days"]) == (date(2026, 7, 1), date(2026, 8, 1), 1)
    assert (july["starts_at"], july["ends_at"]) == (at("2026-06-30 22:00"), at("2026-07-31 22:00"))


def test_a_day_of_a_change_to_summer_time_is_23_hours(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-04-02")
    in_berlin.traffic("auth", "2026-03-28 10:00", {})
    (day,) = in_berlin.rows(
        "SELECT starts_at, ends_at FROM periods WHERE grain = 'day' AND period_start = '2026-03-29'"
    )
    assert tuple(day.values()) == (at("2026-03-28 23:00"), at("2026-03-29 22:00"))


def test_coverage_of_velocity(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    done = {"at": "2026-06-02", "finished_at": "2026-06-02"}
    warehouse.facts(
        "pay",
        releases=[
            {"release": "r1", "commit_rule": "none", **done},
            {"release": "r2", "commit_rule": "head", "flags": ["gap", "forced"], **done},
            {"release": "r3", "commit_rule": "list", **done},
            {"release": "r4", "commit_rule": "pushes", "flags": ["truncated"], **done},
        ],
        commits=[
            {"sha": "a", "at": "2026-06-02", "not_counted": "clock_skew"},
            {"sha": "b", "at": "2026-06-02", "not_counted": "", "lead_time_us": 5, "is_squash": 1},
        ],
        attempts=[
            {"deployment_id": "r1", "tier": "production", "at": "2026-06-02"},
            {"deployment_id": "x", "tier": "unknown", "at": "2026-06-02"},
        ],
        incidents=[{"incident": "1", "at": "2026-06-02", "rule": "unattributed"}],
        evidence=[{"source": "s", "event": "1", "at": "2026-06-02", "rule": "explicit", "reason": "foreign_reference"}],
    )
    warehouse.facts(
        "",
        evidence=[
            {"source": "s", "event": str(number), "at": "2026-06-02", "rule": rule, "reason": rule}
            for number, rule in ((2, "unresolved_service"), (3, "unresolved_service"), (4, "ambiguous_repository"))
        ],
    )
    found = coverage(warehouse)
    assert found["velocity", "missing_commit"] == (1, 4, 0.25)
    assert found["velocity", "head_commit_only"] == (1, 4, 0.25)
    assert found["velocity", "pushes_with_gap"] == (1, 4, 0.25)
    assert found["velocity", "truncated_push"] == (1, 4, 0.25)
    assert found["velocity", "unknown_owner"] == (4, 4, 1.0)
    assert found["velocity", "clock_skew"] == (1, 2, 0.5)
    assert found["velocity", "squashed"] == (1, 2, 0.5)
    assert found["velocity", "unknown_environment"] == (1, 2, 0.5)
    assert found["velocity", "unattributed_incident"] == (1, 1, 1.0)
    assert found["velocity", "foreign_reference"] == (1, 4, 0.25)
    assert found["velocity", "unresolved_service"] == (2, 4, 0.5)
    assert found["velocity", "ambiguous_repository"] == (1, 4, 0.25)


def test_coverage_of_adoption_and_time_to_production(warehouse: Warehouse) -> None:
    golden(warehouse)
    warehouse.facts("nameless", milestones=[{"milestone": "first_commit", "at": "2026-06-02"}])
    warehouse.platform("auth")
    warehouse.platform("never-seen")
    warehouse.platform("ci-platform", capability="ci", aliases=["github"])
    run = {"run_id": "1", "attempt": 1, "provider": "github", "outcome": "success", "finished_at": "2026-06-01"}
    warehouse.facts("built", ci_runs=[{**run, "told_at": "2026-06-01", "at": "2026-06-01"}])
    warehouse.traffic("auth", "2026-06-01 10:00", {"team": "a", "requests": 6}, {"consumer": "x", "requests": 3}, {})
    warehouse.traffic("stranger", "2026-06-01 10:00", {})
    found = coverage(warehouse)
    assert found["adoption", "unknown_consumer"] == (1, 11, 1 / 11)
    assert found["adoption", "unknown_owner"] == (5, 11, 5 / 11)
    assert found["adoption", "service_not_in_catalog"] == (1, 2, 0.5)
    assert found["adoption", "platform_service_without_traffic"] == (1, 3, 1 / 3)
    assert found["time-to-production", "no_onboarding_date"] == (1, 3, 1 / 3)
    assert found["time-to-production", "left_truncated"] == (0, 3, 0.0)


def test_coverage_of_some_days_is_of_what_happened_in_them(in_berlin: Warehouse) -> None:
    """May and June; 22:30 UTC of 31 May is June in Berlin. What was set aside has no day: it stands beside both."""
    in_berlin.now("2026-07-01 12:00")
    may, june = "2026-05-31 21:30", "2026-05-31 22:30"
    in_berlin.platform("auth")
    in_berlin.platform("mail")
    in_berlin.catalog("slo", "2026-06-10", service="mail", objective=0.9)
    in_berlin.traffic("auth", may, {"requests": 2, "minute": 30})
    in_berlin.traffic("mail", june, {"consumer": "x", "requests": 3, "minute": 30})
    in_berlin.traffic("stranger", june, {"outcome": "error", "status": 500, "minute": 30})
    run = {"attempt": 1, "provider": "github", "outcome": "success"}
    in_berlin.facts(
        "pay",
        commits=[{"sha": "a", "at": may, "not_counted": "clock_skew"}, {"sha": "b", "at": june, "not_counted": ""}],
        attempts=[{"deployment_id": "x", "tier": "unknown", "at": june}],
        ci_runs=[{**run, "run_id": "1", "told_at": may, "finished_at": may, "at": may}],
        milestones=[{"milestone": "first_commit", "at": may}, {"milestone": "first_ci_run", "at": june}],
    )
    in_berlin.insert(
        "dead_letters", [{"topic": "t", "reason": "not_json", "time": at("2026-06-30"), "identity": b"0" * 16}]
    )

    def between(first: str, last: str) -> dict[tuple[str, str], tuple[Any, ...]]:
        rows = in_berlin.rows(
            "SELECT family, reason, numerator, denominator FROM "
            f"coverage_between(from = toDate('{first}'), to = toDate('{last}')) WHERE denominator > 0 OR family = 'all'"
        )
        return {(row["family"], row["reason"]): (row["numerator"], row["denominator"]) for row in rows}

    before, after = between("2026-05-01", "2026-06-01"), between("2026-06-01", "2026-07-01")
    assert (before["velocity", "clock_skew"], after["velocity", "clock_skew"]) == ((1, 1), (0, 1))
    assert ("velocity", "unknown_environment") not in before
    assert after["velocity", "unknown_environment"] == (1, 1)
    assert before["ci", "missing_commit"] == (1, 1)
    assert ("ci", "missing_commit") not in after
    assert before["time-to-production", "no_onboarding_date"] == (1, 1)
    assert ("time-to-production", "no_onboarding_date") not in after
    assert (before["adoption", "unknown_consumer"], after["adoption", "unknown_consumer"]) == ((2, 2), (0, 3))
    assert before["adoption", "service_not_in_catalog"] == (0, 1)
    assert after["adoption", "service_not_in_catalog"] == (1, 2)
    assert before["adoption", "platform_service_without_traffic"] == (1, 2), "mail"
    assert after["adoption", "platform_service_without_traffic"] == (1, 2), "auth"
    assert after["reliability", "unknown_caller_of_failed_request"] == (1, 1)
    assert ("reliability", "unknown_caller_of_failed_request") not in before
    assert before["reliability", "objective_without_traffic"] == (1, 1)
    assert after["reliability", "objective_without_traffic"] == (0, 1)
    assert before["all", "dead_lettered: not_json"] == after["all", "dead_lettered: not_json"] == (1, None)
    whole = between("1970-01-01", "2149-06-06")
    assert {key: value[:2] for key, value in coverage(in_berlin).items() if value[1]} == {
        key: value for key, value in whole.items() if value[1]
    }


def test_without_input_coverage_has_no_share(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    assert coverage(warehouse)["velocity", "clock_skew"] == (0, 0, None)


def test_freshness_says_until_when_there_is_data_and_null_where_there_is_none(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-02")
    warehouse.traffic("auth", "2026-06-01 23:00", {"last_at": at("2026-06-01 23:30")})
    warehouse.owner("pay", "payments", "2026-06-01")
    rows = warehouse.rows("SELECT stream, data_until, lag_seconds, n, as_of FROM freshness ORDER BY stream")
    assert [tuple(row.values()) for row in rows] == [
        ("catalog", at("2026-06-01"), 86_400.0, 1, at("2026-06-02")),
        ("costs", None, None, 0, at("2026-06-02")),
        ("delivery", None, None, 0, at("2026-06-02")),
        ("facts", None, None, 0, at("2026-06-02")),
        ("gateway", at("2026-06-01 23:30"), 1800.0, 1, at("2026-06-02")),
    ]
    warehouse.traffic("auth", "2026-06-02 00:00", {"last_at": at("2026-06-02 00:20")})  # a sender's clock is ahead
    (row,) = warehouse.rows("SELECT data_until, lag_seconds FROM freshness WHERE stream = 'gateway'")
    assert tuple(row.values()) == (at("2026-06-02"), 0.0)


def test_a_record_set_aside_twice_is_one_dead_letter(warehouse: Warehouse) -> None:
    letter = {
        "topic": "adoption.delivery.v1",
        "partition": 1,
        "offset": 7,
        "reason": "not_json",
        "detail": "expected JSON",
        "time": at("2026-06-01"),
        "key": b"k",
        "value": b"\xff\x00{",
        "headers": [(b"ce_id", b"1")],
        "identity": b"0123456789abcdef",
    }
    warehouse.insert("dead_letters", [letter, {**letter, "offset": 9}])
    (row,) = warehouse.rows("SELECT id, origin, reason, size_bytes FROM dead_letter_list")
    assert tuple(row.values()) == (b"0123456789abcdef".hex(), "adoption.delivery.v1", "not_json", 3)
    (row,) = warehouse.rows("SELECT key, value, headers FROM dead_letter_records")
    assert bytes.fromhex(row["value"]) == b"\xff\x00{"
    assert [(name, bytes.fromhex(value)) for name, value in row["headers"]] == [("ce_id", b"1")]
    assert coverage(warehouse)["all", "dead_lettered: not_json"] == (1, None, None)
