"""Units of a gateway batch: nothing lost, nothing shared between units, and a histogram that is right to 2 %."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import gateway
from schemas.gateway import GatewayRequest, outcome_of
from stream_processors.gateway import DIMENSIONS, GAMMA, Message, Units, units

START = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
UNITS = [f"{number:032x}" for number in (1, 2, 3)]
ERROR = (GAMMA - 1) / (GAMMA + 1)


@st.composite
def requests(draw: st.DrawFn) -> GatewayRequest:
    """Few values per dimension, so that groups meet; over an hour's and a day's edge."""
    status = draw(st.sampled_from([0, 200, 404, 429, 503]))
    size = st.none() | st.integers(0, 2**40)
    return GatewayRequest(
        unit=draw(st.sampled_from(UNITS)),
        at=START + timedelta(microseconds=draw(st.integers(0, 120_000_000))),
        service=draw(st.sampled_from(["pay", "cart", ""])),
        route=draw(st.sampled_from(["/a", "/a/{id}", ""])),
        method=draw(st.sampled_from(["GET", "PÖST"])),
        status=status,
        outcome=outcome_of(status, limited_by_gateway=draw(st.booleans())),
        consumer=draw(st.sampled_from(["web", "", "\x1f", "a\x1eb"])),
        team=draw(st.sampled_from(["", "shop"])),
        environment=draw(st.sampled_from(["", "prod"])),
        is_synthetic=draw(st.booleans()),
        latency_us=draw(st.none() | st.integers(0, 2**32 - 1)),
        request_bytes=draw(size),
        response_bytes=draw(size),
    )


def message(batch: Sequence[GatewayRequest] | pa.Table, offset: int = 0) -> Message:
    table = batch if isinstance(batch, pa.Table) else gateway.to_table(batch)
    return Message(table, source="//gateway/edge", day=date(2026, 3, 3), topic="t", partition=0, offset=offset)


def summed(batch: Sequence[GatewayRequest] | pa.Table) -> Units:
    return units([message(batch)])


def _group(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["service"], *(row[name] for name in DIMENSIONS))


def of_unit(found: Units, unit: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows and ledger rows of one unit."""
    name = bytes.fromhex(unit)
    return tuple([row for row in table.to_pylist() if row["unit"] == name] for table in (found.rows, found.ledger))  # type: ignore[return-value]


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=60))
def test_every_request_is_in_one_row(batch: list[GatewayRequest]) -> None:
    found = summed(batch)
    counted: Counter[tuple[Any, ...]] = Counter()
    for row in found.rows.to_pylist():
        counted[_group(row)] += row["requests"]
    assert counted == Counter(_group(request.model_dump()) for request in batch)
    assert pc.sum(found.rows["response_bytes"]).as_py() == sum(request.response_bytes or 0 for request in batch)
    measured = sum(request.latency_us is not None for request in batch)
    assert sum(sum(counts) for counts in found.rows["latency_counts"].to_pylist()) == measured


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=60))
def test_the_ledger_has_each_unit_once_with_its_hours(batch: list[GatewayRequest]) -> None:
    found = summed(batch)
    ledger = {row["unit"].hex(): row for row in found.ledger.to_pylist()}
    assert len(ledger) == found.ledger.num_rows
    assert found.names == ledger.keys() == {request.unit for request in batch}
    for unit, row in ledger.items():
        own = [request for request in batch if request.unit == unit]
        assert row["requests"] == len(own)
        assert (row["first_at"], row["last_at"]) == (min(r.at for r in own), max(r.at for r in own))
        hours = {(r.service, int(r.at.timestamp()) // 3600 * 3600) for r in own}
        assert set(zip(row["services"], row["hours"], strict=True)) == hours
    touched = {(mark.service, mark.hour) for mark in found.marks}
    assert touched == {(r.service, r.at.replace(minute=0, second=0, microsecond=0)) for r in batch}


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_a_unit_does_not_depend_on_its_neighbours_its_order_or_its_packing(
    batch: list[GatewayRequest], rng: Any
) -> None:
    together = summed(batch)
    shuffled = rng.sample(batch, len(batch))
    packed = gateway.decode(gateway.encode(gateway.to_table(shuffled)), gateway.ARROW)
    cut = rng.randrange(len(batch) + 1)
    chunked = pa.concat_tables([gateway.to_table(shuffled[:cut]), gateway.to_table(shuffled[cut:])])
    for unit in {request.unit for request in batch}:
        alone = of_unit(summed([request for request in batch if request.unit == unit]), unit)
        assert alone == of_unit(together, unit) == of_unit(summed(packed), unit) == of_unit(summed(chunked), unit)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(requests(), min_size=1, max_size=20), min_size=1, max_size=5))
