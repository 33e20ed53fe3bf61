"""The reliability report, as people read it, and what it says of input that could not be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.local.engine.process import EngineProcess
from reports.cli import report
from schemas import settings as settings_module
from tests.integration.views.warehouse_rows import Warehouse, at

Run = Callable[..., str]
JUNE = ("--since", "2026-06-01", "--until", "2026-07-01")


@pytest.fixture
def run(engine: EngineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the report with the reader's credential; returns what it prints."""
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_URL", engine.url)
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_READER_USER", engine.reader[0])
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_READER_PASSWORD", engine.reader[1])
    monkeypatch.setenv("COLUMNS", "240")
    settings_module.settings.cache_clear()

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(report, ["reliability", *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return call


def june(warehouse: Warehouse) -> None:
    """`pay`, 99 %: 1,000 requests of 80 ms in ten minutes, 20 of them failed in one; `cart` has no objective."""
    warehouse.now("2026-07-01 12:00")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.catalog("slo", "2026-01-01", service="pay", objective=0.99)
    warehouse.catalog("slo", "2026-01-01", service="planned", objective=0.99)
    of_80_ms: dict[str, Any] = {"latency_buckets": [288], "latency_counts": [100]}
    well: list[dict[str, Any]] = [{"minute": minute, "requests": 100, **of_80_ms} for minute in range(9)]
    bad: list[dict[str, Any]] = [
        {"minute": 9, "requests": 80},
        {"minute": 9, "requests": 20, "outcome": "error", "team": "web"},
    ]
    warehouse.traffic("pay", "2026-06-20 10:00", *well, *bad)
    warehouse.traffic("cart", "2026-06-20 10:00", {}, {"outcome": "error", "environment": "staging"})
    begun = {"incident": "i1", "episode": 0, "at": "2026-06-20 10:09:00", "resolved_at": None, "rule": "unattributed"}
    warehouse.facts("pay", incidents=[begun])


def test_services_incidents_and_teams(warehouse: Warehouse, run: Run) -> None:
    june(warehouse)
    services, incidents, teams = (part["rows"] for part in json.loads(run(*JUNE, "--format", "json"))["parts"])
    cart, pay = services
    assert (pay["team"], pay["requests"], pay["errors"], pay["availability_ratio"]) == ("payments", 1000, 20, 0.98)
    assert (pay["objective_ratio"], pay["budget_left_ratio"]) == (0.99, pytest.approx(-1))
    # From 10:09 on the incident is open, and 13:50 hours of that day and ten days of June are left: silent, so down.
    down = 1 + 50 + 13 * 60 + 10 * 1440
    assert (pay["uptime_ratio"], pay["minutes_down"]) == (9 / (9 + down), down)
    assert pay["p50_seconds"] == pytest.approx(0.08, rel=0.02)
    assert (cart["availability_ratio"], cart["objective_ratio"], cart["budget_null_reason"]) == (
        1,
        None,
        "no_objective",
    )
    assert (cart["uptime_ratio"], cart["minutes_down"], cart["p50_seconds"]) == (None, None, None)
    assert [(row["incident"], row["failed"], row["requests"], row["team_names"]) for row in incidents] == [
        ("i1", 20, 100, ["web"])
    ]
    assert [(row["team"], row["service"], row["failed"], row["minutes"]) for row in teams] == [("web", "pay", 20, 1)]


def test_people_read_nines_and_milliseconds_and_why_something_is_missing(warehouse: Warehouse, run: Run) -> None:
    june(warehouse)
    text = run(*JUNE)
    (pay,) = [line for line in text.splitlines() if "payments" in line and "%" in line]
    assert all(word in pay for word in ("98.000%", "99.000%", "-100.0%", " ms", "1,000"))
    assert "no SLO" in text
    assert "open" in text


def test_filters_narrow_every_part(warehouse: Warehouse, run: Run) -> None:
    june(warehouse)
    parts = [part["rows"] for part in json.loads(run(*JUNE, "--service", "cart", "--format", "json"))["parts"]]
    assert [len(rows) for rows in parts] == [1, 0, 0]


def test_coverage_says_what_could_not_be_used(warehouse: Warehouse) -> None:
    june(warehouse)
    old = {name: [value] for name, value in {"consumer": "", "outcome": "ok", "requests": 1}.items()}
    same = {name: [""] for name in ("team", "environment", "route", "method")}
    sums = {name: [0] for name in ("status", "is_synthetic", "request_bytes", "response_bytes")}
    bounds = {name: [at("2026-05-01 10:00")] for name in ("first_at", "last_at")}
    histograms: dict[str, list[list[int]]] = {"latency_buckets": [[]], "latency_counts": [[]]}
    key = {"service": "old", "hour": at("2026-05-01 10:00"), "version": 1}
    warehouse.insert("gateway_hour_slices", [{**key, **old, **same, **sums, **bounds, **histograms}])
    rows = warehouse.rows(
        "SELECT reason, unit, numerator, denominator FROM coverage "
        "WHERE family = 'reliability' AND numerator > 0 ORDER BY ALL"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("hours_without_minutes", "hours", 1, 3),
        ("minute_without_objective", "minutes", 1, 11),
        ("nonproduction_environment", "requests", 1, 1002),
        ("objective_without_traffic", "services", 1, 2),
        ("service_without_objective", "services", 2, 3),
        ("unknown_latency", "requests", 102, 1002),
    ]


def test_without_data_the_report_says_what_to_do(warehouse: Warehouse, run: Run) -> None:
    warehouse.now("2026-07-01")
    assert "adoption tail" in run(*JUNE)
