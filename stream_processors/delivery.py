"""Delivery events to rows of the raw archive. Pure: the same events give the same rows, whoever writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from schemas import envelope
from schemas.delivery import Deployment, Incident, Merge, Push
from schemas.envelope import Event
from stream_processors.records import Record

INSTANT = pa.timestamp("us", tz="UTC")

COMMON = [
    pa.field("source", pa.string()),
    pa.field("id", pa.string()),
    pa.field("kind", pa.string()),
    pa.field("time", INSTANT),
    pa.field("data", pa.string()),
    pa.field("revision", pa.uint32()),
    pa.field("version", pa.uint64()),
    pa.field("topic", pa.string()),
    pa.field("partition", pa.uint32()),
    pa.field("offset", pa.uint64()),
]

SCHEMA = pa.schema([
    *COMMON,
    pa.field("subject", pa.string()),
    pa.field("service", pa.string()),
    pa.field("repository_id", pa.string()),
    pa.field("repository_name", pa.string()),
    pa.field("references", pa.list_(pa.string())),
])  # fmt: skip
"""Columns of `delivery_events`."""


def common(record: Record, event: Event) -> dict[str, Any]:
    """The columns that every archive row has."""
    return {
        "source": event.source,
        "id": event.id,
        "kind": event.data.kind,
        "time": event.time,
        "data": envelope.content(event).decode(),
        "revision": event.mapperrevision,
        "version": envelope.version(event),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
    }


def rows(events: Iterable[tuple[Record, Event]]) -> pa.Table:
    """Rows of `delivery_events`."""
    return pa.Table.from_pylist([_row(record, event) for record, event in events], schema=SCHEMA)


def _row(record: Record, event: Event) -> dict[str, Any]:
    data = event.data
    repository = getattr(data, "repository", None)
    return common(record, event) | {
        "subject": event.subject or "",
        "service": getattr(data, "service", None) or "",
        "repository_id": (repository.id if repository else None) or "",
        "repository_name": (repository.name if repository else None) or "",
        "references": pointers(data),
    }


def pointers(data: Any) -> list[str]:
    """What incidents may point at in an event, and what an incident points at: deployment ids and commits."""
    if isinstance(data, Incident):
        return sorted({*data.deployment_ids, *data.commits})
    if not isinstance(data, Deployment | Push | Merge):
        return []
    known = {commit.sha for commit in data.commits or ()}
    if isinstance(data, Deployment):
        known |= {data.deployment_id, data.commit or ""}
    elif isinstance(data, Push):
        known |= {data.after or ""}
    else:
        known |= {data.head_commit or "", data.merge_commit or ""}
    return sorted(known - {""})
