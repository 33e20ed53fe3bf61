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
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException

from producers.kafka import Acknowledged, Gauge, KafkaSink, Record, Unavailable
from producers.partitions import partition_of
from producers.settle import GroupOffsets, Look, Partition, advance
from producers.spool import Place, Ranges, Spool, SpoolError, frame
from schemas.streams import BY_TOPIC, MIB

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


@dataclass(slots=True)
class _Entry:
    """A record that is on disk (`place`) or on its way there, and not settled."""

    number: int
    lane: _Lane
    place: Place


@dataclass
class _Lane:
    """Entries of one partition: those to be sent, and the bytes that were sent and are not settled."""

    queue: deque[_Entry] = field(default_factory=deque)
    unsettled: int = 0


@dataclass
class _Request:
    """One `send` that waits for the disk."""

    frames: list[tuple[int, bytes]]
    lanes: list[_Lane]
    future: asyncio.Future[None]


@dataclass
class _Segment:
    bytes: int = 0
    entries: int = 0


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
        self._lanes: dict[Partition, _Lane] = {}
        self._segments: dict[int, _Segment] = {}
        self._numbers: dict[int, None] = {}  # of everything not settled, ascending
        self._next = 1
        self._requests: list[_Request] = []
        self._committing: asyncio.Task[None] | None = None
        self._sent: dict[Partition, dict[int, _Entry]] = {}
        self._settled_below: dict[Partition, int] = {}
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
        found, self._next = await asyncio.to_thread(self._spool.load)
        for one in found:
            self._numbers[one.number] = None
            self._enqueue(_Entry(one.number, self._lane(one.topic, one.key), one.place))
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
        await asyncio.to_thread(self._note, self._ranges(), self._removable())
        self._disk.shutdown()
        self._spool.close()

    async def send(self, records: Sequence[Record]) -> None:
        """As `Sink.send`: durable on this machine's disk."""
        if not records:
            return
        if reason := self._full():
            raise Unavailable(reason, retry_after=5.0)
        first, self._next = self._next, self._next + len(records)
        frames = [(number, frame(number, record)) for number, record in enumerate(records, first)]
        # From here on they count as unsettled: the note must not call them settled before they are on disk.
        self._numbers.update(dict.fromkeys(range(first, self._next)))
        lanes = [self._lane(record.topic, record.key) for record in records]
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
            "outbox_unsettled_entries": ("Records acknowledged and not settled", lambda: len(self._numbers)),
            "outbox_disk_bytes": ("Bytes of the outbox's segments", self._disk_bytes),
            "outbox_unsettled_bytes": (
                "Bytes sent to Kafka and not settled",
                lambda: sum(lane.unsettled for lane in self._lanes.values()),
            ),
            "outbox_unsent_entries": (
                "Records not yet sent to Kafka",
                lambda: sum(len(lane.queue) for lane in self._lanes.values()),
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
        except OSError as error:
            self._broken = f"the outbox cannot write to {self._folder}: {error.strerror}"
            log.exception("outbox: %d records were not written", len(frames))
            for number, _ in frames:
                del self._numbers[number]
            for request in group:
                if not request.future.done():
                    request.future.set_exception(Unavailable(self._broken, retry_after=5.0))
            return
        self._broken = None
        lanes = [lane for request in group for lane in request.lanes]
        for (number, _), lane, place in zip(frames, lanes, places, strict=True):
            self._enqueue(_Entry(number, lane, place))
        for request in group:
            if not request.future.done():
                request.future.set_result(None)
        self._wake.set()

    def _enqueue(self, entry: _Entry) -> None:
        segment = self._segments.setdefault(entry.place.segment, _Segment())
        segment.bytes = max(segment.bytes, entry.place.offset + entry.place.size)
        segment.entries += 1
        entry.lane.queue.append(entry)

    def _lane(self, topic: str, key: bytes) -> _Lane:
        partition = partition_of(key, BY_TOPIC[topic].partitions) if topic in BY_TOPIC else 0
        return self._lanes.setdefault((topic, partition), _Lane())

    def _full(self) -> str | None:
        if self._disk_bytes() >= self._backlog_bytes or len(self._numbers) >= BACKLOG_ENTRIES:
            return f"the outbox is full ({len(self._numbers):,} records): the stream processors have to catch up"
        return None

    def _disk_bytes(self) -> int:
        return sum(segment.bytes for segment in self._segments.values())

    # -- disk to Kafka

    async def _pump(self) -> None:
        while True:
            self._wake.clear()
            try:
                for lane in self._lanes.values():
                    self._fill(lane)
            except Unavailable as away:
                log.info("outbox: %s", away)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._wake.wait()

    def _fill(self, lane: _Lane) -> None:
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

    def _delivered(self, entry: _Entry, topic: str, outcome: Acknowledged | Unavailable) -> None:
        if isinstance(outcome, Unavailable):
            log.info("outbox: record %d goes again: %s", entry.number, outcome)
            entry.lane.unsettled -= entry.place.size
            entry.lane.queue.appendleft(entry)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._wake.set)
            return
        partition = (topic, outcome.partition)
        if outcome.offset < self._settled_below.get(partition, 0):
            self._let_go(entry)
        else:
            self._sent.setdefault(partition, {})[outcome.offset] = entry

    # -- Kafka to settled

    async def _settle(self) -> None:
        looks: list[Look] = []
        loop = asyncio.get_running_loop()
        noted = loop.time()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if any(self._sent.values()):
                try:
                    latest = await asyncio.to_thread(self._offsets.look)
                except KafkaException as error:
                    log.info("outbox: no look at the broker: %s", error)
                    continue
                below, looks = advance(looks, latest)
                self._settle_below(below)
            if self._note_is_due and loop.time() - noted >= NOTE_SECONDS:
                self._note_is_due = False
                await asyncio.to_thread(self._note, self._ranges(), self._removable())
                noted = loop.time()

    def _settle_below(self, below: Mapping[Partition, int]) -> None:
        for partition, offset in below.items():
            self._settled_below[partition] = max(offset, self._settled_below.get(partition, 0))
            sent = self._sent.get(partition, {})
            for done in [one for one in sent if one < offset]:
                self._let_go(sent.pop(done))

    def _let_go(self, entry: _Entry) -> None:
        entry.lane.unsettled -= entry.place.size
        self._segments[entry.place.segment].entries -= 1
        del self._numbers[entry.number]
        self._note_is_due = True
        self._wake.set()

    def _ranges(self) -> Ranges:
        """Numbers given out and not unsettled."""
        ranges: Ranges = []
        last = 0
        for number in (*self._numbers, self._next):
            if number > last + 1:
                ranges.append((last + 1, number - 1))
            last = number
        return ranges

    def _removable(self) -> list[int]:
        """Segments that hold nothing unsettled and are no longer written to; they are forgotten here."""
        newest = max(self._segments, default=0)
        gone = [number for number, one in self._segments.items() if not one.entries and number != newest]
        for number in gone:
            del self._segments[number]
            self._spool.forget_reader(number)
        return gone

    def _note(self, ranges: Ranges, gone: Sequence[int]) -> None:
        try:
            self._spool.remember(ranges, gone)
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
