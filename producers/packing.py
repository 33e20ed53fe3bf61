"""Gateway units into messages: many small POSTs travel as one Batch, one large POST as several units.

Between the gateway mappers and the sink. A message costs the stream processors the same whatever it holds, so units
that arrive close together share one; whoever brought a unit waits until the message that holds it is durable. Packing
never changes a unit, and never puts a unit twice into one message (a re-post that arrives while the first is waiting
goes into the next one: the processors count a unit once over messages).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from producers.kafka import Record, Sink, Unavailable
from schemas import gateway
from schemas.base import event_id
from schemas.streams import GATEWAY

PART_BYTES: Final = 1024 * 1024 + 256 * 1024
"""Raw bytes of records per unit part. A row takes about 62 bytes and its words, which were in its record: 10,000 rows
(620 kB) and 1.25 MiB of words stay below a message's 2 MiB, whatever compresses or not."""
WAITING_BYTES: Final = 64 * 1024 * 1024
"""Uncompressed rows that may wait for a message or for its acknowledgement, over all sources."""


def cut(sizes: Sequence[int]) -> list[range]:
    """Where a POST of records of these raw sizes (bytes) is cut into units: ranges of indexes.

    A function of the raw bytes alone, so that the same POST is cut the same way whenever it comes again.
    """
    parts: list[range] = []
    start = taken = 0
    for index, size in enumerate(sizes):
        if index > start and (index - start >= gateway.MAX_REQUESTS or taken + size > PART_BYTES):
            parts.append(range(start, index))
            start, taken = index, 0
        taken += size
    return [*parts, range(start, len(sizes))] if sizes else []


def units_of(table: pa.Table) -> set[str]:
    """The units of some rows."""
    return set(pc.unique(table.column("unit")).to_pylist())


def record_of(source: str, tables: Sequence[pa.Table]) -> Record:
    """One message of these units, from the sender `source` (its token's name)."""
    value = gateway.encode(pa.concat_tables(tables, promote_options="none"))
    units = sorted(set().union(*map(units_of, tables)))
    origin = f"//gateway/{source}"
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id("gateway-batch", origin, *units, hashlib.sha256(value).hexdigest()).encode()),
        ("ce_source", origin.encode()),
        ("ce_type", gateway.TYPE.encode()),
        ("content-type", gateway.ARROW.encode()),
    )
    return Record(GATEWAY.topic, origin.encode(), value, headers)


@dataclass
class _Open:
    """Units of one source that wait for their message."""

    tables: list[pa.Table] = field(default_factory=list)
    units: set[str] = field(default_factory=set)
    rows: int = 0
    bytes: int = 0
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class Packer:
    """Packs units and sends them through a sink. Used from one event loop."""

    def __init__(self, sink: Sink, *, linger: float = 0.05, most_waiting: int = WAITING_BYTES) -> None:
        """`linger`: seconds that a unit may wait for company (at most 1). `most_waiting`: bytes, then 503."""
        self._sink = sink
        self._linger = linger
        self._most_waiting = most_waiting
        self._waiting = 0
        self._open: dict[str, _Open] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def add(self, source: str, rows: pa.Table) -> None:
        """Return when the message that holds these rows is durable.

        Args:
            source: the authenticated sender; messages never mix senders.
            rows: of `schemas.gateway.SCHEMA`, whole units, at most 10,000 rows.

        Raises:
            Unavailable: too much waits already, or the sink could not take the message.
        """
        if not rows.num_rows:
            return
        size = rows.nbytes
        if self._waiting and self._waiting + size > self._most_waiting:
            raise Unavailable("too many gateway units wait for Kafka")
        units = units_of(rows)
        batch = self._open.get(source)
        if batch and not _has_room(batch, rows.num_rows, size, units):
            self._close(source)
            batch = None
        if batch is None:
            batch = self._open[source] = _Open()
            batch.timer = asyncio.get_running_loop().call_later(self._linger, self._close, source)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        batch.tables.append(rows)
        batch.units |= units
        batch.rows += rows.num_rows
        batch.bytes += size
        batch.waiting.append(future)
        self._waiting += size
        if batch.rows >= gateway.MAX_REQUESTS or batch.bytes >= gateway.MAX_BYTES:
            self._close(source)
        await future

    async def stop(self) -> None:
        """Send what waits, and wait for it."""
        for source in list(self._open):
            self._close(source)
        while self._sending:
            await asyncio.wait(self._sending)

    def _close(self, source: str) -> None:
        """The source's open message is full, or waited long enough: send it."""
        batch = self._open.pop(source)
        if batch.timer:
            batch.timer.cancel()
        task = asyncio.get_running_loop().create_task(self._send(source, batch))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, source: str, batch: _Open) -> None:
        failure: Exception | None = None
        try:
            await self._sink.send([await asyncio.to_thread(record_of, source, batch.tables)])
        except Exception as error:  # noqa: BLE001 -- whatever it is, those who wait must hear it
            failure = error
        self._waiting -= batch.bytes
        for future in batch.waiting:
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            elif isinstance(failure, Unavailable):
                # One exception object per waiter: a shared one would grow a traceback per raise.
                future.set_exception(Unavailable(str(failure), failure.retry_after))
            else:
                future.set_exception(RuntimeError(f"the message could not be made: {failure!r}"))


def _has_room(batch: _Open, rows: int, size: int, units: set[str]) -> bool:
    return (
        batch.rows + rows <= gateway.MAX_REQUESTS
        and batch.bytes + size <= gateway.MAX_BYTES
        and batch.units.isdisjoint(units)
    )
