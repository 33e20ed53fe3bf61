"""What is later than `as_of` does not exist for that `as_of`: histories through `facts`, the clock pinned in between.

Hours count from Monday 2 March 2026.
"""

from __future__ import annotations

from typing import Any

from tests.histories import History, at
from tests.integration.views.warehouse_rows import Warehouse
from tests.support.facts_load import load


def told(warehouse: Warehouse, history: History, **more: History) -> None:
    warehouse.now("2026-04-01")
    load(warehouse.client, {"pay": history.facts(), **{name: one.facts() for name, one in more.items()}})


def pin(warehouse: Warehouse, hours: float) -> None:
    warehouse.now(at(hours).strftime("%Y-%m-%d %H:%M:%S"), pinned=True)


def verdict(warehouse: Warehouse, release: str, *columns: str) -> tuple[Any, ...]:
    (row,) = warehouse.rows(f"SELECT {', '.join(columns)} FROM deployments WHERE release = '{release}'")
    return tuple(row.values())


def failed(warehouse: Warehouse) -> tuple[int, int, int, float | None]:
    """Of the month: failed, attempts, open, median recovery in seconds."""
    rows = {row["metric"]: row for row in warehouse.rows("SELECT * FROM velocity_monthly WHERE service = 'pay'")}
    rate, recovery = rows["change_fail_ratio"], rows["failed_deployment_recovery_time_p50_seconds"]
    return rate["numerator"], rate["denominator"], recovery["n_open"], recovery["value"]


def test_before_the_incident_nothing_had_failed_and_while_open_nothing_was_recovered(
    warehouse: Warehouse,
) -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("i", 3)
    history.incident("i", 5, "resolved")
    told(warehouse, history)
    columns = (
        "is_failed",
        "failure_reasons",
        "incidents",
        "failed_at",
        "recovered_at",
        "recovery_rule",
        "recovered_by",
    )
    pin(warehouse, 2)
    assert verdict(warehouse, "1", *columns) == (0, [], [], None, None, "", "")
    assert failed(warehouse) == (0, 1, 0, None)
    assert warehouse.rows("SELECT incident FROM incidents") == []
    pin(warehouse, 4)
    assert verdict(warehouse, "1", *columns) == (1, ["incident"], ["i"], at(1), None, "", "")
    assert failed(warehouse) == (1, 1, 1, None)
    assert warehouse.column("SELECT resolved_at FROM incidents") == [None]
    pin(warehouse, 5)
    assert verdict(warehouse, "1", *columns) == (1, ["incident"], ["i"], at(1), at(5), "incidents", "i")
    assert failed(warehouse) == (1, 1, 0, 4 * 3600)


def test_before_the_rollback_it_was_not_rolled_back(warehouse: Warehouse) -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2")
    history.deploy("3", 4, "v1")
    told(warehouse, history)
    pin(warehouse, 3)
    assert verdict(warehouse, "2", "is_failed", "failure_reasons") == (0, [])
    rolled_back = "SELECT rolled_back_by, rolled_back_at FROM attempts WHERE deployment_id = '2'"
    assert warehouse.rows(rolled_back) == [{"rolled_back_by": "", "rolled_back_at": None}]
    assert failed(warehouse)[:2] == (0, 2)
    pin(warehouse, 4)
    assert verdict(warehouse, "2", "is_failed", "recovered_at", "recovered_by") == (1, at(4), "3")
    assert warehouse.rows(rolled_back) == [{"rolled_back_by": "3", "rolled_back_at": at(4)}]


def test_a_recovery_that_a_second_incident_undid_held_until_then(warehouse: Warehouse) -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("i", 2)
    history.incident("i", 3, "resolved")
    history.incident("j", 5, deployment_ids=("1",))
    history.incident("j", 9, "resolved")
    told(warehouse, history)
    recovered = ("incidents", "recovered_at")
    for hours, expected in ((4, (["i"], at(3))), (6, (["i", "j"], None)), (9, (["i", "j"], at(9)))):
        pin(warehouse, hours)
        assert verdict(warehouse, "1", *recovered) == expected


def test_a_region_that_follows_later_may_make_it_failed_and_rework(warehouse: Warehouse) -> None:
    history = History()
    history.deploy("eu", 1, "v1", region="eu")
    history.deploy("us", 2, "v1", region="us", status="failure", title="hotfix")
    told(warehouse, history)
    columns = ("deployment_ids", "is_failed", "is_rework", "rework_rule")
    pin(warehouse, 1.5)
    assert verdict(warehouse, "eu", *columns) == (["eu"], 0, 0, "")
    pin(warehouse, 2)
    assert verdict(warehouse, "eu", *columns) == (["eu", "us"], 1, 1, "title")


def test_an_incident_that_names_a_later_deployment_is_not_laid_at_it_yet(warehouse: Warehouse) -> None:
    history = History()
    history.incident("i", 1, deployment_ids=("1",))
    history.deploy("1", 3, "v1")
    told(warehouse, history)
    pin(warehouse, 2)
    assert warehouse.rows("SELECT release, rule FROM incidents") == [{"release": "", "rule": "unattributed"}]
    pin(warehouse, 3)
    assert warehouse.rows("SELECT release, rule FROM incidents") == [{"release": "1", "rule": "deployment"}]


def test_the_live_clock_sees_all_of_it(warehouse: Warehouse) -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("i", 3)
    told(warehouse, history)
    assert verdict(warehouse, "1", "is_failed") == (1,)
