"""Google Cloud load balancers' log entries (`LogEntry` with an `httpRequest`) to gateway rows.

Latency is seconds in text with its unit (`0.123s`), sizes are digits in text. The service is the backend service (for
Cloud Run's entries, which have the same form, its service). Nothing names the caller but its address: the consumer is
empty. Status 0 means that the client went before any answer. A 429 is the balancer's own unless `statusDetails` says
that the backend sent it. Entries without an `httpRequest` (audit, health checks) are left out.
"""

from __future__ import annotations

import re
from typing import Any

from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.gateway_rows import SECOND_US, TOO_MANY, Row, id_at, mapped, method_of, microseconds, size
from producers.sources.payload import Fields
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template

request_id = id_at("insertId")
"""Of an entry; unique with its log and time."""
_DURATION = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)s", re.ASCII)
_BY_BACKEND = "response_sent_by_backend"


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:  # noqa: ARG001 -- no person in it
    """Rows of one unit of log entries; an entry that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(Fields(record)), unit=unit)


def _row(record: Fields) -> Row | str:
    request = record.maybe_child("httpRequest")
    if request is None:
        return "google:no_http_request"
    status = request.maybe_integer("status") or 0
    url = request.maybe_text("requestUrl") or ""
    return Row(
        at=record.instant("timestamp"),
        service=_service(record),
        route=route_template(url),
        method=method_of(request.maybe_text("requestMethod") or ""),
        status=status,
        is_limited=status == TOO_MANY and not _by_backend(record),
        consumer="",
        is_synthetic=is_probe(request.maybe_text("userAgent") or "", url),
        latency_us=_latency(request),
        request_bytes=size(request, "requestSize"),
        response_bytes=size(request, "responseSize"),
    )


def _service(record: Fields) -> str:
    resource = record.maybe_child("resource")
    labels = resource.maybe_child("labels") if resource else None
    if labels is None:
        return ""
    return dimension(labels.maybe_text("backend_service_name") or labels.maybe_text("service_name") or "")


def _by_backend(record: Fields) -> bool:
    payload = record.maybe_child("jsonPayload")
    details = payload.maybe_text("statusDetails") if payload else None
    return details is None or details == _BY_BACKEND


def _latency(request: Fields) -> int | None:
    text = request.maybe_text("latency")
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Rejected("wrong_type", f"expected {request.at('latency')} like 0.123s, got another text")
    return microseconds(float(found[1]), SECOND_US)
