"""CI: runs as they stand at an instant, and what they say per period (METRICS 3), worked out by hand."""

from __future__ import annotations

from typing import Any

from tests.integration.views.warehouse_rows import Warehouse, at


def run(run_id: str, finished: str | None, outcome: str = "success", **more: Any) -> dict[str, Any]:
    """An attempt that finished then; None: it is still running since `told_at`."""
    row = {
        "source": "//github.com",
        "run_id": run_id,
        "attempt": 1,
        "name": "build",
        "repository": "github.com/acme/pay",
        "commit": "c1",
        "provider": "github",
        "system": "github.com",
        "outcome": outcome if finished else "",
        "finished_at": finished,
        "told_at": finished,
        "event": f"e{run_id}",
        **more,
    }
    return {**row, "at": finished or row["told_at"]}


def test_runs_have_the_owner_of_their_time(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "core", "2026-01-01")
    warehouse.owner("pay", "payments", "2026-06-10")
    warehouse.facts("pay", ci_runs=[run("1", "2026-06-09 12:00"), run("2", "2026-06-10 12:00", template="acme/ci")])
    rows = warehouse.rows("SELECT run_id, team, provider, system, template, outcome, at FROM ci_runs ORDER BY run_id")
    assert [tuple(row.values()) for row in rows] == [
        ("1", "core", "github", "github.com", "", "success", at("2026-06-09 12:00")),
        ("2", "payments", "github", "github.com", "acme/ci", "success", at("2026-06-10 12:00")),
    ]


def test_what_is_later_than_now_is_not_known_yet(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-10 12:05", pinned=True)
    times = {"queued_at": "2026-06-10 12:00", "told_at": "2026-06-10 12:00", "started_at": "2026-06-10 12:06"}
    warehouse.facts(
        "pay", ci_runs=[run("1", "2026-06-10 12:10", **times), run("2", "2026-06-10 12:10", told_at="2026-06-10 12:06")]
    )
    (row,) = warehouse.rows("SELECT run_id, outcome, queued_at, started_at, finished_at, at FROM ci_runs")
    assert tuple(row.values()) == ("1", "", at("2026-06-10 12:00"), None, None, at("2026-06-10 12:00"))
