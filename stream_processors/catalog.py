"""Catalog facts to rows of the raw archive. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from schemas.catalog import Fact
from schemas.envelope import Event
from stream_processors.delivery import COMMON, INSTANT, common
from stream_processors.records import Record

SCHEMA = pa.schema([
    *COMMON,
    pa.field("at", INSTANT),
    pa.field("entity", pa.string()),
    pa.field("removed", pa.uint8()),
])  # fmt: skip
"""Columns of `catalog_events`."""

_ENTITY = {
    "service": "service",
    "team": "team",
    "mapping": "repository",
    "resource": "resource",
    "ownership": "name",
    "consumer": "consumer",
    "grant": "service",
    "slo": "service",
    "target": "scope",
    "annotation": "scope",
    "observation": "source",
}
"""Field that names what a fact is about, per kind."""


def rows(events: Iterable[tuple[Record, Event]]) -> pa.Table:
    """Rows of `catalog_events`."""
    return pa.Table.from_pylist([_row(record, event) for record, event in events], schema=SCHEMA)


def _row(record: Record, event: Event) -> dict[str, Any]:
    fact = event.data
    assert isinstance(fact, Fact)
    return common(record, event) | {
        "at": fact.valid_from or event.time,
        "entity": getattr(fact, _ENTITY[fact.kind]),
        "removed": int(fact.removed),
    }
