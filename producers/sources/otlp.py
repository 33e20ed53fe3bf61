"""OTLP/HTTP server spans (`ExportTraceServiceRequest` as JSON) to gateway rows.

A span of kind SERVER with an HTTP method is a request; every other span is left out and counted. Times are nanoseconds
since 1970 in text. Names of attributes are those of both semantic conventions, the stable ones first
(`http.response.status_code`, then `http.status_code`). A span without a status answered nothing: status 0, an error.
`http.route` is the template; without one the raw path becomes one. Who called is `service.peer.name` or `peer.service`
(a system), else `enduser.id` or `user.id` (a person: a hash). A 429 is never called the gateway's own: a span does not
say who refused. A gateway and the service behind it both send a span of one request: each counts for its own service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.gateway_rows import Row, caller, mapped, method_of, microseconds
from producers.sources.identity import actor
from producers.sources.payload import Fields
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template
from producers.sources.times import epoch_us

_SERVER = frozenset({2, "SPAN_KIND_SERVER"})
_NS = 1_000
_LONGEST = 20
"""Digits of a 64-bit number."""
_SCOPES = ("scopeSpans", "instrumentationLibrarySpans")
"""The second until OTLP 0.19."""
_METHOD = ("http.request.method", "http.method")
_STATUS = ("http.response.status_code", "http.status_code")
_PATH = ("url.path", "http.target", "url.full", "http.url")
_AGENT = ("user_agent.original", "http.user_agent")
_REQUEST_BYTES = ("http.request.size", "http.request.body.size", "http.request_content_length")
_RESPONSE_BYTES = ("http.response.size", "http.response.body.size", "http.response_content_length")
_ENVIRONMENT = ("deployment.environment.name", "deployment.environment")
_SYSTEMS = ("service.peer.name", "peer.service")
_PERSONS = ("enduser.id", "user.id")
_UNNAMED = "unknown_service"
"""What an SDK writes when nobody named the service, alone or with `:` and the process's name."""

Attributes = Mapping[str, Any]


def unpack(payload: Any) -> list[Any]:
    """Export requests as one request per span, each with its resource; what has another shape stays as it is."""
    if isinstance(payload, list):
        return [one for item in payload for one in unpack(item)]
    return list(_each(payload, "resourceSpans", _of_resource)) if isinstance(payload, dict) else [payload]


def answer(rejected: Mapping[str, int]) -> dict[str, Any]:
    """The `ExportTraceServiceResponse` that an exporter expects with 200.

    Args:
        rejected: reason -> number of spans; they are kept as dead letters and need not come again.
    """
    if not rejected:
        return {}
    reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(rejected.items()))
    return {"partialSuccess": {"rejectedSpans": str(sum(rejected.values())), "errorMessage": f"rejected: {reasons}"}}


def request_id(record: Any) -> str | None:
    """Trace and span of an unpacked record; None where one is missing."""
    try:
        _, span = _parts(record)
        trace, name = span.maybe_text("traceId"), span.maybe_text("spanId")
    except Rejected:
        return None
    return f"{trace}/{name}" if trace and name else None


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of unpacked records; a span that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(record, context), unit=unit)


def _each(it: dict[str, Any], key: str, inner: Any) -> Iterator[Any]:
    """What `inner` makes of each item of a list, put back into copies of `it`; `it` itself where there is no list."""
    items = it.get(key)
    if items is None:
        return
    if not isinstance(items, list):
        yield it
        return
    rest = {name: value for name, value in it.items() if name != key}
    for item in items:
        for one in inner(item):
            yield {**rest, key: [one]}


def _of_resource(item: Any) -> Iterator[Any]:
    if not isinstance(item, dict):
        yield item
        return
    rest = {name: value for name, value in item.items() if name not in _SCOPES}
    for key in _SCOPES:
        if key in item:
            yield from _each({**rest, key: item[key]}, key, _of_scope)


def _of_scope(item: Any) -> Iterator[Any]:
    if isinstance(item, dict):
        yield from _each(item, "spans", lambda span: [span])
    else:
        yield item


def _parts(record: Any) -> tuple[Fields, Fields]:
    """The resource's group and the one span of an unpacked record."""
    resource = _only(Fields(record), "resourceSpans")
    scope = _only(resource, next((key for key in _SCOPES if key in resource), _SCOPES[0]))
    return resource, _only(scope, "spans")


def _only(it: Fields, key: str) -> Fields:
    found = list(it.children(key))
    if len(found) != 1:
        raise Rejected("missing_field", f"expected one item in {it.at(key)}, got {len(found)}")
    return found[0]


def _row(record: Any, context: Context) -> Row | str:
    group, span = _parts(record)
    if span.raw("kind") not in _SERVER:
        return "otlp:not_a_server_span"
    found = _attributes(span)
    method = _text(found, *_METHOD)
    if not method:
        return "otlp:not_http"
    holder = group.maybe_child("resource")
    resource = _attributes(holder) if holder else {}
    start, end = _nanoseconds(span, "startTimeUnixNano"), _nanoseconds(span, "endTimeUnixNano")
    path = _text(found, *_PATH)
    return Row(
        at=epoch_us(start // _NS, "startTimeUnixNano"),
        service=_service(resource),
        route=dimension(_text(found, "http.route")) or route_template(path),
        method=method_of(method),
        status=_count(found, *_STATUS) or 0,
        is_limited=False,
        consumer=_consumer(found, context),
        is_synthetic=is_probe(_text(found, *_AGENT), path or _text(found, "http.route")),
        latency_us=microseconds((end - start) / _NS, 1),
        request_bytes=_count(found, *_REQUEST_BYTES),
        response_bytes=_count(found, *_RESPONSE_BYTES),
        environment=dimension(_text(resource, *_ENVIRONMENT)),
    )


def _service(resource: Attributes) -> str:
    name = _text(resource, "service.name")
    return "" if name.partition(":")[0] == _UNNAMED else dimension(name)


def _consumer(found: Attributes, context: Context) -> str:
    return caller(context, *(_text(found, name) for name in _SYSTEMS)) or actor(context, _text(found, *_PERSONS)) or ""


def _attributes(it: Fields) -> Attributes:
    """Attributes by name: the single value of each (texts and numbers; lists and maps are of no interest)."""
    return {
        attribute.text("key"): value.raw(kind)
        for attribute in it.children("attributes")
        if (value := attribute.maybe_child("value"))
        for kind in ("stringValue", "intValue")
        if kind in value
    }


def _text(found: Attributes, *names: str) -> str:
    return next((value for name in names if isinstance(value := found.get(name), str) and value.strip()), "")


def _count(found: Attributes, *names: str) -> int | None:
    """A whole number that is not negative, in digits as OTLP writes 64 bits or as a number."""
    value = next((found[name] for name in names if name in found), None)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _LONGEST - 1:
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63):
        return value
    raise Rejected("wrong_type", f"expected attribute {names[0]} to be a whole number, got {type(value).__name__}")


def _nanoseconds(span: Fields, key: str) -> int:
    value = span.raw(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _LONGEST:
        return int(value)
    return span.integer(key) if not isinstance(value, str) else _refuse(span, key)


def _refuse(span: Fields, key: str) -> int:
    raise Rejected("wrong_type", f"expected {span.at(key)}, nanoseconds since 1970 in digits, got another text")
