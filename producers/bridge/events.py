"""Messages of a foreign topic to contract events: what the bridge does where its source is one of events.

A message is what the source would post to its webhook, or a CloudEvent in any mode of the Kafka binding (`ce_*` headers
are binary mode's attributes). An event is known by its native identity, so one that is sent twice counts once whatever
the unit it came in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from urllib.parse import quote

from producers.bridge.partition import Message, Span
from producers.bridge.units import NO_VALUE, Mapping, Place, Unit
from producers.http.mapping import mapped_by
from producers.http.routes_events import record_of
from producers.kafka import Record, size_of
from producers.sources.common import Rejected
from schemas.streams import BY_TOPIC


@dataclass(frozen=True)
class EventMapping(Mapping):
    """How messages of a source of events are read."""

    def units(self, place: Place, span: Span) -> list[Unit]:
        """The one unit of a span: every event is a message of its own, so none is too large for one."""
        return [self.unit(place, span)]

    def unit(self, place: Place, span: Span) -> Unit:
        """The events of exactly this span; a message is taken whole or becomes a letter."""
        events: list[Record] = []
        letters: list[Record] = []
        ignored: Counter[str] = Counter()
        for message in span.messages:
            if not message.value:
                ignored[NO_VALUE] += 1
                continue
            try:
                made, left_out = self._events(message)
            except Rejected as bad:
                letters.append(self._letter(place, message, 0, message.value, bad))
            else:
                events += made
                ignored.update(left_out)
        return Unit(span.stop, (), tuple(letters), tuple(events), ignored, len(span.messages))

    def _events(self, message: Message) -> tuple[list[Record], tuple[str, ...]]:
        mapped = mapped_by(self.source, self._payload(message.value), _headers(message), self.context)
        records = [record_of(event) for event in mapped.events]
        if any(size_of(record) > BY_TOPIC[record.topic].max_message_bytes for record in records):
            raise Rejected("event_too_large", "expected an event that fits its topic, got a larger one")
        return records, mapped.ignored


def _headers(message: Message) -> dict[str, str]:
    """The record's headers as HTTP's binding has them: `ce-type`, percent-encoded."""
    texts = ((name, (value or b"").decode(errors="replace")) for name, value in message.headers)
    return {f"ce-{name[3:]}" if name.startswith("ce_") else name: quote(text, safe=":/") for name, text in texts}
