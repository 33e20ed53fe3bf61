"""What the in-process broker does, number by number, and that a Faust worker runs on it.

The numbers are those of the docstring of `deploy/local/broker.py`: when a newer librdkafka moves one, this file says
which promise of the embedded stack moves with it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from deploy.local.broker import MAX_BATCH_BYTES, Api, BrokerError, EmbeddedBroker
from tests.faust_probe import faust_probe

MIB = 1024 * 1024
QUIET = {"log_level": 0}


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker.start([("events", 4), ("one", 1)]) as running:
        yield running


def producer(broker: EmbeddedBroker, **settings: object) -> Producer:
    return Producer(
        {
            "bootstrap.servers": broker.bootstrap,
            "partitioner": "murmur2_random",
            "message.max.bytes": 8 * MIB,
            "linger.ms": 0,
            **QUIET,
            **settings,
        }
    )


def consumer(broker: EmbeddedBroker, group: str, **settings: object) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            # The smallest that is of use: the broker makes every second joining of a group wait for 1 s of it.
            "session.timeout.ms": 2000,
            "heartbeat.interval.ms": 500,
            **QUIET,
            **settings,
        }
    )


def send(to: Producer, topic: str, value: bytes, key: bytes | None = None) -> KafkaError | None:
    """Send one message as one record batch; the error it ended with, if any."""
    ends: list[KafkaError | None] = []
    to.produce(topic, value, key, on_delivery=lambda error, _message: ends.append(error))
    assert to.flush(30) == 0
    return ends[0]


def watermarks(broker: EmbeddedBroker, topic: str = "one", partition: int = 0) -> tuple[int, int]:
    """The offset of the first message kept, and the one after the last."""
    reader = consumer(broker, "watermarks")
    try:
        return reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
    finally:
        reader.close()


def read(reader: Consumer, count: int, seconds: float = 20.0) -> list[tuple[int, int, bytes]]:
    found: list[tuple[int, int, bytes]] = []
    deadline = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < deadline, f"expected {count} messages, got {found}"
        if (message := reader.poll(0.1)) is not None:
            assert message.error() is None
            found.append((message.partition(), message.offset(), message.value()))
    return found


def test_a_group_reads_what_was_sent_and_its_successor_goes_on_where_it_committed(broker: EmbeddedBroker) -> None:
    sender = producer(broker)
    for number in range(8):
        assert send(sender, "one", b"%d" % number) is None

    first = consumer(broker, "readers")
    first.subscribe(["one"])
    assert [value for _, _, value in read(first, 5)] == [b"0", b"1", b"2", b"3", b"4"]
    first.commit(offsets=[TopicPartition("one", 0, 5)], asynchronous=False)
    before = time.monotonic()
    first.close()

    # A group whose last member left has to wait out the session time-out less 1 s: 1 s here.
    second = consumer(broker, "readers")
    second.subscribe(["one"])
    assert [value for _, _, value in read(second, 3)] == [b"5", b"6", b"7"]
    assert time.monotonic() - before > 0.9
    second.close()


def test_keys_go_where_faust_sends_them(broker: EmbeddedBroker) -> None:
    from aiokafka.partitioner import DefaultPartitioner

    sender = producer(broker)
    keys = [b"payments", b"orders", b"checkout", b"catalog", b"search", b"users"]
    for key in keys:
        assert send(sender, "events", key, key) is None

    reader = consumer(broker, "keys")
    reader.assign([TopicPartition("events", partition, 0) for partition in range(4)])
    expected = {key: DefaultPartitioner()(key, [0, 1, 2, 3], [0, 1, 2, 3]) for key in keys}
    assert {value: partition for partition, _, value in read(reader, len(keys))} == expected
    reader.close()


def test_beyond_5_mib_the_oldest_are_forgotten_and_nobody_is_told(broker: EmbeddedBroker) -> None:
    sender = producer(broker)
    for _ in range(5):
        assert send(sender, "one", b"x" * 1_000_000) is None
    assert watermarks(broker) == (0, 5)

    assert send(sender, "one", b"x" * 1_000_000) is None
    assert watermarks(broker) == (1, 6)

    reader = consumer(broker, "behind")
    reader.assign([TopicPartition("one", 0, 0)])
    assert [offset for _, offset, _ in read(reader, 5)] == [1, 2, 3, 4, 5]
    reader.close()


def test_what_counts_is_the_size_as_sent(broker: EmbeddedBroker) -> None:
    sender = producer(broker, **{"compression.type": "lz4"})
    for _ in range(30):
        assert send(sender, "one", b"x" * 1_000_000) is None
    assert watermarks(broker) == (0, 30)


def test_reading_and_committing_frees_nothing(broker: EmbeddedBroker) -> None:
    sender = producer(broker)
    for _ in range(5):
        assert send(sender, "one", b"x" * 1_000_000) is None
    reader = consumer(broker, "done")
    reader.subscribe(["one"])
    read(reader, 5)
    reader.commit(offsets=[TopicPartition("one", 0, 5)], asynchronous=False)
    reader.close()
    assert watermarks(broker) == (0, 5)


def test_a_batch_that_does_not_fit_beside_the_one_before_is_acknowledged_and_lost(broker: EmbeddedBroker) -> None:
    sender = producer(broker)
    assert send(sender, "one", b"x" * 3_000_000) is None
    assert watermarks(broker) == (0, 1)
    assert send(sender, "one", b"x" * 3_000_000) is None
    assert watermarks(broker) == (2, 2)


def test_batches_up_to_the_limit_are_always_there_on_arrival(broker: EmbeddedBroker) -> None:
    sender = producer(broker)
    for last in range(1, 4):
        assert send(sender, "one", b"x" * (MAX_BATCH_BYTES - 100)) is None
        assert watermarks(broker) == (max(0, last - 2), last)


def test_a_waiting_fetch_is_not_woken_by_what_arrives(broker: EmbeddedBroker) -> None:
    reader = consumer(broker, "waiting", **{"fetch.wait.max.ms": 1500})
    reader.assign([TopicPartition("one", 0, 0)])
    sender = producer(broker)
    assert send(sender, "one", b"first") is None
    read(reader, 1)
    # Each time, the next fetch is on its way and finds nothing before the next message is there.
    took: list[float] = []
    for _ in range(3):
        before = time.monotonic()
        assert send(sender, "one", b"next") is None
        read(reader, 1)
        took.append(time.monotonic() - before)
    assert max(took) > 1.0
    reader.close()


def test_an_unknown_topic_is_made_on_first_mention(broker: EmbeddedBroker) -> None:
    assert send(producer(broker), "misspelt", b"lost from sight") is None
    assert len(producer(broker).list_topics("misspelt", timeout=10).topics["misspelt"].partitions) == 4


def test_a_topic_that_exists_is_not_made_again(broker: EmbeddedBroker) -> None:
    with pytest.raises(BrokerError, match=r"create topic 'one' with 1 partitions: .*exists"):
        broker.create_topic("one", 1)


def test_a_new_start_knows_nothing(broker: EmbeddedBroker) -> None:
    assert send(producer(broker), "one", b"gone") is None
    broker.stop()
    with EmbeddedBroker.start([("one", 1)]) as fresh:
        assert watermarks(fresh) == (0, 0)


def test_after_stop_it_says_so(broker: EmbeddedBroker) -> None:
    broker.stop()
    broker.stop()
    with pytest.raises(BrokerError, match="was stopped"):
        broker.create_topic("late", 1)


def test_the_next_produce_can_be_made_to_fail(broker: EmbeddedBroker) -> None:
    sender = producer(broker)
    broker.fail_next(Api.PRODUCE, [KafkaError.INVALID_RECORD])
    refused = send(sender, "one", b"refused")
    assert refused is not None
    assert refused.code() == KafkaError.INVALID_RECORD
    assert send(sender, "one", b"accepted") is None
    assert watermarks(broker) == (0, 1)


def test_a_broker_that_goes_away_comes_back_with_what_it_had(broker: EmbeddedBroker) -> None:
    assert send(producer(broker), "one", b"before") is None
    broker.set_down()
    unsent = send(producer(broker, **{"message.timeout.ms": 500}), "one", b"meanwhile")
    assert unsent is not None
    assert unsent.code() == KafkaError._MSG_TIMED_OUT
    with pytest.raises(KafkaException):
        producer(broker).list_topics(timeout=0.2)

    broker.set_up()
    assert send(producer(broker), "one", b"after") is None
    assert watermarks(broker) == (0, 2)


def test_a_slow_broker(broker: EmbeddedBroker) -> None:
    sender = producer(broker)
    assert send(sender, "one", b"quick") is None
    broker.set_rtt(300)
    before = time.monotonic()
    assert send(sender, "one", b"slow") is None
    assert time.monotonic() - before >= 0.3


def test_a_faust_worker_reads_and_a_third_client_sees_how_far_it_is(broker: EmbeddedBroker, tmp_path: Path) -> None:
    sender = producer(broker)
    for number in range(20):
        assert send(sender, "events", b"%d" % number, b"key %d" % number) is None

    with faust_probe(tmp_path, broker.bootstrap, "events", "workers", commit_interval=0.2) as worker:
        assert sorted(int(one.value) for one in worker.acked(20)) == list(range(20))
        # A client of the same group that never joins it: what the edge uses to see which entries are settled.
        onlooker = consumer(broker, "workers")
        ends = [watermarks(broker, "events", partition)[1] for partition in range(4)]
        assert sum(ends) == 20
        deadline = time.monotonic() + 10
        while committed(onlooker, "events", 4) != ends:
            assert time.monotonic() < deadline, f"committed {committed(onlooker, 'events', 4)} of {ends}"
            time.sleep(0.05)
        # It took nothing from the worker: no rebalance, the next message arrives there.
        assert send(sender, "events", b"20") is None
        assert len(worker.acked(21)) == 21
        onlooker.close()


def committed(onlooker: Consumer, topic: str, partitions: int) -> list[int]:
    asked = [TopicPartition(topic, partition) for partition in range(partitions)]
    return [max(0, answer.offset) for answer in onlooker.committed(asked, timeout=10)]
