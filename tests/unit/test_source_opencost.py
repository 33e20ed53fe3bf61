"""OpenCost allocations to charges: labels or a path say whose, idle is idle, numbers keep their digits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from producers.sources import opencost
from producers.sources.bills import Charge, Reading
from producers.sources.common import Rejected

READING = Reading(tags=("service", "app.kubernetes.io/name"))
WINDOW = {"start": "2026-06-01T00:00:00Z", "end": "2026-06-02T00:00:00Z"}


def allocation(cost: str = "1.5", **properties: Any) -> dict[str, Any]:
    return {
        "properties": {"cluster": "kitchen", **properties},
        "window": WINDOW,
        "start": "2026-06-01T06:00:00Z",
        "end": "2026-06-02T00:00:00Z",
        "totalCost": float(cost),
    }


def charges(*sets: dict[str, Any] | None, reading: Reading = READING) -> list[Charge]:
    return opencost.charges({"code": 200, "data": list(sets)}, reading)


def test_a_workload_costs_its_time_within_the_window_and_its_labels_name_the_service() -> None:
    labels = {"app_kubernetes_io_name": "pay"}
    where = {"namespace": "shop", "controllerKind": "deployment", "controller": "pay-api", "labels": labels}
    (found,) = charges({"shop/pay-api": allocation("0.1234567", **where)})
    assert found.scope == ("kitchen", datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC))
    assert found.fields["charge_start"] == datetime(2026, 6, 1, 6, tzinfo=UTC)
    assert found.fields["resource"] == "kitchen/shop/deployment/pay-api"
    assert (found.fields["service"], found.fields["effective_cost"]) == ("pay", "0.1234567")
    assert found.fields["currency"] == "USD"


def test_a_label_of_the_workload_beats_its_namespace() -> None:
    both = {"labels": {"service": "pay"}, "namespaceLabels": {"service": "shop"}}
    assert charges({"a": allocation(**both)})[0].fields["service"] == "pay"
    assert charges({"a": allocation(namespaceLabels={"service": "shop"})})[0].fields["service"] == "shop"


def test_idle_is_idle_and_unallocated_names_no_service() -> None:
    idle, nobody = charges({"__idle__": allocation("3", labels={"service": "pay"}), "__unallocated__": allocation("2")})
    assert (idle.fields["is_idle"], idle.fields["resource"], "service" in idle.fields) == (
        True,
        "kitchen/__idle__",
        False,
    )
    assert "is_idle" not in nobody.fields
    assert "service" not in nobody.fields


def test_each_step_of_the_window_is_an_export_of_its_own_and_an_empty_one_says_nothing() -> None:
    second = allocation()
    second["window"] = {"start": "2026-06-02T00:00:00Z", "end": "2026-06-03T00:00:00Z"}
    assert len({one.scope for one in charges({"a": allocation()}, {}, None, {"a": second})}) == 2


def test_a_time_outside_of_the_window_is_cut_to_it() -> None:
    early = allocation() | {"start": "2026-05-01T00:00:00Z", "end": "2026-07-01T00:00:00Z"}
    fields = charges({"a": early})[0].fields
    assert (fields["charge_start"].day, fields["charge_end"].day, fields["charge_end"].month) == (1, 2, 6)


@pytest.mark.parametrize(("payload", "said"), [
    ({"code": 400, "message": "bad window"}, "bad window"),
    ({"data": ["text"]}, "expected an object per set"),
    ({"data": [{"a": 7}]}, "expected an object for 'a'"),
    ({"data": [{"a": {"window": WINDOW}}]}, "expected the allocations of one cluster, got 0"),
    ({"data": [{"a": {"properties": {"cluster": "k"}, "window": WINDOW}}]}, "expected totalCost of 'a'"),
    ({"data": [{"a": allocation() | {"window": {"start": 1}}}]}, "expected start as a time"),
    ({"data": [{"a": allocation() | {"totalCost": "NaN"}}]}, "totalCost"),
    ({"data": [{"a": allocation(), "b": allocation(cluster="other")}]}, "give --account"),
])  # fmt: skip
def test_what_is_no_answer_of_opencost_is_refused(payload: Any, said: str) -> None:
    with pytest.raises(Rejected) as refused:
        opencost.charges(payload, READING)
    assert said in refused.value.detail


def test_numbers_keep_the_digits_of_the_answer() -> None:
    text = json.dumps({"data": [{"a": {**allocation(), "totalCost": 0}}]}).replace(
        '"totalCost": 0', '"totalCost": 0.12345678901234567'
    )
    (found,) = opencost.charges(json.loads(text, parse_float=Decimal), READING)
    assert found.fields["effective_cost"] == "0.12345678901234567"
