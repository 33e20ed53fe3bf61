"""OTLP/HTTP server spans (`ExportTraceServiceRequest` as JSON) to gateway rows.

A span of kind SERVER with an HTTP method is a request; every other span is left out and counted. Times are nanoseconds
since 1970 in text. Names of attributes are those of both semantic conventions, the stable ones first
(`http.response.status_code`, then `http.status_code`). A span without a status answered nothing: status 0, an error.
`http.route` is the template; without one the raw path becomes one. Who called is `service.peer.name` or `peer.service`
(a system), else `enduser.id` or `user.id` (a person: a hash). A 429 is never called the gateway's own: a span does not
say who refused. A gateway and the service behind it both send a span of one request: each counts for its own service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.gateway_rows import Row, caller, mapped, method_of, microseconds
from producers.sources.identity import actor
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template
from producers.sources.spans import LONGEST, Attributes, attributes, nanoseconds, parts, text, unpack
from producers.sources.times import epoch_us

_SERVER = (2, "SPAN_KIND_SERVER")
_NS = 1_000
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

__all__ = ["answer", "map_records", "request_id", "unpack"]


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
        _, span = parts(record)
        trace, name = span.maybe_text("traceId"), span.maybe_text("spanId")
    except Rejected:
        return None
    return f"{trace}/{name}" if trace and name else None


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of unpacked records; a span that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(record, context), unit=unit)


def _row(record: Any, context: Context) -> Row | str:
    group, span = parts(record)
    if span.raw("kind") not in _SERVER:
        return "otlp:not_a_server_span"
    found = attributes(span)
    method = text(found, *_METHOD)
    if not method:
        return "otlp:not_http"
    holder = group.maybe_child("resource")
    resource = attributes(holder) if holder else {}
    start, end = nanoseconds(span, "startTimeUnixNano"), nanoseconds(span, "endTimeUnixNano")
    path = text(found, *_PATH)
    return Row(
        at=epoch_us(start // _NS, "startTimeUnixNano"),
        service=_service(resource),
        route=dimension(text(found, "http.route")) or route_template(path),
        method=method_of(method),
        status=_count(found, *_STATUS) or 0,
        is_limited=False,
        consumer=_consumer(found, context),
        is_synthetic=is_probe(text(found, *_AGENT), path or text(found, "http.route")),
        latency_us=microseconds((end - start) / _NS, 1),
        request_bytes=_count(found, *_REQUEST_BYTES),
        response_bytes=_count(found, *_RESPONSE_BYTES),
        environment=dimension(text(resource, *_ENVIRONMENT)),
    )


def _service(resource: Attributes) -> str:
    name = text(resource, "service.name")
    return "" if name.partition(":")[0] == _UNNAMED else dimension(name)


def _consumer(found: Attributes, context: Context) -> str:
    return caller(context, *(text(found, name) for name in _SYSTEMS)) or actor(context, text(found, *_PERSONS)) or ""


def _count(found: Attributes, *names: str) -> int | None:
    """A whole number that is not negative, in digits as OTLP writes 64 bits or as a number."""
    value = next((found[name] for name in names if name in found), None)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < LONGEST - 1:
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63):
        return value
    raise Rejected("wrong_type", f"expected attribute {names[0]} to be a whole number, got {type(value).__name__}")
