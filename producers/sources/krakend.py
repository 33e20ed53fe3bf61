"""KrakenD's JSON access log (Enterprise) to gateway rows: the format `json`, or `LOG_FORMAT` as its custom one.

KrakenD writes the local time at which a request ended, without a zone, and no format can add one: a record must say it
in `zone` (`LOG_FORMAT` does, as a constant). Latency is seconds in text (`latency`) or milliseconds with a fraction
(`latency_ms`). What a format could not fill in is `-`. A 429 is KrakenD's own: a backend's errors become 500, except
on `no-op` endpoints. Community Edition has no JSON access log; send it as OTLP.
"""

from __future__ import annotations

from typing import Any

from producers.sources.common import Context, GatewayMapped
from producers.sources.gateway_rows import (
    MILLISECOND_US,
    SECOND_US,
    TOO_MANY,
    Row,
    caller,
    id_at,
    mapped,
    method_of,
    microseconds,
    status,
    written,
)
from producers.sources.payload import Fields
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template
from producers.sources.times import iso

LOG_FORMAT = """\
{"time":"%{time}","zone":"+00:00","service":"","environment":"","status_code":%{statusCode},\
"latency_ms":"%{latencyMs}","method":"%{method}","path":"%{path}","user_agent":"%{header.User-Agent}",\
"consumer":"%{jwt.azp}","request_id":"%{header.X-Request-Id}"}
"""
"""`access_log_custom_format`, with a line feed at its end; `zone`, `service` and `environment` are yours to write."""

request_id = id_at("request_id")
"""Of a record, where a request id was sent or given."""


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of KrakenD records; a record that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(Fields(record), context), unit=unit)


def _row(record: Fields, context: Context) -> Row:
    code = status(record, "status_code")
    path = record.maybe_text("path") or ""
    # KrakenD's `2006/01/02 - 15:04:05.000` is ISO 8601 but for its separators.
    written_at = record.text("time").replace("/", "-").replace(" - ", " ")
    return Row(
        at=iso(written_at + (record.maybe_text("zone") or ""), record.at("time")),
        service=dimension(record.maybe_text("service") or ""),
        route=route_template(path),
        method=method_of(record.maybe_text("method") or ""),
        status=code,
        is_limited=code == TOO_MANY,
        consumer=caller(context, record.maybe_text("consumer")),
        is_synthetic=is_probe(record.maybe_text("user_agent") or "", path),
        latency_us=_latency(record),
        request_bytes=None,
        response_bytes=None,
        environment=dimension(record.maybe_text("environment") or ""),
    )


def _latency(record: Fields) -> int | None:
    milliseconds = microseconds(written(record, "latency_ms"), MILLISECOND_US)
    return microseconds(written(record, "latency"), SECOND_US) if milliseconds is None else milliseconds
