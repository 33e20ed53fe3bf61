"""What the pure mappers give fits the tables that migrations make, and the same input gives the same rows.

The tables are real ones: migrations applied on the engine, columns read from `system.columns`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import product
from typing import Any

import pyarrow as pa
import pytest

from schemas import dead_letters, gateway
from schemas.dead_letters import DeadLetter
from schemas.streams import CATALOG, COSTS, DEAD_LETTERS, DELIVERY, GATEWAY, STREAMS, Stream
from stream_processors import catalog, costs, delivery, letters, restated
from stream_processors import gateway as gateway_units
from stream_processors.facts_tables import SCHEMAS
from stream_processors.services import HEAD
from tests.contract.examples import EVENT_TYPES, examples, record

INTEGERS = {"UInt8", "UInt16", "UInt32", "UInt64", "Int64"}


def _events(stream: Stream) -> list[Any]:
    found = examples("valid", [one for one in EVENT_TYPES if one[0] is stream])
    return [(example.record(), example.event()) for example in found]


def _units() -> gateway_units.Units:
    requests = tuple(
        request
        for example in examples("valid", [(GATEWAY, gateway.TYPE)])
        if example.path.stem == "two_units"
        for request in gateway.GatewayBatch.model_validate(example.value).requests
    )
    where: dict[str, Any] = {"topic": GATEWAY.topic, "partition": 1, "offset": 7}
    table = gateway.to_table(requests)
    return gateway_units.units([gateway_units.Message(table, source="//gateway/edge", day=date(2026, 3, 2), **where)])


def _letters() -> pa.Table:
    letter = DeadLetter(
        "adoption.gateway.v1", 3, 9, "not_a_batch", "expected …", b"k", b"\xff\x00", (("ce_id", b"\xfe"),)
    )
    _, value, headers = dead_letters.to_kafka(letter)
    return letters.rows([record(DEAD_LETTERS, value, tuple(headers))], incarnation=2)


MAPPERS: dict[str, Callable[[], pa.Table]] = {
    "delivery_events": lambda: delivery.rows(_events(DELIVERY)),
    "catalog_events": lambda: catalog.rows(_events(CATALOG)),
    "cost_events": lambda: costs.rows(_events(COSTS)),
    "gateway_unit_rows": lambda: _units().rows,
    "gateway_units": lambda: _units().ledger,
    "dead_letters": _letters,
}
"""Table → rows of the examples, as the processors write them."""

WRITTEN: dict[str, pa.Schema] = {
    **{table: rows().schema for table, rows in MAPPERS.items()},
    "facts_heads": HEAD,
    "restated_facts": restated.SCHEMA,
    **SCHEMAS,
}
"""Every table that processors write Arrow to → what they write."""


@pytest.fixture(scope="module")
def columns(warehouse: Any) -> dict[str, dict[str, str]]:
    """Table → column → type."""
    found: dict[str, dict[str, str]] = {}
    for table, name, type_ in warehouse.query(
        "SELECT table, name, type FROM system.columns WHERE database = 'adoption'"
    ).result_rows:
        found.setdefault(table, {})[name] = type_
    return found


def _columns_for(arrow: pa.DataType) -> set[str]:
    """Column types (without LowCardinality and Nullable) in which the engine stores this Arrow type without loss."""
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
        return {f"Array({inner})" for inner in _columns_for(arrow.value_type)}
    if pa.types.is_struct(arrow):
        parts = [sorted(f"{field.name} {one}" for one in _columns_for(field.type)) for field in arrow]
        return {f"Tuple({', '.join(fields)})" for fields in product(*parts)}
    fixed = {
        delivery.INSTANT: {"DateTime64(6, 'UTC')"},
        pa.date32(): {"Date"},
        costs.MONEY: {"Decimal(38, 18)"},
        # Facts count and flag in Python's int; their columns say how large it gets.
        pa.int64(): {"UInt8", "UInt16", "UInt32", "UInt64", "Int64"},
        pa.uint32(): {"UInt32", "DateTime('UTC')"},
    }
    if arrow in fixed:
        return fixed[arrow]
    return {str(arrow).replace("uint", "UInt")} if pa.types.is_integer(arrow) else {"String", "FixedString(16)"}


def _fits(arrow: pa.DataType, column: str) -> bool:
    return re.sub(r"(?:LowCardinality|Nullable)\(((?:[^()]|\([^()]*\))*)\)", r"\1", column) in _columns_for(arrow)


@pytest.mark.parametrize("table", WRITTEN)
def test_columns_and_types_are_those_of_the_table(table: str, columns: dict[str, dict[str, str]]) -> None:
    assert table in columns, f"rows go to table {table}, which no migration makes"
    theirs = columns[table]
    ours = {field.name: field.type for field in WRITTEN[table]}
    lacking = sorted(ours.keys() - theirs.keys())
    assert not lacking, (
        f"a mapper's column that the table lacks: {table}.{lacking}; every insert would fail. Add a migration"
    )
    unfilled = sorted(theirs.keys() - ours.keys())
    assert not unfilled, f"columns of {table} that no mapper fills: {unfilled}; they would hold defaults for ever"
    wrong = {name: (str(type_), theirs[name]) for name, type_ in ours.items() if not _fits(type_, theirs[name])}
    assert not wrong, f"{table}: Arrow type and column type differ: {wrong}"


def test_every_event_table_of_the_registry_is_looked_at() -> None:
    assert {stream.table for stream in STREAMS} <= WRITTEN.keys()


@pytest.mark.parametrize("table", MAPPERS)
def test_the_same_records_give_the_same_rows(table: str) -> None:
    rows = MAPPERS[table]
    assert rows().equals(rows()), f"the mapper of {table} is not pure: a replay would write other rows"


@pytest.mark.parametrize("table", MAPPERS)
def test_written_twice_is_written_once_and_read_back_whole(table: str, warehouse: Any) -> None:
    rows = MAPPERS[table]()
    for _ in range(2):
        warehouse.insert_arrow(table, rows)
    read = warehouse.query_arrow(f"SELECT {', '.join(rows.column_names)} FROM {table} FINAL")
    assert read.num_rows == rows.num_rows
    for name in ("time", "first_at", "version", "requests", "data", "detail", "value", "latency_counts"):
        if name in rows.column_names:
            assert sorted(map(repr, _plain(read[name]))) == sorted(map(repr, _plain(rows[name]))), name


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """Values to compare: text as bytes (the engine's String is bytes), instants as microseconds."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.binary())
    return column.cast(pa.int64()).to_pylist() if pa.types.is_timestamp(column.type) else column.to_pylist()
