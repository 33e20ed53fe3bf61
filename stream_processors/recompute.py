"""Recompute what is dirty: marks up to offset o are taken, *then* rows are read, and results carry version o.

A result that was computed from older rows has a smaller version and loses, however late it is written: no clock, any
order, any number of workers. Versions are `incarnation << 40 | offset`: all marks of one slice lie on one partition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from schemas.dead_letters import DeadLetter
from schemas.settings import Settings
from stream_processors import decode, marks
from stream_processors.hours import recompute_hours
from stream_processors.marks import HourMark, Mark, ServiceMark
from stream_processors.pipeline import Stored
from stream_processors.records import Record
from stream_processors.restated import note_hours
from stream_processors.services import ServiceFacts
from stream_processors.warehouse import Warehouse

OFFSET_BITS = 40
"""A trillion marks per incarnation, and sixteen million incarnations, in 64 bits."""


class Recompute:
    """The consumer of dirty marks."""

    def __init__(self, warehouse: Warehouse, settings: Settings) -> None:
        self._warehouse = warehouse
        self._incarnation = settings.incarnation
        self._zone = settings.time_zone
        self._services = ServiceFacts(warehouse, settings)

    async def store(self, records: Sequence[Record]) -> Stored:
        """Recompute the slices of a take; returns when their results are durable."""
        _, letters = decode.split(marks.read(record) for record in records)
        versions, came = self._versions(records), _came(records)
        hours = _of(HourMark, versions)
        await note_hours(self._warehouse, hours, _of(HourMark, came), self._zone)
        await recompute_hours(self._warehouse, hours, zone=self._zone)
        await self._services.recompute(_of(ServiceMark, versions), _of(ServiceMark, came))
        return Stored(letters=tuple(letters))

    def _versions(self, records: Sequence[Record]) -> dict[Mark, int]:
        """Version per slice: the greatest offset taken of its partition, so that what was read is never newer."""
        latest: dict[int, int] = {}
        for record in records:
            latest[record.partition] = max(latest.get(record.partition, 0), record.offset)
        versions: dict[Mark, int] = {}
        for record in records:
            mark = marks.read(record)
            if not isinstance(mark, DeadLetter):
                versions[mark] = self._incarnation << OFFSET_BITS | latest[record.partition]
        return versions

    async def tick(self) -> None:
        """Move the live clock on: views take "now" from it."""
        now = datetime.now(UTC)
        version = int(now.timestamp() * 1_000_000)
        await self._warehouse.command(
            "INSERT INTO clock (name, at, version) VALUES ('live', fromUnixTimestamp64Micro({at:Int64}), {at:UInt64})",
            {"at": version},
        )


M = TypeVar("M", HourMark, ServiceMark)
V = TypeVar("V")


def _of(kind: type[M], values: Mapping[Mark, V]) -> dict[M, V]:
    return {mark: value for mark, value in values.items() if isinstance(mark, kind)}


def _came(records: Sequence[Record]) -> dict[Mark, datetime]:
    """When each slice was last marked: after what made it dirty was stored."""
    latest: dict[Mark, datetime] = {}
    for record in records:
        mark = marks.read(record)
        if not isinstance(mark, DeadLetter):
            latest[mark] = max(latest.get(mark, record.appended_at), record.appended_at)
    return latest
