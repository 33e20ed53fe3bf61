"""A Kafka record as the processors see it: bytes and where they came from. No Faust, so that all after it is pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.base import LATEST


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic.

    Attributes:
        topic: as read.
        partition: as read.
        offset: as read.
        appended_at: the broker's (or producer's) time of the record.
        key: may be empty.
        value: raw bytes.
        headers: pairs in order; a name may repeat.
    """

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def of_event(event: Any) -> Record:
    """The record behind a Faust event; `event.headers` is a dict that loses repeated names, the message has pairs."""
    message = event.message
    headers = message.headers or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        appended_at=_instant(message.timestamp or 0),
        key=message.key or b"",
        value=message.value or b"",
        headers=tuple((str(name), bytes(raw or b"")) for name, raw in pairs),
    )


def _instant(seconds: float) -> datetime:
    """The record's time; a producer may write any number there, and one that no clock shows says nothing."""
    return datetime.fromtimestamp(seconds if 0 <= seconds < LATEST.timestamp() else 0, UTC)
