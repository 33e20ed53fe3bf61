"""Kong's http-log, file-log and kafka-log records to gateway rows.

Latencies are milliseconds, `started_at` is an epoch in milliseconds. Where `latencies.proxy` is -1 or absent and no try
was made, no upstream was asked: a 429 then is the gateway's own. Raw paths, addresses, headers and bodies are not kept.
"""

from __future__ import annotations

from typing import Any

from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.gateway_rows import Row, mapped, method_of
from producers.sources.identity import actor
from producers.sources.payload import Fields
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template
from producers.sources.times import epoch_us

_LONGEST_US = 2**32 - 1


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of Kong records; a record that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(Fields(record), context), unit=unit)


def request_ids(records: list[Any]) -> list[str] | None:
    """The records' unique request ids, or None where one lacks it: then the sender must send an Idempotency-Key."""
    found = [_request_id(record) for record in records]
    ids = [one for one in found if one]
    return ids if len(ids) == len(records) == len(set(ids)) else None


def _request_id(record: Any) -> str | None:
    request = record.get("request") if isinstance(record, dict) else None
    found = request.get("id") if isinstance(request, dict) else None
    return found if isinstance(found, str) and found else None


def _row(record: Fields, context: Context) -> Row:
    request, response = record.child("request"), record.child("response")
    latencies = record.maybe_child("latencies")
    path = request.maybe_text("uri") or request.maybe_text("url") or ""
    status = response.integer("status")
    return Row(
        at=epoch_us(round(_number(record, "started_at") * 1000), "started_at"),
        service=_name(record.maybe_child("service")),
        route=_route(record.maybe_child("route"), path),
        method=method_of(request.maybe_text("method") or ""),
        status=status,
        is_limited=status == 429 and not _reached_upstream(record, latencies),  # noqa: PLR2004
        consumer=_consumer(record, context),
        is_synthetic=is_probe(_user_agent(request), path),
        latency_us=_latency(latencies),
        request_bytes=_size(request),
        response_bytes=_size(response),
    )


def _number(it: Fields, key: str) -> float:
    value = it.raw(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:  # noqa: PLR2004
        kind = "nothing" if value is None else type(value).__name__
        raise Rejected(
            "missing_field" if value is None else "wrong_type", f"expected {it.at(key)}, a number, got {kind}"
        )
    return value


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
    """Username of the Kong consumer, else its ids; an e-mail address among them becomes a hash."""
    consumer, authenticated = record.maybe_child("consumer"), record.maybe_child("authenticated_entity")
    found = None
    if consumer:
        found = consumer.maybe_text("username") or consumer.maybe_text("custom_id") or consumer.maybe_text("id")
    if not found and authenticated:
        found = authenticated.maybe_text("consumer_id") or authenticated.maybe_text("id")
    if found and "@" in found:
        return actor(context, found) or ""
    return dimension(found or "")


def _reached_upstream(record: Fields, latencies: Fields | None) -> bool:
    source = record.maybe_text("source")
    if source in {"upstream", "kong"}:  # who answered, since Kong 3.6
        return source == "upstream"
    if record.items("tries"):
        return True
    return latencies is not None and "proxy" in latencies and _number(latencies, "proxy") >= 0


def _user_agent(request: Fields) -> str:
    headers = request.maybe_child("headers")
    value = headers.raw("user-agent") if headers else None
    if isinstance(value, list):
        value = next(iter(value), None)
    return value if isinstance(value, str) else ""


def _latency(latencies: Fields | None) -> int | None:
    if latencies is None or "request" not in latencies:
        return None
    milliseconds = _number(latencies, "request")
    return None if milliseconds < 0 else min(round(milliseconds * 1000), _LONGEST_US)


def _size(it: Fields) -> int | None:
    """Bytes; Kong writes numbers, some of its versions the same as text."""
    value = it.raw("size")
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:  # noqa: PLR2004
        return int(value)
    size = it.maybe_integer("size")
    return size if size is not None and size >= 0 else None
