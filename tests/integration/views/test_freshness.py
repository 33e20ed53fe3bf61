"""Freshness beside each family, and of each source; coverage of CI."""

from __future__ import annotations

from tests.integration.views.test_views_ci import run
from tests.integration.views.warehouse_rows import Warehouse, at


def test_a_family_is_as_fresh_as_its_slowest_stream(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-02")
    warehouse.traffic("auth", "2026-06-01 23:00", {"last_at": at("2026-06-01 23:30")})
    bill = {"source": "s", "id": "1", "kind": "cost_export", "time": at("2026-06-01"), "version": 1}
    times = {"period_start": at("2026-05-01"), "period_end": at("2026-06-01"), "exported_at": at("2026-06-01 12:00")}
    warehouse.insert("cost_events", [bill | times])
    rows = warehouse.rows("SELECT family, missing, slowest, data_until, lag_seconds FROM freshness_families ORDER BY 1")
    traffic = ("gateway", at("2026-06-01 23:30"), 1800.0)
    assert [tuple(row.values()) for row in rows] == [
        ("adoption", ["facts"], *traffic),
        ("ci", ["facts"], "", None, None),
        ("cost", [], "costs", at("2026-06-01 12:00"), 43_200.0),
        ("reliability", [], *traffic),
        ("time-to-production", ["facts"], *traffic),
        ("velocity", ["facts"], "", None, None),
    ]


def test_each_source_says_since_when_and_until_when_it_told_something(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-05")
    warehouse.catalog("observation", "2026-06-01", source="//github.com", observed_since="2026-05-01T00:00:00Z")
    events = [("//github.com", "1", "2026-06-01"), ("//github.com", "2", "2026-06-03"), ("//ci", "3", "2026-06-04")]
    later = [("//ci", "4", "2026-06-06")]
    warehouse.insert(
        "delivery_events",
        [
            {"source": source, "id": id_, "kind": "push", "time": at(time), "version": version}
            for source, id_, time in events + later
            for version in (1, 2)
        ],
    )
    rows = warehouse.rows("SELECT source, observed_since, first_at, data_until, n FROM freshness_sources ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [
        ("//ci", None, at("2026-06-04"), at("2026-06-04"), 1),
        ("//github.com", at("2026-05-01"), at("2026-06-01"), at("2026-06-03"), 2),
    ]


def test_what_of_ci_could_not_be_used(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-01-01")
    times = {"queued_at": "2026-06-01 10:00", "started_at": "2026-06-01 10:01"}
    warehouse.facts(
        "pay",
        ci_runs=[
            run("1", "2026-06-01 10:05", **times),
            run("2", "2026-06-01 10:00", **times, commit=""),
            run("3", "2026-06-01 10:05", queued_at=None, started_at=None),
            run("4", None, told_at="2026-06-01 10:00"),
        ],
    )
    warehouse.facts("", ci_runs=[run("5", "2026-06-01 10:05", **times)])
    warehouse.facts("cart", ci_runs=[run("6", "2026-06-01 10:05", **times)])
    rows = warehouse.rows("SELECT reason, numerator, denominator FROM coverage WHERE family = 'ci' ORDER BY reason")
    assert [tuple(row.values()) for row in rows] == [
        ("clock_skew", 1, 6),
        ("missing_commit", 1, 6),
        ("no_queue_time", 1, 6),
        ("no_start_time", 1, 6),
        ("not_finished", 1, 6),
        ("unknown_owner", 1, 6),
        ("unresolved_service", 1, 6),
    ]
