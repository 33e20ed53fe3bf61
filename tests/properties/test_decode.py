"""Whatever lies on a topic becomes an event, a batch or a dead letter; what is accepted can be archived and read."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas import gateway
from schemas.catalog import Catalog
from schemas.dead_letters import DeadLetter
from schemas.delivery import Delivery
from schemas.envelope import TYPES, Event
from schemas.streams import CATALOG, DEAD_LETTERS, DELIVERY, GATEWAY, Stream
from stream_processors import catalog, decode, delivery, letters
from stream_processors import gateway as gateway_rows
from stream_processors.records import Record
from tests.contract.examples import CONTRACTS, EVENT_TYPES, examples

VALID = examples("valid", EVENT_TYPES)
ARCHIVE: dict[str, TypeAdapter[Any]] = {"delivery": TypeAdapter(Delivery), "catalog": TypeAdapter(Catalog)}
ROWS = {"delivery": delivery.rows, "catalog": catalog.rows}

NAMES = st.sampled_from(
    ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_mapperrevision", "ce_data",
     "content-type", "ce_", "adoption-offset", "adoption-partition"]
) | st.text(max_size=10)  # fmt: skip
VALUES = (
    st.binary(max_size=40)
    | st.sampled_from([*(type_.encode() for type_ in TYPES), gateway.ARROW.encode(), b"application/json"])
    | st.sampled_from([b"2026-03-02T09:15:00Z", b"0", b"-1", b"65536", b"99999999999", b"9" * 5_000, b"NaN", b"\xff"])
    | st.integers().map(lambda number: str(number).encode())
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=10).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("9" * 5_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def record(stream: Stream, value: bytes, headers: Any, key: bytes = b"k") -> Record:
    return Record(stream.topic, 0, 1, datetime(2026, 3, 2, tzinfo=UTC), key, value, tuple(headers))


def check(stream: Stream, sent: Record) -> Event | DeadLetter:
    """Decode; then do to the outcome all that the worker does to it."""
    found = decode.event(stream, sent)
    if isinstance(found, DeadLetter):
        assert (found.key, found.value, found.headers) == (sent.key, sent.value, sent.headers)
        assert found.reason
        assert found.detail
        return found
    table = ROWS[stream.name]([(sent, found)])
    assert table.num_rows == 1
    archived = ARCHIVE[stream.name].validate_json(table["data"][0].as_py(), extra="ignore")
    assert archived == found.data, "what was archived is what recompute reads"
    return found


@pytest.mark.parametrize("stream", [DELIVERY, CATALOG], ids=lambda stream: stream.name)
@settings(max_examples=150, deadline=None)
@given(value=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()), headers=HEADERS)
def test_any_record_of_an_event_topic(stream: Stream, value: bytes, headers: Any) -> None:
    check(stream, record(stream, value, headers))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [one for key, part in inner for one in _paths(part, (*path, key))]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_value_in_any_field_of_a_valid_event(data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(VALID))
    payload = copy.deepcopy(chosen.value["data"])
    *path, last = data.draw(st.sampled_from(_paths(payload)))
    node = payload
    for step in path:
        node = node[step]
    node[last] = data.draw(JSON)
    more = data.draw(HEADERS)
    sent = chosen.record(**payload)
    check(chosen.stream, record(chosen.stream, sent.value, (*sent.headers, *more)))


@pytest.mark.parametrize("value", ["[" * 100_000, '{"a":' * 100_000, '"\\ud800"', "1e999", "-0", "9" * 5_000, ""])
def test_values_that_break_parsers(value: str) -> None:
    for chosen in VALID[:1] + VALID[-1:]:
        assert isinstance(
            decode.event(chosen.stream, record(chosen.stream, value.encode(), chosen.record().headers)), DeadLetter
        )


def test_a_revision_beyond_its_column_is_a_dead_letter() -> None:
    """It was accepted once, and no row could be made of it: the worker died on it again and again."""
    sent = VALID[0].record()
    headers = (*sent.headers, ("ce_mapperrevision", b"4294967296"))
    assert isinstance(check(DELIVERY, record(DELIVERY, sent.value, headers)), DeadLetter)


# gateway

BATCH = gateway.encode(
    gateway.to_table(
        [
            request
            for chosen in examples("valid", CONTRACTS)
            if chosen.type == gateway.TYPE
            for request in gateway.GatewayBatch.model_validate(chosen.value).requests
        ]
    )
)


def check_batch(value: bytes, content_type: bytes) -> pa.Table | DeadLetter:
    found = decode.batch(record(GATEWAY, value, (("content-type", content_type),)))
    if isinstance(found, pa.Table):
        made = gateway_rows.units([gateway_rows.Message(found, "", date(2026, 3, 2), "t", partition=0, offset=0)])
        assert sum(made.ledger["requests"].to_pylist()) == found.num_rows
        assert not any(column.null_count for column in made.rows.columns), "the tables have no NULL"
    return found


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([gateway.ARROW.encode(), b"application/json", b"", b"\xff"]))
def test_any_bytes_on_the_gateway_topic(value: bytes, content_type: bytes) -> None:
    assert isinstance(check_batch(value, content_type), DeadLetter)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(BATCH) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_arrow_stream(damage: list[tuple[int, int]]) -> None:
    value = bytearray(BATCH)
    for position, byte in damage:
        value[position] = byte
    check_batch(bytes(value), gateway.ARROW.encode())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(gateway.SCHEMA.names), JSON)
def test_any_value_in_any_field_of_the_twin(name: str, value: Any) -> None:
    request = {"unit": "0" * 32, "at": "2026-03-02T09:15:00Z", "service": "pay", "status": 200, "outcome": "ok"}
    check_batch(json.dumps({"requests": [{**request, name: value}]}).encode(), b"application/json")


def arrow(**columns: pa.Array) -> bytes:
    """A batch of one request whose columns are replaced."""
    request = gateway.GatewayRequest(
        unit="0" * 32, at=datetime(2026, 3, 2, tzinfo=UTC), service="pay", status=200, outcome="ok"
    )
    table = gateway.to_table([request])
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), pa.field(name, column.type), column)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def word(value: str | None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array([value], pa.string()))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"unit": word(None)}, "no NULL in unit"),
        ({"service": word(None)}, "no NULL in service"),
        ({"service": pa.array([None], pa.string())}, "'service' with null values"),
        ({"at": pa.array([None], pa.timestamp("us", tz="UTC"))}, "'at' with null values"),
        ({"at": pa.array([0], pa.timestamp("us", tz="UTC"))}, "time_out_of_range"),
        ({"route": word("x" * 201)}, "at most 200 characters in route"),
        ({"status": pa.array([1000], pa.uint16())}, "status of 0..999"),
        ({"outcome": word("fine")}, "expected outcome"),
        ({"unit": word("z" * 32)}, "32 hex digits"),
    ],
)
def test_arrow_that_says_what_the_twin_may_not(columns: dict[str, pa.Array], said: str) -> None:
    found = check_batch(arrow(**columns), gateway.ARROW.encode())
    assert isinstance(found, DeadLetter)
    assert said in found.detail


def test_an_index_outside_its_dictionary_is_a_dead_letter() -> None:
    outside = pa.DictionaryArray.from_arrays(pa.array([7], pa.int32()), pa.array(["pay"]), safe=False)
    assert isinstance(check_batch(arrow(service=outside), gateway.ARROW.encode()), DeadLetter)


# dead letters themselves


@settings(max_examples=150, deadline=None)
@given(value=st.binary(max_size=50), headers=HEADERS, key=st.binary(max_size=10))
@example(value=b"", headers=(("adoption-partition", b"x"), ("adoption-offset", b"-1")), key=b"")
@example(value=b"", headers=(("adoption-partition", b"4294967296"), ("adoption-offset", b"9" * 400)), key=b"")
def test_any_record_of_the_dead_letters_is_kept(value: bytes, headers: Any, key: bytes) -> None:
    row = letters.rows([record(DEAD_LETTERS, value, headers, key)], incarnation=0).to_pylist()[0]
    assert (row["key"], row["value"]) == (key, value)
