"""When an outbox entry may go: what it changed is in the facts, not merely in a table.

The embedded broker is memory, so the outbox keeps an entry until nothing that follows from it can be lost with the
broker: (a) the stream's group committed past its offset, which it does only after its rows, marks and dead letters are
durable or on their way as messages; then (b) the marks and dead letters that were there *after* (a) was read are
committed by their groups too, which they do only after the facts are durable. `advance` is that rule; `GroupOffsets`
looks at the broker.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

from schemas.streams import DEAD_LETTERS, DIRTY, STREAMS, Stream

log = logging.getLogger(__name__)

Partition = tuple[str, int]
"""Topic and number."""
Offsets = Mapping[Partition, int]

CARRIERS: Final = tuple(stream for stream in STREAMS if stream is not DIRTY)
"""Streams that the edge writes to."""
FOLLOWERS: Final = (DIRTY, DEAD_LETTERS)
"""Streams that the processors write to because of an event."""
MOST_LOOKS: Final = 64
_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Look:
    """One look at the broker, taken in this order; the order is the proof.

    Attributes:
        committed: of the carriers' groups: the next offset that each would read.
        high: the followers' high watermarks: the next offset that each would write.
        followed: of the followers' groups, as `committed`.
    """

    committed: Offsets
    high: Offsets
    followed: Offsets


def advance(open_looks: Sequence[Look], latest: Look) -> tuple[Offsets, list[Look]]:
    """What is settled, and which looks are still open.

    Args:
        open_looks: earlier looks whose followers were not all read yet, oldest first.
        latest: the look just taken.

    Returns:
        Per partition the offset below which every record is settled (empty: nothing new), and the looks to pass
        in next time. A look that nothing was committed since is not kept twice.
    """
    looks = list(open_looks)
    if len(looks) >= MOST_LOOKS:
        looks[-1] = latest  # a later look promises more, only later
    elif not looks or looks[-1].committed != latest.committed:
        looks.append(latest)
    reached = [
        index
        for index, look in enumerate(looks)
        if all(latest.followed.get(partition, 0) >= high for partition, high in look.high.items())
    ]
    if not reached:
        return {}, looks
    return looks[reached[-1]].committed, looks[reached[-1] + 1 :]


class GroupOffsets:
    """Reads the groups' committed offsets and the followers' watermarks. Blocking: for threads."""

    def __init__(self, client: Mapping[str, Any]) -> None:
        """`client`: librdkafka's connection settings. The consumers never subscribe, so they join no group."""
        self._consumers = {
            group: Consumer(
                {**client, "group.id": group, "enable.auto.commit": False, "client.id": "adoption-outbox"}, logger=log
            )
            for group in {stream.group for stream in (*CARRIERS, *FOLLOWERS)}
        }
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()  # a consumer must not be closed while another thread asks it

    def look(self) -> Look:
        """Take a look.

        Raises:
            KafkaException: the broker does not answer; look again later.
        """
        with self._lock:
            committed = self._committed(CARRIERS)
            high = {
                (stream.topic, number): self._high(stream, number)
                for stream in FOLLOWERS
                for number in range(self._count(stream))
            }
            return Look(committed, high, self._committed(FOLLOWERS))

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            for consumer in self._consumers.values():
                consumer.close()

    def _committed(self, streams: Sequence[Stream]) -> dict[Partition, int]:
        found: dict[Partition, int] = {}
        for group, consumer in self._consumers.items():
            asked = [
                TopicPartition(stream.topic, number)
                for stream in streams
                if stream.group == group
                for number in range(self._count(stream))
            ]
            if asked:
                answers = consumer.committed(asked, timeout=_SECONDS)
                # A negative offset: nothing committed yet.
                found |= {(answer.topic, answer.partition): max(answer.offset, 0) for answer in answers}
        return found

    def _high(self, stream: Stream, number: int) -> int:
        consumer = self._consumers[stream.group]
        _, high = consumer.get_watermark_offsets(TopicPartition(stream.topic, number), timeout=_SECONDS)
        return int(high)

    def _count(self, stream: Stream) -> int:
        if stream.topic not in self._counts:
            metadata = self._consumers[stream.group].list_topics(stream.topic, timeout=_SECONDS)
            self._counts[stream.topic] = len(metadata.topics[stream.topic].partitions) or stream.partitions
        return self._counts[stream.topic]
