"""Amazon API Gateway's access log in JSON (REST, HTTP and WebSocket APIs) to gateway rows.

A stage's log format is the owner's to write: fields are found by the names that the console's own JSON format gives
them, and that `LOG_FORMAT` extends. Every value is text, and `-` where the variable had none. Time is
`requestTimeEpoch` in milliseconds, else `requestTime` as Apache writes it; latency is milliseconds. A route is
`resourcePath` (REST) or `routeKey` (HTTP), both templates; where one is greedy or the default, the path's template says
more, if the path is logged. A 429 that API Gateway made itself says THROTTLED or QUOTA_EXCEEDED, or names no
integration's status.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.gateway_rows import (
    MILLISECOND_US,
    TOO_MANY,
    Row,
    caller,
    id_at,
    mapped,
    method_of,
    microseconds,
    size,
    status,
    written,
)
from producers.sources.identity import actor
from producers.sources.payload import Fields
from producers.sources.probes import is_probe
from producers.sources.redact import dimension
from producers.sources.routes import route_template
from producers.sources.times import clf, epoch_us

LOG_FORMAT = """\
{"requestId":"$context.requestId","requestTimeEpoch":"$context.requestTimeEpoch","service":"","apiId":"$context.apiId",\
"stage":"$context.stage","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath",\
"routeKey":"$context.routeKey","path":"$context.path","status":"$context.status",\
"responseLatency":"$context.responseLatency","responseLength":"$context.responseLength",\
"integrationStatus":"$context.integration.status","errorResponseType":"$context.error.responseType",\
"apiKeyId":"$context.identity.apiKeyId","principalId":"$context.authorizer.principalId",\
"userAgent":"$context.identity.userAgent"}"""
"""A stage's access log format, on one line; `service` is yours to write, else the API's id stands for it."""

request_id = id_at("requestId")
"""Of a record."""
_REFUSALS = frozenset({"THROTTLED", "QUOTA_EXCEEDED"})
_DEFAULT = "$default"
"""Stage and route of an HTTP API that names none."""


def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
    """Rows of one unit of access log records; a record that cannot be read is rejected alone, with its index."""
    return mapped(records, lambda record: _row(Fields(record), context), unit=unit)


def _row(record: Fields, context: Context) -> Row:
    code = status(record, "status")
    path = _said(record, "path")
    verb, _, template = _said(record, "routeKey").rpartition(" ")
    return Row(
        at=_at(record),
        service=dimension(_said(record, "service") or _said(record, "apiId")),
        route=_route(_said(record, "resourcePath") or template, path),
        method=method_of(_said(record, "httpMethod") or verb),
        status=code,
        is_limited=code == TOO_MANY and _refused(record),
        consumer=_consumer(record, context),
        is_synthetic=is_probe(_said(record, "userAgent"), path or _said(record, "resourcePath") or template),
        latency_us=microseconds(written(record, "responseLatency"), MILLISECOND_US),
        request_bytes=None,
        response_bytes=size(record, "responseLength"),
        environment=dimension(_said(record, "stage").removeprefix(_DEFAULT)),
    )


def _said(record: Fields, key: str) -> str:
    text = record.maybe_text(key) or ""
    return "" if text == "-" else text


def _at(record: Fields) -> datetime:
    epoch = written(record, "requestTimeEpoch")
    if epoch is not None:
        return epoch_us(round(epoch * MILLISECOND_US), record.at("requestTimeEpoch"))
    if not _said(record, "requestTime"):
        raise Rejected("missing_field", "expected requestTimeEpoch or requestTime, got a record without both")
    return clf(record.text("requestTime"), record.at("requestTime"))


def _route(template: str, path: str) -> str:
    is_open = not template or template == _DEFAULT or template.endswith("+}")
    return (route_template(path) if is_open else "") or dimension(template.removeprefix(_DEFAULT))


def _refused(record: Fields) -> bool:
    kind = _said(record, "errorResponseType")
    return kind in _REFUSALS or (not kind and "integrationStatus" in record and not _said(record, "integrationStatus"))


def _consumer(record: Fields, context: Context) -> str:
    """The id of the API key, else a hash of whom the authorizer or IAM found: that may be a person."""
    found = next((said for key in ("principalId", "user", "caller") if (said := _said(record, key))), "")
    return caller(context, _said(record, "apiKeyId")) or actor(context, found) or ""
