"""Goals and marks on a trend are dated catalog facts (METRICS 0.13)."""

from __future__ import annotations

from tests.integration.views.warehouse_rows import Warehouse, at


def test_a_target_has_its_scope_and_the_value_last_said(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    due = {"due": "2026-12-31T00:00:00Z"}
    warehouse.catalog("target", "2026-01-10", metric="adoption", scope="service:auth", value=0.5, **due)
    warehouse.catalog("target", "2026-03-10", metric="adoption", scope="service:auth", value=0.8, **due)
    warehouse.catalog("target", "2026-01-10", metric="change_fail_ratio", scope="organisation", value=0.1, **due)
    warehouse.catalog("target", "2026-01-10", metric="change_fail_ratio", scope="team:a:b", value=0.2, **due)
    assert [tuple(row.values()) for row in warehouse.rows("SELECT * FROM targets ORDER BY metric, name")] == [
        ("adoption", "service", "auth", 0.8, at("2026-12-31"), at("2026-01-10"), at("2026-03-10"), None),
        ("change_fail_ratio", "organisation", "", 0.1, at("2026-12-31"), at("2026-01-10"), at("2026-01-10"), None),
        ("change_fail_ratio", "team", "a:b", 0.2, at("2026-12-31"), at("2026-01-10"), at("2026-01-10"), None),
    ]


def test_two_due_dates_are_two_targets_and_one_that_was_taken_back_is_none(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    for quarter, value in (("2026-09-30", 0.4), ("2026-12-31", 0.6)):
        goal = {"metric": "adoption", "scope": "organisation", "value": value, "due": f"{quarter}T00:00:00Z"}
        warehouse.catalog("target", "2026-01-10", **goal)
    assert warehouse.column("SELECT target FROM targets ORDER BY due") == [0.4, 0.6]
    warehouse.catalog("target", "2026-02-10", **goal, removed=True)
    assert warehouse.column("SELECT target FROM targets") == [0.4]
    warehouse.now("2026-02-01", pinned=True)
    assert warehouse.column("SELECT target FROM targets ORDER BY due") == [0.4, 0.6]


def test_an_annotation_may_last_and_may_be_taken_back(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    freeze = {"scope": "organisation", "category": "freeze", "text": "Year end", "at": "2025-12-20T00:00:00Z"}
    warehouse.catalog("annotation", "2025-12-01", **freeze)
    warehouse.catalog("annotation", "2026-01-07", **freeze, until="2026-01-06T00:00:00Z")
    launch = {"scope": "service:auth", "category": "launch", "text": "Auth 2", "at": "2026-05-04T10:00:00Z"}
    warehouse.catalog("annotation", "2026-05-01", **launch)
    assert [tuple(row.values()) for row in warehouse.rows("SELECT * FROM annotations ORDER BY at")] == [
        ("organisation", "", "freeze", "Year end", at("2025-12-20"), at("2026-01-06")),
        ("service", "auth", "launch", "Auth 2", at("2026-05-04 10:00"), None),
    ]
    warehouse.catalog("annotation", "2026-05-02", **launch, removed=True)
    assert warehouse.column("SELECT category FROM annotations") == ["freeze"]
