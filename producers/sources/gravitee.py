"""Gravitee's v4 request metrics (JSON of the file, TCP and Kafka reporters) to gateway rows.

`timestamp` is an epoch in milliseconds, latencies are milliseconds; -1 means not known. The consumer is the
application; `1` is what a keyless plan writes in its place. A long connection is reported at its beginning too: only
the record with `requestEnded` counts. Other records of the same reporter (logs, messages, health checks, the node's own
state) are left out. A 429 is the gateway's own where its `errorKey` says so, or where no endpoint was asked.
"""

from __future__ import annotations

from typing import Any

from producers.sources.common import Context, GatewayMapped
from producers.sources.gateway_rows import (
    MILLISECOND_US,
    TOO_MANY,
    Row,
    caller,
    id_at,
    mapped,
    method_of,
    microseconds,
    number,
    size,
)
from producers.sources.payload import Fields
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template
from producers.sources.times import epoch_us

request_id = id_at("requestId")
"""Of a record."""
_OTHER = {
    "connectorType": "gravitee:message",
    "entrypointRequest": "gravitee:log",
    "endpointRequest": "gravitee:log",
    "steps": "gravitee:health_check",
    "jvm": "gravitee:node",
}
"""Fields that only other records have."""
_KEYLESS = "1"
_REFUSALS = ("RATE_LIMIT_", "QUOTA_", "SPIKE_ARREST_")


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of Gravitee records; a record that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(Fields(record), context), unit=unit)


def _row(record: Fields, context: Context) -> Row | str:
    other = next((reason for name, reason in _OTHER.items() if name in record), None)
    if other:
        return other
    if record.maybe_flag("requestEnded") is False:
        return "gravitee:not_ended"
    status = record.integer("status")
    uri = record.maybe_text("uri") or ""
    application = record.maybe_text("applicationId")
    return Row(
        at=epoch_us(round(number(record, "timestamp") * MILLISECOND_US), "timestamp"),
        service=dimension(record.maybe_text("apiName") or record.maybe_text("apiId") or ""),
        route=dimension(record.maybe_text("mappedPath") or "") or route_template(uri),
        method=method_of(record.maybe_text("httpMethod") or ""),
        status=status,
        is_limited=status == TOO_MANY and _refused(record),
        consumer=caller(context, application if application != _KEYLESS else None),
        is_synthetic=is_probe(record.maybe_text("userAgent") or "", uri),
        latency_us=microseconds(_milliseconds(record, "gatewayResponseTimeMs"), MILLISECOND_US),
        request_bytes=size(record, "requestContentLength"),
        response_bytes=size(record, "responseContentLength"),
    )


def _refused(record: Fields) -> bool:
    return (record.maybe_text("errorKey") or "").startswith(_REFUSALS) or "endpoint" not in record


def _milliseconds(record: Fields, key: str) -> float | None:
    return number(record, key) if key in record else None
