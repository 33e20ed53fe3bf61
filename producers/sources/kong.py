"""Kong's http-log, file-log and kafka-log records to gateway rows.

Latencies are milliseconds, `started_at` is an epoch in milliseconds. Where `latencies.proxy` is -1 or absent and no try
was made, no upstream was asked: a 429 then is the gateway's own. Raw paths, addresses, headers and bodies are not kept.
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

request_id = id_at("request", "id")
"""Of a record, since Kong 3.5."""


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of Kong records; a record that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(Fields(record), context), unit=unit)


def map_bytes(values: list[bytes], *, unit: str, context: Context) -> tuple[pa.Table, list[int]]:
    """As `common.BytesMapper`: the same rows, in bulk (`kong_columns.py`)."""
    from producers.sources.kong_columns import BULK  # noqa: PLC0415 -- Polars is for who has many records

    return BULK.map_bytes(values, unit=unit, context=context)


def _row(record: Fields, context: Context) -> Row:
    request, response = record.child("request"), record.child("response")
    latencies = record.maybe_child("latencies")
    path = request.maybe_text("uri") or request.maybe_text("url") or ""
    status = response.integer("status")
    return Row(
        at=epoch_us(round(number(record, "started_at") * MILLISECOND_US), "started_at"),
        service=_name(record.maybe_child("service")),
        route=_route(record.maybe_child("route"), path),
        method=method_of(request.maybe_text("method") or ""),
        status=status,
        is_limited=status == TOO_MANY and not _reached_upstream(record, latencies),
        consumer=_consumer(record, context),
        is_synthetic=is_probe(request_header(request.maybe_child("headers"), "user-agent"), path),
        latency_us=microseconds(_phase(latencies, "request"), MILLISECOND_US),
        request_bytes=size(request, "size"),
        response_bytes=size(response, "size"),
    )


def _name(it: Fields | None) -> str:
    """What people call a Kong object: its name, else its id."""
    return dimension((it.maybe_text("name") or it.maybe_text("id") or "") if it else "")


def _route(route: Fields | None, path: str) -> str:
    """The route's own path where Kong names exactly one, else the template of the raw path."""
    paths = (route.texts("paths") or []) if route else []
    if len(paths) == 1 and not paths[0].startswith("~"):
        return dimension(paths[0])
    return route_template(path) or (dimension(route.maybe_text("name") or "") if route else "")


def _consumer(record: Fields, context: Context) -> str:
    """Username of the Kong consumer, else its ids."""
    found = (("consumer", ("username", "custom_id", "id")), ("authenticated_entity", ("consumer_id", "id")))
    children = ((record.maybe_child(name), keys) for name, keys in found)
    return caller(context, *(child.maybe_text(key) for child, keys in children if child for key in keys))


def _phase(latencies: Fields | None, name: str) -> float | None:
    """Milliseconds; below 0 where the request did not come so far."""
    return number(latencies, name) if latencies and name in latencies else None


def _reached_upstream(record: Fields, latencies: Fields | None) -> bool:
    source = record.maybe_text("source")
    if source in {"upstream", "kong"}:  # who answered, since Kong 3.6
        return source == "upstream"
    if record.items("tries"):
        return True
    proxy = _phase(latencies, "proxy")
    return proxy is not None and proxy >= 0
