"""Cuts a stream of events into posts that the ingest service takes: few enough events, small enough bodies.

Used by the importers (`backfill`, `catalog import`) between their pure parts and `producers/client.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.envelope import Event, content

EVENTS_A_POST = 200
BYTES_A_POST = 900_000
"""The ingest service takes bodies of 1 MiB."""
_ENVELOPE_BYTES = 500


def posts(events: Iterable[Event]) -> Iterator[list[Event]]:
    """The events in their order, in lists of at most `EVENTS_A_POST` events and about `BYTES_A_POST` bytes of JSON."""
    post: list[Event] = []
    size = 0
    for event in events:
        length = len(content(event)) + _ENVELOPE_BYTES
        if post and (len(post) == EVENTS_A_POST or size + length > BYTES_A_POST):
            yield post
            post, size = [], 0
        post.append(event)
        size += length
    if post:
        yield post
