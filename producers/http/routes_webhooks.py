"""POST /v1/webhooks/<name>: what vendors send, verified over its raw bytes, mapped, made durable."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from producers.http.edge import Edge, compute
from producers.http.limits import body_of, media_type
from producers.http.mapping import mapped_by
from producers.http.parsing import parse_json
from producers.http.problems import Problem
from producers.http.proofs import PROOFS
from producers.http.receipts import Outcome, receipt_of
from producers.http.routes_events import record_of
from producers.http.sns import tell_confirmation
from producers.sources.common import Mapped, Rejected
from producers.sources.registry import SOURCES, Source

_BASIC: Final = 'Basic realm="adoption"'
"""AWS SNS presents the user and password of its URL only when it is asked for them like this."""


async def webhook(request: Request, edge: Edge) -> Response:
    """A delivery of a vendor; one of a known type that cannot be read is kept as a dead letter."""
    source = source_of(request, "webhooks")
    with edge.tallies.refusing(source.name):
        return await _delivery(source, request, edge)


async def _delivery(source: Source, request: Request, edge: Edge) -> Response:
    is_signed = source.scheme in PROOFS
    if not is_signed:
        challenge = _BASIC if source.scheme == "sns" else "Bearer"
        edge.access.token(request.headers.get("authorization"), "events", challenge)
    _check_media(request, source)
    # A signature is over the bytes as they came: none of these vendors compresses, so nothing is inflated unproven.
    async with body_of(request, edge.budget, source.max_bytes, may_be_gzip=not is_signed) as raw:
        if is_signed:
            await compute(len(raw), lambda: edge.access.signed(source, request.headers, raw))
        outcome = Outcome(source.name, receipt_of(source.name, raw))
        try:
            mapped = await compute(len(raw), lambda: _map(source, raw, request, edge))
        except Rejected as rejected:
            edge.reject(outcome, source, rejected, raw, request)
            return await edge.finish(outcome)
        outcome.ignored.update(mapped.ignored)
        records = [record_of(event) for event in mapped.events]
        if all(edge.fits(record) for record in records):
            outcome.records = records
            outcome.accept(mapped.events)
        else:
            too_large = Rejected("event_too_large", "expected an event that fits its topic, got a larger one")
            edge.reject(outcome, source, too_large, raw, request)
        return await edge.finish(outcome)


def _check_media(request: Request, source: Source) -> None:
    media = media_type(request)
    is_json = media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
    if not is_json and media not in source.media:
        expected = " or ".join(("application/json", *source.media))
        message = f"expected Content-Type {expected}, got {media[:100]!r}: set it"
        raise Problem(415, "unsupported_media_type", message)


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
    if source.scheme == "sns":
        tell_confirmation(payload)
    return mapped_by(source, payload, request.headers, edge.context)
