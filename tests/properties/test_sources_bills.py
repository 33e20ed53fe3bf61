"""Whatever stands in a bill: it is read exactly or refused in words, and a bill that is read keeps its sum."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producers.sources import opencost
from producers.sources.bills import Closing, Reading, exports
from producers.sources.common import Rejected
from schemas.costs import Cost, CostExport
from tests.support.bills import bill, charge

DAY = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
ROW = charge("1.5", *DAY, tags={"service": "pay"}, billedcost="1", resourceid="r", subaccountid="s", skuid="k")
ALLOCATION = {
    "properties": {"cluster": "k", "namespace": "shop", "labels": {"service": "pay"}},
    "window": {"start": DAY[0], "end": DAY[1]},
    "start": DAY[0],
    "end": DAY[1],
    "totalCost": 0.5,
}
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.decimals() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(field=st.sampled_from(sorted(ROW)), value=anything)
def test_a_cell_of_any_kind_is_read_or_refused(field: str, value: Any) -> None:
    try:
        events = bill([ROW, ROW | {field: value}])
    except Rejected:
        return
    lines = [event.data for event in events if isinstance(event.data, Cost)]
    assert len(lines) == 2
    assert field == "effectivecost" or {line.effective_cost for line in lines} == {"1.5"}


@given(path=st.sampled_from(["", "properties", "window"]), key=st.sampled_from(sorted(ALLOCATION)), value=anything)
def test_an_allocation_of_any_kind_is_read_or_refused(path: str, key: str, value: Any) -> None:
    broken = json.loads(json.dumps(ALLOCATION))
    (broken[path] if path else broken)[key] = value
    try:
        charges = opencost.charges({"data": [{"a": broken}]}, Reading())
    except Rejected:
        return
    assert len(charges) == 1


@given(st.lists(st.decimals(-(10**9), 10**9, places=12), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_a_bill_keeps_its_lines_and_its_sum_in_any_order(costs: list[Decimal], order: Any) -> None:
    rows = [charge(f"{cost:f}", *DAY) for cost in costs]
    events = bill(rows)
    lines = [event.data for event in events if isinstance(event.data, Cost)]
    (export,) = [event.data for event in events if isinstance(event.data, CostExport)]
    assert sum(Decimal(line.effective_cost) for line in lines) == sum(costs)
    assert len({event.id for event in events}) == len(rows) + 1 == export.lines + 1
    order.shuffle(rows)
    assert {event.id for event in bill(rows)} == {event.id for event in events}


def test_no_charges_are_no_export() -> None:
    from datetime import UTC, datetime

    assert exports([], "//focus", Closing(datetime(2026, 7, 1, tzinfo=UTC))) == []
