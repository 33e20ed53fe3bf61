"""The gateway stream's contract: a Batch of requests as one Arrow IPC stream (schema v1), and its JSON twin.

A batch is made of units; a unit is what counts once: what a sender would send again whole (one POST, one byte range of
a file, one offset range of a foreign topic). Packing several units into one message never changes a unit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, StringConstraints

from schemas.base import EARLIEST, LATEST, Contract, Instant, event_id

TYPE = "adoption.gateway-batch.v1"
ARROW = "application/vnd.apache.arrow.stream"
MAX_REQUESTS = 10_000
"""Requests in one message: Faust costs 100-200 us a message whatever the agent does, so messages are large."""
MAX_STATUS = 999
MAX_WORD = 200
"""Characters of a dimension's value."""
MAX_BYTES = 2 * 1024 * 1024
"""Encoded size of one message; the topic takes 4 MiB, so that a poison message plus its reason still fits."""

Outcome = Literal["ok", "client_error", "error", "limited"]
Dimension = Annotated[str, StringConstraints(max_length=MAX_WORD)]
"""A dimension's value; empty when the sender did not say."""
Unit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]

_WORD = pa.dictionary(pa.int32(), pa.string())

SCHEMA = pa.schema(
    [
        pa.field("unit", _WORD, nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("service", _WORD, nullable=False),
        pa.field("route", _WORD, nullable=False),
        pa.field("method", _WORD, nullable=False),
        pa.field("status", pa.uint16(), nullable=False),
        pa.field("outcome", _WORD, nullable=False),
        pa.field("consumer", _WORD, nullable=False),
        pa.field("team", _WORD, nullable=False),
        pa.field("environment", _WORD, nullable=False),
        pa.field("is_synthetic", pa.bool_(), nullable=False),
        pa.field("latency_us", pa.uint32(), nullable=True),
        pa.field("request_bytes", pa.uint64(), nullable=True),
        pa.field("response_bytes", pa.uint64(), nullable=True),
    ],
    metadata={"adoption.schema": "gateway.v1"},
)
"""Arrow schema v1. Words are dictionary-encoded; an absent word is the empty string, an absent number is NULL.
status 0 means that no response was sent (time-out, connection failure)."""


class GatewayRequest(Contract):
    """One request, as the JSON twin of one row of `SCHEMA`."""

    unit: Unit
    at: Instant
    service: Dimension
    route: Dimension = Field(default="", description="A template, never a raw path")
    method: Dimension = ""
    status: Annotated[int, Field(ge=0, le=MAX_STATUS)]
    outcome: Outcome
    consumer: Dimension = ""
    team: Dimension = Field(default="", description="Only when the record named it")
    environment: Dimension = ""
    is_synthetic: bool = False
    latency_us: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    request_bytes: Annotated[int, Field(ge=0, lt=2**64)] | None = None
    response_bytes: Annotated[int, Field(ge=0, lt=2**64)] | None = None


class GatewayBatch(Contract):
    """The JSON twin of a Batch, for senders without Arrow."""

    requests: Annotated[tuple[GatewayRequest, ...], Field(max_length=MAX_REQUESTS)]


class BatchError(ValueError):
    """Bytes that are no Batch: what was expected and what came."""


def unit_id(source: str, position: str, raw: bytes) -> str:
    """Identity of a unit: digest of (authenticated source, position, digest of the raw bytes before mapping).

    position: file identity + byte range, topic UUID + partition + offset range, or the Idempotency-Key.
    """
    return event_id("unit", source, position, hashlib.sha256(raw).hexdigest())


def outcome_of(status: int, *, limited_by_gateway: bool = False) -> Outcome:
    """Outcome of a request (METRICS 0.14): 1xx-3xx ok, 4xx client_error, 5xx and no answer error, own 429 limited."""
    if status == 429 and limited_by_gateway:  # noqa: PLR2004
        return "limited"
    if 100 <= status < 400:  # noqa: PLR2004
        return "ok"
    return "client_error" if 400 <= status < 500 else "error"  # noqa: PLR2004


def to_table(requests: Sequence[GatewayRequest]) -> pa.Table:
    """Rows of `SCHEMA` from requests."""
    return pa.Table.from_pylist([request.model_dump() for request in requests], schema=SCHEMA)


def encode(table: pa.Table) -> bytes:
    """A table of `SCHEMA` as one Arrow IPC stream, buffers compressed with zstd."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd", unify_dictionaries=True)
    with pa.ipc.new_stream(sink, SCHEMA, options=options) as writer:
        writer.write_table(table.cast(SCHEMA).unify_dictionaries().combine_chunks())
    return bytes(sink.getvalue())


def decode(value: bytes, content_type: str) -> pa.Table:
    """The rows of a Batch, of `SCHEMA`.

    Raises:
        BatchError: no Arrow stream or JSON of this schema, too many rows, a time or an outcome out of its range.
        pydantic.ValidationError: JSON that breaks the contract.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media == ARROW:
        table = _read_arrow(value)
    elif media == "application/json":
        table = to_table(GatewayBatch.model_validate_json(value, extra="ignore").requests)
    else:
        raise BatchError(f"expected content-type {ARROW} or application/json, got {content_type!r}")
    _check(table)
    return table


def _read_arrow(value: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(pa.BufferReader(value)) as reader:
            table = reader.read_all()
        # Before anything follows an offset or an index in it: hostile ones point outside their buffers.
        table.validate(full=True)
        return table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowException, KeyError, ValueError, OSError) as error:
        raise BatchError(f"expected an Arrow IPC stream of schema gateway.v1, got {error}") from error


def _check(table: pa.Table) -> None:
    if not 0 < table.num_rows <= MAX_REQUESTS:
        raise BatchError(f"expected 1..{MAX_REQUESTS} requests in a batch, got {table.num_rows}")
    for field in SCHEMA:
        column = table.column(field.name)
        if not field.nullable and column.null_count:
            raise BatchError(f"expected no NULL in {field.name}, got {column.null_count}")
        if pa.types.is_dictionary(field.type):
            _check_words(field.name, column)
    highest = pc.max(table.column("status")).as_py()
    if highest > MAX_STATUS:
        raise BatchError(f"expected a status of 0..{MAX_STATUS}, got {highest}")
    span = pc.min_max(table.column("at")).as_py()
    if not (span["min"] >= EARLIEST and span["max"] < LATEST):
        raise BatchError(f"time_out_of_range: expected {EARLIEST:%Y}..{LATEST:%Y}, got {span['min']}..{span['max']}")
    outcomes = set(pc.unique(table.column("outcome")).to_pylist())
    if not outcomes <= {"ok", "client_error", "error", "limited"}:
        raise BatchError(f"expected outcome ok, client_error, error or limited, got {sorted(outcomes)}")
    for unit in pc.unique(table.column("unit")).to_pylist():
        if len(unit) != 32 or not set(unit) <= set("0123456789abcdef"):  # noqa: PLR2004
            raise BatchError(f"expected a unit of 32 hex digits, got {unit!r}")


def _check_words(name: str, column: pa.ChunkedArray) -> None:
    """Refuse words that the twin would refuse; a NULL in the dictionary itself is none that `null_count` sees."""
    for chunk in column.chunks:
        if chunk.dictionary.null_count:
            raise BatchError(f"expected no NULL in {name}, got one in its dictionary")
        longest = pc.max(pc.utf8_length(chunk.dictionary)).as_py() or 0
        if longest > MAX_WORD:
            raise BatchError(f"expected at most {MAX_WORD} characters in {name}, got {longest}")
