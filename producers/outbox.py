"""A sink that answers as soon as this machine's disk has the records, and sees them through to the facts.

Stands between the HTTP edge and Kafka where Kafka's own memory is not to be trusted: in the embedded stack (its broker
forgets everything at its end, and beyond 5 MiB per partition), or to ride out a broker's absence. Requests that wait at
the same time share one fsync. A pump sends what is on disk, in order per partition and never more than `WINDOW_BYTES`
per partition that is not settled (`settle.py`); what was not settled at the end of a run is sent again in the next.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException

from producers.backlog import Backlog, Entry, Lane
from producers.kafka import Acknowledged, Gauge, KafkaSink, Record, Unavailable
from producers.settle import GroupOffsets, Look, advance
from producers.spool import Spool, SpoolError, frame
from schemas.streams import MIB

log = logging.getLogger(__name__)

WINDOW_BYTES: Final = 3 * MIB
"""Unsettled bytes per partition: the embedded broker keeps 5 MiB, and another record of 2 MiB may come on top."""
LARGEST_RECORD: Final = 2_500_000
"""A record batch of more than half of the broker's 5 MiB can be lost on arrival (`deploy/local/broker.py`)."""
BACKLOG_BYTES: Final = 1024 * MIB
BACKLOG_ENTRIES: Final = 1_000_000
"""An entry costs about 300 bytes of memory."""
LOOK_SECONDS: Final = 0.3
NOTE_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 1.0
SEND_SECONDS: Final = 30.0


@dataclass
class _Request:
    """One `send` that waits for the disk."""

    frames: list[tuple[int, bytes]]
    lanes: list[Lane]
    future: asyncio.Future[None]


