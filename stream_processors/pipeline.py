"""The one loop: take → decode → transform → write → ack.

What each step may do: `store` returns when rows are durable, `publish` when marks and dead letters are confirmed by the
broker; only then are the records acknowledged, in offset order. Nothing here catches an error: an exception leaves the
loop, the agent's CrashingSupervisor ends the process, and the next one reads the same records again.

`take()` is not used: it acknowledges in a `finally`, even when the body raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas import dead_letters
from schemas.dead_letters import DeadLetter
from schemas.streams import DEAD_LETTERS, DIRTY
from stream_processors.marks import Mark
from stream_processors.records import Record, of_event


@dataclass(frozen=True)
class Stored:
    """What is left to say once the rows of a take are durable."""

    marks: frozenset[Mark] = frozenset()
    letters: tuple[DeadLetter, ...] = ()


Store = Callable[[Sequence[Record]], Awaitable[Stored]]
Send = Callable[[str, bytes, bytes, list[tuple[str, bytes]]], Awaitable[Awaitable[Any]]]
"""(topic, key, value, headers) → a future of the broker's confirmation."""


class TooMuchPoisonError(Exception):
    """Most of what a topic brings cannot be read: stop and say so, before the whole topic is dead letters."""


@dataclass
class PoisonLimit:
    """Stops a stream that is mostly poison.

    Attributes:
        consecutive: so many unreadable records in a row are too many.
        share: so large a part of the last `window` records is too much.
        window: records looked at for `share`.
    """

    consecutive: int = 1_000
    share: float = 0.5
    window: int = 2_000
    _run: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False)
    _bad: int = field(default=0, init=False)

    def count(self, records: int, letters: int) -> None:
        """Count one take.

        Raises:
            TooMuchPoisonError: a limit is passed. The take has been stored; the next one is not begun.
        """
        self._run = self._run + letters if letters == records else letters
        self._seen += records
        self._bad += letters
        too_many = self._seen >= self.window and self._bad > self.share * self._seen
        if self._run >= self.consecutive or too_many:
            raise TooMuchPoisonError(
                f"{self._bad} of the last {self._seen} records could not be read ({self._run} in a row): look at "
                "`adoption dead-letters list`, mend the sender, then start the worker again"
            )
        if self._seen >= self.window:
            self._seen = self._bad = 0


async def run(stream: Any, store: Store, send: Send, *, most: int, within: float) -> None:
    """Process a Faust stream for ever.

    Args:
        stream: Faust stream of raw bytes.
        store: makes the records' rows durable.
        send: hands a record to the producer.
        most: records in one take.
        within: seconds to wait for a take to fill; it is waited out whenever the buffer is not full.
    """
    limit = PoisonLimit()
    async for events in stream.noack_take(most, within=within):
        records = [of_event(event) for event in events]
        stored = await store(records)
        await publish(stored, send)
        for event in events:
            await stream.ack(event)
        limit.count(len(records), len(stored.letters))


async def publish(stored: Stored, send: Send) -> None:
    """Send marks and dead letters; returns when the broker has confirmed each."""
    sent = [await send(DIRTY.topic, mark.key(), b"{}", []) for mark in _ordered(stored.marks)]
    for letter in stored.letters:
        key, value, headers = dead_letters.to_kafka(letter)
        sent.append(await send(DEAD_LETTERS.topic, key, value, headers))
    await asyncio.gather(*sent)


def _ordered(marks: Iterable[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: mark.key())
