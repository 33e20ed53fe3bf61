"""POST /v1/events: contract events as CloudEvents, from `adoption emit`, back-fills and anybody's own tools."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from producers.http import cloudevents
from producers.http.edge import Edge, compute
from producers.http.limits import EVENTS_BYTES, body_of, media_type
from producers.http.problems import Problem
from producers.http.receipts import Outcome, receipt_of
from producers.kafka import Record, size_of
from schemas import envelope
from schemas.envelope import Event
from schemas.streams import stream_of

SOURCE: Final = "events"


async def events(request: Request, edge: Edge) -> Response:
    """All events of the request are accepted, or none is."""
    token = edge.access.token(request.headers.get("authorization"), "events")
    async with body_of(request, edge.budget, EVENTS_BYTES, may_be_gzip=True) as raw:
        read = await compute(len(raw), lambda: cloudevents.read(media_type(request), request.headers, raw))
        outcome = Outcome(SOURCE, receipt_of(token.name, raw), accepted=len(read.events), ignored=read.ignored)
        for index, event in enumerate(read.events):
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