def test_messages_of_one_pass_are_summed_as_if_each_were_alone(batches: list[list[GatewayRequest]]) -> None:
    messages = [message(batch, offset) for offset, batch in enumerate(batches)]
    together, alone = units(messages), [units([one]) for one in messages]
    assert together.rows == pa.concat_tables([one.rows for one in alone])
    assert together.ledger == pa.concat_tables([one.ledger for one in alone])
    assert together.marks == frozenset().union(*(one.marks for one in alone))
    assert together.names == frozenset().union(*(one.names for one in alone))


@settings(max_examples=20, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=30), st.integers(0, 2**32))
def test_numbers_too_far_apart_for_one_key_are_told_apart(batch: list[GatewayRequest], seed: int) -> None:
    """A century of minutes, and thousands of words in each dimension: more than 64 bits hold."""
    rng = random.Random(seed)
    words = [f"w{number}" for number in range(4_000)]
    names = ("service", "route", "method", "consumer", "team", "environment")
    spread = [
        request.model_copy(
            update={name: rng.choice(words) for name in names}
            | {"at": datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(50_000_000))}
        )
        for request in batch * 200
    ]
    found = summed([*spread, *batch]).rows.to_pylist()
    counted = Counter((row["unit"].hex(), row["minute"], _group(row)) for row in found for _ in range(row["requests"]))
    wanted = Counter(
        (request.unit, int(request.at.timestamp()) // 60 * 60, _group(request.model_dump()))
        for request in [*spread, *batch]
    )
    assert counted == wanted
    keys = [(row["unit"], row["service"], row["minute"], *(row[name] for name in DIMENSIONS)) for row in found]
    assert keys == sorted(keys)


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=20), requests())
def test_another_content_has_another_digest(batch: list[GatewayRequest], extra: GatewayRequest) -> None:
    unit = batch[0].unit
    before, after = (
        of_unit(summed(found), unit)[1][0]["content"]
        for found in (batch, [*batch, extra.model_copy(update={"unit": unit})])
    )
    assert before != after


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=300), st.floats(0, 1))
def test_a_quantile_of_the_histogram_is_right_to_2_percent(latencies: list[int], quantile: float) -> None:
    """Merged over rows, as recompute merges them; the middle of bucket n is 2 g^n / (g + 1)."""
    example = {"unit": UNITS[0], "at": START, "service": "pay", "status": 200, "outcome": "ok"}
    batch = [
        GatewayRequest(**example, route=f"/{number % 3}", latency_us=latency)
        for number, latency in enumerate(latencies)
    ]
    merged: Counter[int] = Counter()
    for row in summed(batch).rows.to_pylist():
        merged.update(dict(zip(row["latency_buckets"], row["latency_counts"], strict=True)))
    rank = math.floor(quantile * (len(latencies) - 1))
    exact = sorted(latencies)[rank]
    bucket = sorted(merged.elements())[rank]
    assert abs(2 * GAMMA**bucket / (GAMMA + 1) - exact) <= exact * ERROR * 1.000_001
    assert ERROR < 0.02


def test_a_latency_of_nothing_is_in_the_lowest_bucket() -> None:
    rows = summed([
        GatewayRequest(unit=UNITS[0], at=START, service="pay", status=200, outcome="ok", latency_us=number)
        for number in (0, 1)
    ]).rows.to_pylist()  # fmt: skip
    assert [(row["latency_buckets"], row["latency_counts"]) for row in rows] == [([0], [2])]
