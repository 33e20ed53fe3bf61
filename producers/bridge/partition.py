"""One partition of the foreign topic as the bridge holds it: what was read, what was announced, what is done.

Pure: the reader puts messages in, the bridge takes spans out. A span is what becomes one unit, or several where it is
too large for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.gateway import MAX_REQUESTS

SPAN_BYTES: Final = 16 * 1024 * 1024
"""Values of one span: 10,000 records of 1.6 kB."""


class Message(NamedTuple):
    """One message of the topic; a tombstone's value is empty."""

    offset: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Span(NamedTuple):
    """Offsets `start` to `stop` (without it) and the messages that lie there: fewer where Kafka took some away."""

    start: int
    stop: int
    messages: list[Message]


@dataclass
class Partition:
    """Messages of one partition.

    Attributes:
        start: first offset that is not known to be sent.
        cuts: ends of units that were announced and may have been sent: they must be sent again, cut like this.
        messages: read and not yet sent, by offset.
        end: where the partition ended when its end was last reached.
        is_committed: whether `start`, with nothing announced, is what the group has committed.
    """

    start: int
    cuts: tuple[int, ...] = ()
    messages: list[Message] = field(default_factory=list)
    end: int = -1
    is_committed: bool = False

    def spans(self) -> list[Span]:
        """What can be sent now: announced units when all of their messages are there, else all that was read."""
        if self.cuts:
            return list(self._announced()) if self._reached(self.cuts[-1]) else []
        return list(self._cut())

    def sent(self, stop: int) -> None:
        """Everything before `stop` is durable elsewhere."""
        self.start, self.cuts, self.is_committed = stop, (), False
        self.messages = [message for message in self.messages if message.offset >= stop]

    def is_drained(self) -> bool:
        """Whether all of the partition is sent."""
        return not self.messages and not self.cuts and self.end >= self.start

    def _reached(self, stop: int) -> bool:
        return self.end >= stop or (bool(self.messages) and self.messages[-1].offset >= stop - 1)

    def _announced(self) -> Iterator[Span]:
        start = self.start
        for stop in self.cuts:
            yield Span(start, stop, [message for message in self.messages if start <= message.offset < stop])
            start = stop

    def _cut(self) -> Iterator[Span]:
        start, taken, size = self.start, 0, 0
        for index, message in enumerate(self.messages):
            if index > taken and (index - taken >= MAX_REQUESTS or size + len(message.value) > SPAN_BYTES):
                stop = self.messages[index - 1].offset + 1
                yield Span(start, stop, self.messages[taken:index])
                start, taken, size = stop, index, 0
            size += len(message.value)
        if taken < len(self.messages):
            yield Span(start, self.messages[-1].offset + 1, self.messages[taken:])
