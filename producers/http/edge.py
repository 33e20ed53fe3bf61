"""What every route of the ingest service shares: access, limits, sink, packer, counters; and how a request ends.

A request ends in `finish`: its records are made durable, then counted, then the receipt goes out. What cannot travel
because of its size is decided here too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from producers.http.auth import Access
from producers.http.limits import Budget
from producers.http.metrics import Metrics
from producers.http.problems import Problem, json_response
from producers.http.receipts import Outcome, letter
from producers.http.tallies import Tallies
from producers.kafka import Record, Sink, size_of
from producers.packing import Packer
from producers.sources.common import Context, Rejected
from producers.sources.registry import Source
from schemas.streams import DEAD_LETTERS

INLINE_BYTES: Final = 256 * 1024
"""Bodies above this are parsed and mapped in a thread (about 10 ms each MiB), so that others are answered meanwhile."""

T = TypeVar("T")


@dataclass
class Edge:
    """The application's parts."""

    sink: Sink
    packer: Packer
    access: Access
    context: Context
    metrics: Metrics = field(default_factory=Metrics)
    tallies: Tallies = field(default_factory=Tallies)
    budget: Budget = field(default_factory=Budget)

    async def send(self, records: Sequence[Record]) -> None:
        """Make records durable. Raises Unavailable."""
        if records:
            with self.metrics.durable():
                await self.sink.send(records)

    async def finish(self, outcome: Outcome) -> Response:
        """Make the outcome durable, count it, answer 202. Raises Unavailable."""
        await self.send(outcome.records)
        self.metrics.events(outcome.source, "accepted", {"": outcome.accepted} if outcome.accepted else {})
        self.metrics.events(outcome.source, "ignored", outcome.ignored)
        self.metrics.events(outcome.source, "dead_lettered", outcome.dead_lettered)
        self.tallies.note(outcome)
        return json_response(outcome.body(), 202)

    def reject(self, outcome: Outcome, source: Source, rejected: Rejected, raw: bytes, request: Request) -> None:
        """Put what a mapper refused among the outcome's records, as a dead letter.

        Raises:
            Problem: 422, the bytes are too many for a dead letter: the sender has to keep them.
        """
        record = letter(source.path, rejected, raw, request.headers, source.replay_headers)
        if not self.fits(record):
            message = (
                f"{rejected.reason}: {rejected.detail}; at {len(raw):,} bytes it is too large to be kept as a dead "
                f"letter (at most {self.sink.limit(DEAD_LETTERS.topic):,}): keep it and report it"
            )
            raise Problem(422, "payload_rejected", message, reason=rejected.reason)
        outcome.records.append(record)
        outcome.dead_lettered[rejected.reason] += 1

    def fits(self, record: Record) -> bool:
        """Whether the sink takes a record of this size."""
        return size_of(record) <= self.sink.limit(record.topic)


async def compute(size: int, work: Callable[[], T]) -> T:
    """Do CPU work on a body of `size` bytes: here if it is small, in a thread if others would wait for it."""
    return work() if size <= INLINE_BYTES else await asyncio.to_thread(work)
