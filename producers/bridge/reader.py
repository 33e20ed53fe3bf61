"""The foreign topic: batches of its messages, and the group's offsets with what was announced at them.

The edge of the bridge towards Kafka. Offsets are committed here and nowhere else, always in step with their metadata.
A rebalance drops what is held: the next owner finds offset and announcement together, and so does this process when it
gets the partition back. Offsets are never reset silently: where a partition begins is decided at its assignment.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient

from producers.bridge import intent
from producers.bridge.beginning import BridgeError, begin
from producers.bridge.partition import Message, Partition
from schemas.streams import MIB

log = logging.getLogger(__name__)

ROUND_BYTES: Final = 64 * MIB
"""Values that are read before they are sent."""
_AT_ONCE: Final = 1_000
_ANSWER_SECONDS: Final = 30.0
_GONE: Final = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._STATE,  # noqa: SLF001 -- librdkafka's local codes are named so
    }
)
"""The partitions belong to somebody else by now, or will in a moment."""
_LASTING: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
    }
)
"""What does not pass by itself, or is decided anew at the next start."""


class Reader:
    """Messages of one topic, as a member of a consumer group. Used from one thread at a time."""

    def __init__(self, client: Mapping[str, Any], topic: str, group: str, *, from_end: bool) -> None:
        """`client`: librdkafka's settings of the topic's cluster. `from_end`: where a new group begins."""
        self.topic = topic
        self.partitions: dict[int, Partition] = {}
        self._from_end = from_end
        self._member = ""
        self.identity = _identity(client, topic)
        self._consumer = Consumer(
            {
                "client.id": "adoption-bridge",
                "queued.min.messages": 200_000,
                "queued.max.messages.kbytes": ROUND_BYTES // 1024,
                "fetch.message.max.bytes": 8 * MIB,
                "fetch.wait.max.ms": 100,
                "session.timeout.ms": 10_000,
                **client,
                "group.id": group,
                # Offsets are committed by hand, with what is about to be sent; never by a timer.
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                # Where a partition begins is said at its assignment; falling out of it is an error, not a reset.
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
            },
            logger=log,
        )
        self._consumer.subscribe([topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)

    def collect(self, most: int, linger: float) -> None:
        """Put what the topic has into its partitions: up to `most` messages, or what comes within `linger` seconds.

        Raises:
            BridgeError: an offset does not exist any more, the topic is gone, access is denied.
        """
        count = size = 0
        until = time.monotonic() + linger
        while count < most and size < ROUND_BYTES:
            wanted = min(_AT_ONCE, most - count)
            batch = self._consumer.consume(wanted, max(0.0, until - time.monotonic()))
            for message in batch:
                error = message.error()
                if error is not None:
                    self._told(message, error)
                    continue
                partition = self.partitions.get(message.partition())
                if partition is not None:  # else it was read before the partition went away
                    value = message.value() or b""
                    partition.messages.append(Message(message.offset(), value, tuple(message.headers() or ())))
                    size += len(value)
            count += len(batch)
            if len(batch) < wanted:
                return

    def commit(self, announced: Mapping[int, tuple[int, ...]]) -> bool:
        """Commit every partition's start that is not yet committed, and what is announced after it.

        Args:
            announced: partition -> ends of the units that are about to be sent.

        Returns:
            False: the partitions are somebody else's now; nothing may be sent, all that was held is dropped.

        Raises:
            KafkaException: it is not known whether they are committed; ending is safe.
        """
        offsets = [
            TopicPartition(
                self.topic,
                number,
                partition.start,
                intent.written(self.identity, announced.get(number, partition.cuts)),
            )
            for number, partition in self.partitions.items()
            if number in announced or not partition.is_committed
        ]
        if not offsets:
            return True
        try:
            if self._consumer.memberid() != self._member:
                # Out of the group already, and not yet told: an empty group would take this commit from anybody.
                raise KafkaException(KafkaError(KafkaError.UNKNOWN_MEMBER_ID))  # noqa: TRY301 -- as if it had been told
            for one in self._consumer.commit(offsets=offsets, asynchronous=False) or ():
                if one.error is not None:
                    raise KafkaException(one.error)  # noqa: TRY301 -- one of several refused is all refused
        except KafkaException as error:
            if error.args[0].code() not in _GONE:
                raise
            log.warning("offsets were not committed: %s; the partitions are read again", error.args[0].str())
            self.partitions.clear()
            return False
        for number, partition in self.partitions.items():
            partition.is_committed = number not in announced
            partition.cuts = announced.get(number, partition.cuts)
        return True

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _assigned(self, consumer: Consumer, assigned: list[TopicPartition]) -> None:
        self._member = consumer.memberid()
        self.partitions = {}
        begins = []
        for one in consumer.committed(assigned, timeout=_ANSWER_SECONDS) if assigned else ():
            low, high = consumer.get_watermark_offsets(one, timeout=_ANSWER_SECONDS)
            begun = self.partitions[one.partition] = begin(
                f"{self.topic}[{one.partition}]",
                None if one.offset == OFFSET_INVALID else one.offset,
                one.metadata,
                kept=range(low, high),
                identity=self.identity,
                from_end=self._from_end,
            )
            begins.append(TopicPartition(self.topic, one.partition, max(begun.start, low)))
        consumer.assign(begins)

    def _revoked(self, _consumer: Consumer, revoked: list[TopicPartition]) -> None:
        for one in revoked:
            self.partitions.pop(one.partition, None)

    def _told(self, message: KafkaMessage, error: KafkaError) -> None:
        """What came in a message's place. Raises BridgeError for what does not pass by itself."""
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            partition = self.partitions.get(message.partition())
            if partition is not None:
                partition.end = message.offset()
            return
        if error.fatal() or error.code() in _LASTING:
            raise BridgeError(f"{self.topic}[{message.partition()}]: {error.str()}")
        log.warning("%s: %s", self.topic, error.str())


def _identity(client: Mapping[str, Any], topic: str) -> str:
    """The topic's UUID; from clusters before Kafka 2.8, which have none, the cluster's id and the topic's name.

    Raises:
        BridgeError: there is no such topic, or no answer.
    """
    admin = AdminClient(dict(client))
    try:
        described = admin.describe_topics(TopicCollection([topic]), request_timeout=_ANSWER_SECONDS)[topic].result()
        found = str(described.topic_id)
        if found.strip("A="):  # the zero UUID is `AAAA…`
            return found
        return f"{admin.list_topics(topic, timeout=_ANSWER_SECONDS).cluster_id}/{topic}"
    except KafkaException as error:
        raise BridgeError(f"expected to find topic {topic!r}, got: {error.args[0].str()}") from error
