"""What the outbox still owes, in memory: which records are unsettled, where each lies, how much of a partition is open.

Book-keeping between `spool.py` (the files) and `outbox.py` (the loops): no I/O and no clock; used from one event loop.
An entry is numbered, then placed on disk, then waits in its lane, is sent, and is settled or goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from producers.kafka import Acknowledged
from producers.partitions import partition_of
from producers.settle import Partition
from producers.spool import Place, Ranges
from schemas.streams import BY_TOPIC


@dataclass
class Lane:
    """Entries of one partition: those to be sent, and the bytes that were sent and are not settled."""

    queue: deque[Entry] = field(default_factory=deque)
    unsettled: int = 0


@dataclass(slots=True)
class Entry:
    """A record that is on disk and not settled."""

    number: int
    lane: Lane
    place: Place


@dataclass
class _Segment:
    bytes: int = 0
    entries: int = 0


class Backlog:
    """Everything that is not settled."""

    def __init__(self) -> None:
        """Empty; `next` is the number of the next entry."""
        self.next = 1
        self.lanes: dict[Partition, Lane] = {}
        self._numbers: dict[int, None] = {}  # ascending
        self._segments: dict[int, _Segment] = {}
        self._sent: dict[Partition, dict[int, Entry]] = {}
        self._settled_below: dict[Partition, int] = {}

    def __len__(self) -> int:
        """Entries not settled, also those on their way to the disk."""
        return len(self._numbers)

    @property
    def disk_bytes(self) -> int:
        """Bytes of all segments that hold something unsettled, and of the newest."""
        return sum(segment.bytes for segment in self._segments.values())

    @property
    def is_waiting(self) -> bool:
        """Something was sent and is not settled."""
        return any(self._sent.values())

    def lane(self, topic: str, key: bytes) -> Lane:
        """The lane of a record."""
        partition = partition_of(key, BY_TOPIC[topic].partitions) if topic in BY_TOPIC else 0
        return self.lanes.setdefault((topic, partition), Lane())

    def numbered(self, count: int) -> range:
        """Numbers for so many entries. They count as unsettled from now on, before they are on disk."""
        numbers = range(self.next, self.next + count)
        self.next = numbers.stop
        self._numbers.update(dict.fromkeys(numbers))
        return numbers

    def restored(self, number: int) -> None:
        """An entry of the last run; in ascending order, before any new one."""
        self._numbers[number] = None

    def failed(self, number: int) -> None:
        """An entry that did not reach the disk, and was not acknowledged."""
        del self._numbers[number]

    def placed(self, entry: Entry) -> None:
        """An entry is on disk: it waits in its lane."""
        segment = self._segments.setdefault(entry.place.segment, _Segment())
        segment.bytes = max(segment.bytes, entry.place.offset + entry.place.size)
        segment.entries += 1
        entry.lane.queue.append(entry)

    def returned(self, entry: Entry) -> None:
        """Kafka did not take it: it goes to the end of its lane, so that what is never taken holds up no other."""
        entry.lane.unsettled -= entry.place.size
        entry.lane.queue.append(entry)

    def sent(self, entry: Entry, topic: str, at: Acknowledged) -> bool:
        """Kafka has it; True if it is settled already (its followers were quicker than its report)."""
        partition = (topic, at.partition)
        if at.offset < self._settled_below.get(partition, 0):
            self._let_go(entry)
            return True
        self._sent.setdefault(partition, {})[at.offset] = entry
        return False

    def settle(self, below: Mapping[Partition, int]) -> bool:
        """Let go of what is below these offsets; True if there was something."""
        gone = False
        for partition, offset in below.items():
            self._settled_below[partition] = max(offset, self._settled_below.get(partition, 0))
            sent = self._sent.get(partition, {})
            for done in [one for one in sent if one < offset]:
                self._let_go(sent.pop(done))
                gone = True
        return gone

    def settled_ranges(self) -> Ranges:
        """Numbers given out and not unsettled: what the next run need not send."""
        ranges: Ranges = []
        last = 0
        for number in (*self._numbers, self.next):
            if number > last + 1:
                ranges.append((last + 1, number - 1))
            last = number
        return ranges

    def drop_segments(self) -> list[int]:
        """Segments that hold nothing unsettled and are no longer written to; they are forgotten here."""
        newest = max(self._segments, default=0)
        gone = [number for number, one in self._segments.items() if not one.entries and number != newest]
        for number in gone:
            del self._segments[number]
        return gone

    def _let_go(self, entry: Entry) -> None:
        entry.lane.unsettled -= entry.place.size
        self._segments[entry.place.segment].entries -= 1
        del self._numbers[entry.number]
