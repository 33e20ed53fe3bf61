"""Apache APISIX's logger records (http-logger, kafka-logger, file-logger, in their default format) to gateway rows.

`start_time` is an epoch in milliseconds, `latency` milliseconds with a fraction. A route with an upstream of its own
has an empty `service_id`: the route's id then names the service. A request that met no route has no `route_id`, and its
`service_id` is whatever host the caller wrote: such a row has no service. Where no `upstream` was asked a 429 is the
gateway's own. Records have an id only where the plugin `request-id` gave them the header X-Request-Id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    request_header,
    size,
)
from producers.sources.payload import Fields
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template
from producers.sources.times import epoch_us

if TYPE_CHECKING:
    import pyarrow as pa

request_id = id_at("request", "headers", "x-request-id")
"""Of a record, where the plugin `request-id` is on."""


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of APISIX records; a record that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(Fields(record), context), unit=unit)


def map_bytes(values: list[bytes], *, unit: str, context: Context) -> tuple[pa.Table, list[int]]:
    """As `common.BytesMapper`: the same rows, in bulk (`apisix_columns.py`)."""
    from producers.sources.apisix_columns import BULK  # noqa: PLC0415 -- Polars is for who has many records

    return BULK.map_bytes(values, unit=unit, context=context)


def _row(record: Fields, context: Context) -> Row:
    request, response = record.child("request"), record.child("response")
    path = request.maybe_text("uri") or request.maybe_text("url") or ""
    status = response.integer("status")
    consumer = record.maybe_child("consumer")
    was_asked = "upstream" in record or "upstream_latency" in record
    return Row(
        at=epoch_us(round(number(record, "start_time") * MILLISECOND_US), "start_time"),
        service=_service(record),
        route=route_template(path),
        method=method_of(request.maybe_text("method") or ""),
        status=status,
        is_limited=status == TOO_MANY and not was_asked,
        consumer=caller(context, consumer.maybe_text("username")) if consumer else "",
        is_synthetic=is_probe(request_header(request.maybe_child("headers"), "user-agent"), path),
        latency_us=microseconds(number(record, "latency") if "latency" in record else None, MILLISECOND_US),
        request_bytes=size(request, "size"),
        response_bytes=size(response, "size"),
    )


def _service(record: Fields) -> str:
    route = record.maybe_text("route_id")
    return dimension(record.maybe_text("service_id") or route) if route else ""