class OutboxSink:
    """A Sink whose durability is a folder's; see the module."""

    def __init__(
        self,
        folder: Path,
        client: Mapping[str, Any],
        *,
        backlog_bytes: int = BACKLOG_BYTES,
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        """`folder`: of this process alone. `client`: as `client_config` makes it. `backlog_bytes`: then 503."""
        self._folder = folder
        self._client = client
        self._backlog_bytes = backlog_bytes
        self._window = window_bytes
        self._kafka = KafkaSink(client, delivery_seconds=SEND_SECONDS)
        self._backlog = Backlog()
        self._requests: list[_Request] = []
        self._committing: asyncio.Task[None] | None = None
        self._broken: str | None = None
        self._note_is_due = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read what the last run left, and begin to send it.

        Raises:
            SpoolError: another process has the folder.
            OSError: the folder cannot be read or written.
        """
        self._wake = asyncio.Event()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="outbox-disk")
        self._spool = await asyncio.to_thread(Spool, self._folder)
        found, self._backlog.next = await asyncio.to_thread(self._spool.load)
        for one in found:
            self._backlog.restored(one.number)
            self._backlog.placed(Entry(one.number, self._backlog.lane(one.topic, one.key), one.place))
        if found:
            log.info("outbox: %d records of the last run are sent again", len(found))
        await self._kafka.start()
        self._offsets = GroupOffsets(self._client)
        self._tasks = [asyncio.create_task(_forever(work)) for work in (self._pump, self._settle)]
        self._wake.set()

    async def stop(self) -> None:
        """Finish requests, stop sending; what is not settled stays on disk."""
        while self._committing:
            await asyncio.wait([self._committing])
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._kafka.stop(grace=1.0)
        await asyncio.to_thread(self._offsets.close)
        await self._write_note()
        self._disk.shutdown()
        self._spool.close()

    async def send(self, records: Sequence[Record]) -> None:
        """As `Sink.send`: durable on this machine's disk."""
        if not records:
            return
        if reason := self._full():
            raise Unavailable(reason, retry_after=5.0)
        numbers = self._backlog.numbered(len(records))
        frames = [(number, frame(number, record)) for number, record in zip(numbers, records, strict=True)]
        lanes = [self._backlog.lane(record.topic, record.key) for record in records]
        request = _Request(frames, lanes, asyncio.get_running_loop().create_future())
        self._requests.append(request)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        await request.future

    async def unready(self) -> str | None:
        """The disk's state; Kafka may be away."""
        return self._broken or self._full()

    def limit(self, topic: str) -> int:
        """The smaller of what the topic and the embedded broker take."""
        return min(self._kafka.limit(topic), LARGEST_RECORD)

    def gauges(self) -> dict[str, Gauge]:
        """Backlog, on disk and at the broker."""
        return {
            "outbox_unsettled_entries": ("Records acknowledged and not settled", lambda: len(self._backlog)),
            "outbox_disk_bytes": ("Bytes of the outbox's segments", lambda: self._backlog.disk_bytes),
            "outbox_unsettled_bytes": (
                "Bytes sent to Kafka and not settled",
                lambda: sum(lane.unsettled for lane in self._backlog.lanes.values()),
            ),
            "outbox_unsent_entries": (
                "Records not yet sent to Kafka",
                lambda: sum(len(lane.queue) for lane in self._backlog.lanes.values()),
            ),
        }

    # -- requests to disk

    async def _commit(self) -> None:
        """Write all that waits with one fsync, as long as something waits."""
        try:
            while self._requests:
                group, self._requests = self._requests, []
                await self._commit_group(group)
        finally:
            self._committing = None

    async def _commit_group(self, group: list[_Request]) -> None:
        frames = [one for request in group for one in request.frames]
        try:
            places = await asyncio.get_running_loop().run_in_executor(self._disk, self._spool.append, frames)
        except Exception as error:
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            self._broken = f"the outbox cannot write to {self._folder}: {reason}"
            log.exception("outbox: %d records were not written", len(frames))
            for number, _ in frames:
                self._backlog.failed(number)
            for request in group:
                if not request.future.done():
                    request.future.set_exception(Unavailable(self._broken, retry_after=5.0))
            return
        self._broken = None
        lanes = [lane for request in group for lane in request.lanes]
        for (number, _), lane, place in zip(frames, lanes, places, strict=True):
            self._backlog.placed(Entry(number, lane, place))
        for request in group:
            if not request.future.done():
                request.future.set_result(None)
        self._wake.set()

    def _full(self) -> str | None:
        count = len(self._backlog)
        if self._backlog.disk_bytes >= self._backlog_bytes or count >= BACKLOG_ENTRIES:
            return f"the outbox is full ({count:,} records): the stream processors have to catch up"
        return None

    # -- disk to Kafka

    async def _pump(self) -> None:
        while True:
            self._wake.clear()
            try:
                for lane in self._backlog.lanes.values():
                    self._fill(lane)
            except Unavailable as away:
                log.info("outbox: %s", away)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._wake.wait()

    def _fill(self, lane: Lane) -> None:
        """Send what the lane's window has room for. Raises Unavailable."""
        while lane.queue:
            entry = lane.queue[0]
            if lane.unsettled and lane.unsettled + entry.place.size > self._window:
                return
            try:
                record = self._spool.read(entry.place)
            except SpoolError:
                # Its segment stays: a person may still save it.
                log.exception("outbox: record %d cannot be sent", entry.number)
                lane.queue.popleft()
                continue
            self._kafka.produce(record, functools.partial(self._delivered, entry, record.topic))
            lane.queue.popleft()
            lane.unsettled += entry.place.size

    def _delivered(self, entry: Entry, topic: str, outcome: Acknowledged | Unavailable) -> None:
        if isinstance(outcome, Unavailable):
            log.info("outbox: record %d goes again: %s", entry.number, outcome)
            self._backlog.returned(entry)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._wake.set)
        elif self._backlog.sent(entry, topic, outcome):
            self._settled_some()

    # -- Kafka to settled

    async def _settle(self) -> None:
        looks: list[Look] = []
        loop = asyncio.get_running_loop()
        noted = loop.time()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._backlog.is_waiting:
                try:
                    latest = await asyncio.to_thread(self._offsets.look)
                except KafkaException as error:
                    log.info("outbox: no look at the broker: %s", error)
                    continue
                below, looks = advance(looks, latest)
                if self._backlog.settle(below):
                    self._settled_some()
            if self._note_is_due and loop.time() - noted >= NOTE_SECONDS:
                await self._write_note()
                noted = loop.time()

    def _settled_some(self) -> None:
        self._note_is_due = True
        self._wake.set()

    async def _write_note(self) -> None:
        """Note what is settled, delete what holds nothing else; both as they are now."""
        self._note_is_due = False
        gone = self._backlog.drop_segments()
        for segment in gone:
            self._spool.forget_reader(segment)
        try:
            await asyncio.to_thread(self._spool.remember, self._backlog.settled_ranges(), gone)
        except OSError:
            # Without the note more is sent again after a restart than need be; nothing is lost.
            log.exception("outbox: the note of settled records was not written")


async def _forever(work: Callable[[], Awaitable[None]]) -> None:
    """Run a background loop; what nobody foresaw is said and delays it, and never ends it in silence."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("outbox: a background loop failed and goes on")
        await asyncio.sleep(RETRY_SECONDS)
