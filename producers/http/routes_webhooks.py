"""POST /v1/webhooks/<name>: what vendors send, verified over its raw bytes, mapped, made durable."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response

from producers.http.edge import Edge, compute
from producers.http.limits import body_of, media_type
from producers.http.parsing import parse_json
from producers.http.problems import Problem
from producers.http.receipts import Outcome, receipt_of
from producers.http.routes_events import record_of
from producers.sources.common import Mapped, Rejected
from producers.sources.registry import SOURCES, Source

log = logging.getLogger(__name__)


async def webhook(request: Request, edge: Edge) -> Response:
    """A delivery of a vendor; one of a known type that cannot be read is kept as a dead letter."""
    source = source_of(request, "webhooks")
    if source.scheme == "token":
        edge.access.token(request.headers.get("authorization"), "events")
    if media_type(request) != "application/json":
        got = media_type(request)[:100]
        raise Problem(415, "unsupported_media_type", f"expected Content-Type application/json, got {got!r}: set it")
    async with body_of(request, edge.budget, source.max_bytes) as raw:
        if source.scheme == "github-hmac":
            signature = request.headers.get("x-hub-signature-256")
            await compute(len(raw), lambda: edge.access.github(signature, raw))
        outcome = Outcome(source.name, receipt_of(source.name, raw))
        try:
            mapped = await compute(len(raw), lambda: _map(source, raw, request, edge))
        except Rejected as rejected:
            edge.reject(outcome, source, rejected, raw, request)
            return await edge.finish(outcome)
        outcome.ignored.update(mapped.ignored)
        outcome.records = [record_of(event) for event in mapped.events]
        outcome.accepted = len(outcome.records)
        if not all(edge.fits(record) for record in outcome.records):
            outcome.records, outcome.accepted = [], 0
            too_large = Rejected("event_too_large", "expected an event that fits its topic, got a larger one")
            edge.reject(outcome, source, too_large, raw, request)
        return await edge.finish(outcome)


def source_of(request: Request, group: str) -> Source:
    """The source that a path names.

    Raises:
        Problem: 404 that lists the known ones.
    """
    path = f"{group}/{request.path_params['name']}"
    for source in SOURCES.values():
        if source.path == path:
            return source
    known = sorted(f"/v1/{source.path}" for source in SOURCES.values() if source.path.startswith(f"{group}/"))
    raise Problem(404, "unknown_source", f"expected one of {', '.join(known)}, got another name", known=known)


def _map(source: Source, raw: bytes, request: Request, edge: Edge) -> Mapped:
    payload = parse_json(raw)
    if source.map_events is None:
        raise TypeError(f"source {source.name} has no mapper of events")
    try:
        return source.map_events(payload, request.headers, edge.context)
    except Rejected:
        raise
    except Exception as error:
        # A defect of ours must not lose what a vendor sends only once: the bytes wait for the mended mapper.
        log.exception("mapper of %s failed", source.name)
        raise Rejected("mapper_failed", f"{type(error).__name__} in the mapper: a defect, see the log") from error
