"""POST /v1/events: CloudEvents, ours from `adoption emit`, back-fills and anybody's own tools, and those of vendors.

What breaks a contract of ours is refused by name, for whoever sends it can mend it. A vendor's event that cannot be
read is kept as a dead letter, as from its webhook: who passes it on cannot.
"""

from __future__ import annotations

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from producers.http import cloudevents
from producers.http.edge import Edge, compute
from producers.http.limits import EVENTS_BYTES, body_of, media_type
from producers.http.mapping import mapped_by
from producers.http.problems import Problem
from producers.http.receipts import Outcome, receipt_of
from producers.kafka import Record, size_of
from producers.sources.common import Mapped, Rejected
from schemas import envelope
from schemas.envelope import Event
from schemas.streams import stream_of

SOURCE: Final = "events"


async def events(request: Request, edge: Edge) -> Response:
    """All events of the request are accepted, or none is."""
    with edge.tallies.refusing(SOURCE):
        return await _events(request, edge)


async def _events(request: Request, edge: Edge) -> Response:
    token = edge.access.token(request.headers.get("authorization"), "events")
    async with body_of(request, edge.budget, EVENTS_BYTES, may_be_gzip=True) as raw:
        read = await compute(len(raw), lambda: cloudevents.read(media_type(request), request.headers, raw))
        outcome = Outcome(SOURCE, receipt_of(token.name, raw), ignored=read.ignored)
        made = read.events + await compute(len(raw), lambda: _of_vendors(read, outcome, request, edge))
        outcome.accept(made)
        for index, event in enumerate(made):
            record = record_of(event)
            if not edge.fits(record):
                limit = edge.sink.limit(record.topic)
                message = f"expected an event of at most {limit:,} bytes, got {size_of(record):,} (event {index})"
                raise Problem(413, "event_too_large", message, index=index)
            outcome.records.append(record)
        return await edge.finish(outcome)


def record_of(event: Event) -> Record:
    """The event's Kafka record, on the topic of its stream."""
    key, value, headers = envelope.to_kafka(event)
    return Record(stream_of(event.type).topic, key, value, tuple(headers))


def _of_vendors(read: cloudevents.Read, outcome: Outcome, request: Request, edge: Edge) -> list[Event]:
    """The contract events of the vendors' ones; what their mappers leave out or refuse is noted."""
    made: list[Event] = []
    for source, item in read.foreign:
        mapped = Mapped()
        try:
            mapped = mapped_by(source, item, {}, edge.context)
        except Rejected as rejected:
            edge.reject(outcome, source, rejected, json.dumps(item).encode(), request)
        made += mapped.events
        outcome.ignored.update(mapped.ignored)
    return made
