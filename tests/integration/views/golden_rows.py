"""The golden history as facts: six production deployments of `pay`, one of `cart`, worked out by hand (METRICS 7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.integration.views.warehouse_rows import Warehouse, at

_COMMITS = {
    "D1": [f"2026-06-{time}" for time in (
        "02 10:00", "03 00:00", "03 14:00", "04 04:00", "04 18:00", "05 08:00", "05 22:00", "06 12:00", "07 02:00",
        "07 16:00", "08 06:00", "08 20:00",
    )],
    "D2": ["2026-06-09 15:00", "2026-06-09 16:00", "2026-06-10 08:00"],
    "D3": ["2026-06-10 09:30", "2026-06-10 10:00", "2026-06-10 10:30"],
    "D4": [],
    "D5": ["2026-06-11 08:00"],
    "D6": ["2026-06-18 10:00", "2026-06-18 20:00", "2026-06-19 06:00", "2026-06-19 16:00"],
}  # fmt: skip
_DEPLOYED = {
    "D1": "2026-06-09 10:00",
    "D2": "2026-06-10 09:00",
    "D3": "2026-06-10 11:00",
    "D4": "2026-06-10 12:00",
    "D5": "2026-06-11 10:00",
    "D6": "2026-06-20 10:00",
}
_MORE: dict[str, dict[str, Any]] = {
    "D1": {"is_first": 1},
    "D3": {
        "is_failed": 1,
        "failed_at": "2026-06-10 11:00",
        "failure_reasons": ["incident", "rolled_back"],
        "recovered_at": "2026-06-10 12:00",
        "recovery_rule": "rollback",
        "recovered_by": "D4",
        "incidents": ["7"],
    },
    "D4": {"is_rollback": 1, "is_rework": 1, "rework_rule": "rollback"},
    "D5": {"is_rework": 1, "rework_rule": "title"},
}


def golden(warehouse: Warehouse) -> None:
    """Fills the warehouse as a recompute of the golden history does; now is the end of June."""
    warehouse.now("2026-07-01")
    for service, team in (("pay", "payments"), ("cart", "checkout")):
        warehouse.catalog("service", "2026-06-01 09:00", service=service, onboarded_at="2026-06-01T09:00:00Z")
        warehouse.owner(service, team, "2026-06-01 09:00")
    warehouse.facts(
        "pay",
        releases=[
            {
                "release": release,
                "at": time,
                "finished_at": time,
                "commits": len(_COMMITS[release]),
                **_MORE.get(release, {}),
            }
            for release, time in _DEPLOYED.items()
        ],
        commits=[
            commit(f"{release}-{made}", release, made, _DEPLOYED[release])
            for release, all_ in _COMMITS.items()
            for made in all_
        ],
        attempts=[
            {
                "deployment_id": release,
                "environment": "production",
                "tier": "production",
                "status": "success",
                "at": time,
            }
            for release, time in _DEPLOYED.items()
        ]
        + [
            {
                "deployment_id": "S1",
                "environment": "staging",
                "tier": "nonprod",
                "status": "success",
                "at": "2026-06-03 12:00",
            }
        ],
        incidents=[
            {
                "incident": "7",
                "at": "2026-06-10 11:10",
                "resolved_at": "2026-06-10 12:10",
                "release": "D3",
                "rule": "commit",
            }
        ],
        milestones=[
            {"milestone": "first_commit", "at": "2026-06-02 10:00"},
            {"milestone": "first_nonprod_deployment", "at": "2026-06-03 12:00"},
            {"milestone": "first_production_deployment", "at": "2026-06-09 10:00"},
        ],
    )
    warehouse.facts(
        "cart",
        releases=[{"release": "X1", "at": "2026-06-10 11:05", "finished_at": "2026-06-10 11:05", "is_first": 1}],
        commits=[commit("13", "X1", "2026-06-10 08:05", "2026-06-10 11:05")],
        attempts=[{"deployment_id": "X1", "tier": "production", "status": "success", "at": "2026-06-10 11:05"}],
        milestones=[
            {"milestone": "first_commit", "at": "2026-06-10 08:05"},
            {"milestone": "first_production_deployment", "at": "2026-06-10 11:05"},
        ],
    )


def commit(sha: str, release: str, made: str, deployed: str, **more: Any) -> dict[str, Any]:
    """A commit that counts, its lead time from its two instants."""
    lead = (at(deployed) - at(made)) // timedelta(microseconds=1)
    return {"sha": sha, "release": release, "at": deployed, "committed_at": made, "lead_time_us": lead, **more}
