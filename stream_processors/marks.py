"""Dirty marks: "recompute this slice", the key of a record on `adoption.dirty.v1`.

The key is the slice, so that all marks of one slice lie on one partition and their offsets order its versions; the
topic is compacted, so that a thousand marks of one slice are one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.base import LATEST
from schemas.dead_letters import DeadLetter
from stream_processors.decode import letter
from stream_processors.records import Record

_HOUR = re.compile(r"[0-9]{1,7}")


@dataclass(frozen=True, slots=True, order=True)
class ServiceMark:
    """The facts of one service; the empty name stands for events that resolve to no service."""

    service: str

    def key(self) -> bytes:
        """Record key."""
        return f"service/{self.service}".encode()


@dataclass(frozen=True, slots=True, order=True)
class HourMark:
    """One hour (UTC) of one gateway service."""

    service: str
    hour: datetime

    def key(self) -> bytes:
        """Record key."""
        return f"hour/{int(self.hour.timestamp()) // 3600}/{self.service}".encode()


Mark = ServiceMark | HourMark


def read(record: Record) -> Mark | DeadLetter:
    """The mark in a record; a key of no known form is a dead letter."""
    kind, _, rest = record.key.decode(errors="replace").partition("/")
    if kind == "service":
        return ServiceMark(rest)
    number, _, service = rest.partition("/")
    if kind == "hour" and _HOUR.fullmatch(number) and int(number) * 3600 < LATEST.timestamp():
        return HourMark(service, datetime.fromtimestamp(int(number) * 3600, UTC))
    return letter(record, "unknown_mark", f"expected service/<name> or hour/<hour>/<name>, got {record.key[:200]!r}")
