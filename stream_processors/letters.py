"""Dead letters to rows of their table. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from schemas import dead_letters
from stream_processors.delivery import INSTANT
from stream_processors.records import Record

SCHEMA = pa.schema([
    pa.field("topic", pa.string()),
    pa.field("partition", pa.uint32()),
    pa.field("offset", pa.uint64()),
    pa.field("incarnation", pa.uint32()),
    pa.field("reason", pa.string()),
    pa.field("detail", pa.string()),
    pa.field("time", INSTANT),
    pa.field("key", pa.binary()),
    pa.field("value", pa.binary()),
    pa.field("headers", pa.list_(pa.struct([("name", pa.binary()), ("value", pa.binary())]))),
    pa.field("identity", pa.binary(16)),
])  # fmt: skip
"""Columns of `dead_letters`."""


def rows(records: Iterable[Record], incarnation: int) -> pa.Table:
    """Rows of `dead_letters` from records of its topic."""
    return pa.Table.from_pylist([_row(record, incarnation) for record in records], schema=SCHEMA)


def _row(record: Record, incarnation: int) -> dict[str, Any]:
    letter = dead_letters.from_kafka(record.key, record.value, list(record.headers))
    identity = hashlib.sha256()
    for part in (
        letter.origin.encode(),
        letter.key,
        letter.value,
        *(b for pair in letter.headers for b in _bytes(pair)),
    ):
        identity.update(len(part).to_bytes(8, "big") + part)
    return {
        "topic": letter.origin,
        "partition": letter.partition,
        "offset": letter.offset,
        "incarnation": incarnation,
        "reason": letter.reason,
        "detail": letter.detail,
        "time": record.appended_at,
        "key": letter.key,
        "value": letter.value,
        "headers": [{"name": name.encode(), "value": value} for name, value in letter.headers],
        "identity": identity.digest()[:16],
    }


def _bytes(pair: tuple[str, bytes]) -> tuple[bytes, bytes]:
    return pair[0].encode(), pair[1]
