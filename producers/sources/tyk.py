"""Tyk Pump's analytics records to gateway rows.

`timestamp` is ISO 8601, `request_time` and `latency` are milliseconds. Records carry no id: the sender's
Idempotency-Key makes a POST one. `api_key` is the caller's key itself unless Tyk hashes keys: it leaves only as a hash,
and only where neither an alias nor an OAuth client names the caller; zeros mean no key. A 429 that no upstream took
time for is the gateway's own. The stdout pump wraps each record in `tyk-analytics-record`.
"""

from __future__ import annotations

from typing import Any

from producers.sources.common import Context, GatewayMapped
from producers.sources.gateway_rows import (
    MILLISECOND_US,
    TOO_MANY,
    Row,
    caller,
    mapped,
    method_of,
    microseconds,
    number,
    size,
)
from producers.sources.identity import actor
from producers.sources.payload import Fields
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template

_WRAPPED = "tyk-analytics-record"


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of Tyk records; a record that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(_unwrapped(Fields(record)), context), unit=unit)


def _unwrapped(record: Fields) -> Fields:
    return record.maybe_child(_WRAPPED) or record


def _row(record: Fields, context: Context) -> Row:
    status = record.integer("response_code")
    path = "/" + (record.maybe_text("path") or "").lstrip("/")
    latency = record.maybe_child("latency")
    upstream = _milliseconds(latency, "upstream") if latency else _milliseconds(record, "request_time")
    return Row(
        at=record.instant("timestamp"),
        service=dimension(record.maybe_text("api_name") or record.maybe_text("api_id") or ""),
        route=route_template(path),
        method=method_of(record.maybe_text("method") or ""),
        status=status,
        is_limited=status == TOO_MANY and not upstream,
        consumer=_consumer(record, context),
        is_synthetic=is_probe(record.maybe_text("user_agent") or "", path),
        latency_us=microseconds(_milliseconds(record, "request_time"), MILLISECOND_US),
        request_bytes=size(record, "content_length"),
        response_bytes=None,
    )


def _consumer(record: Fields, context: Context) -> str:
    named = caller(context, record.maybe_text("alias"), record.maybe_text("oauth_id"))
    key = record.maybe_text("api_key") or ""
    return named or (actor(context, key) or "" if key.strip("0") else "")


def _milliseconds(it: Fields, key: str) -> float | None:
    return number(it, key) if key in it else None
