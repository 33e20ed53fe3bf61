"""Across services the number is the share that meets the target (METRICS 0.13), worked out by hand."""

from __future__ import annotations

from typing import Any

from tests.integration.views.golden_rows import golden
from tests.integration.views.warehouse_rows import Warehouse

SINCE = "2026-06-01"


def target(warehouse: Warehouse, metric: str, value: float, scope: str = "organisation") -> None:
    warehouse.catalog("target", SINCE, metric=metric, value=value, scope=scope, due="2026-12-31T00:00:00Z")


def shares(warehouse: Warehouse) -> dict[tuple[str, str], tuple[Any, ...]]:
    rows = warehouse.rows(
        "SELECT metric, name, numerator, denominator, value, n_not_measured, missed_by FROM velocity_targets_monthly"
        " WHERE period_start = '2026-06-01'"
    )
    return {(row["metric"], row["name"]): tuple(row.values())[2:] for row in rows}


def test_each_service_counts_once_however_busy_it_is(warehouse: Warehouse) -> None:
    golden(warehouse)  # pay: 0.2 a day, 38 h; cart: 1/30 a day, 3 h
    target(warehouse, "deployment_frequency_per_day", 0.1)
    target(warehouse, "change_lead_time_p50_seconds", 24 * 3600)
    assert shares(warehouse) == {
        ("deployment_frequency_per_day", ""): (1, 2, 0.5, 0, ["cart"]),
        ("change_lead_time_p50_seconds", ""): (1, 2, 0.5, 0, ["pay"]),
    }


def test_a_rate_that_is_not_shown_neither_meets_nor_misses(warehouse: Warehouse) -> None:
    golden(warehouse)  # pay: 1 of 6 failed; cart: one attempt
    target(warehouse, "change_fail_ratio", 0.15)
    target(warehouse, "change_fail_ratio", 0.2, "team:payments")
    target(warehouse, "change_fail_ratio", 0.2, "service:cart")
    assert shares(warehouse) == {
        ("change_fail_ratio", ""): (0, 1, 0.0, 1, ["pay"]),
        ("change_fail_ratio", "payments"): (1, 1, 1.0, 0, []),
        ("change_fail_ratio", "cart"): (0, 0, None, 1, []),
    }
