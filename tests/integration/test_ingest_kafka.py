"""The sinks on a broker: the embedded one, and Apache Kafka where it makes a difference."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from deploy.kafka.topics import TopicSpec, ensure_topics
from deploy.local.broker import Api, EmbeddedBroker
from producers import kafka as edge
from producers.kafka import KafkaSink, Record, Unavailable
from producers.outbox import OutboxSink
from producers.partitions import partition_of
from schemas.streams import DELIVERY, DIRTY, STREAMS

WAIT = 60.0


def record(number: int, size: int = 100) -> Record:
    return Record(DELIVERY.topic, b"key-%d" % number, b"%d " % number + b"x" * size, (("ce_id", b"%d" % number),))


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with new_broker() as running:
        yield running


def new_broker() -> EmbeddedBroker:
    return EmbeddedBroker.start([(stream.topic, stream.partitions) for stream in STREAMS])


def client(bootstrap: str) -> dict[str, Any]:
    return {"bootstrap.servers": bootstrap}


def run(sink: Any, scene: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await sink.start()
        try:
            await scene()
        finally:
            await sink.stop()

    asyncio.run(whole())


async def until(holds: Callable[[], Any], seconds: float = WAIT) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in time"
        await asyncio.sleep(0.02)


def everything(bootstrap: str, topic: str = DELIVERY.topic) -> list[tuple[bytes, int, bytes]]:
    """(key, partition, value) of all records that the topic holds now."""
    consumer = Consumer({**client(bootstrap), "group.id": "look", "enable.auto.commit": False})
    found: list[tuple[bytes, int, bytes]] = []
    try:
        count = len(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        for number in range(count):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
            consumer.assign([TopicPartition(topic, number, low)])
            at = low
            while at < high:
                for message in consumer.consume(1000, 0.2):
                    assert not message.error()
                    found.append((message.key(), number, message.value()))
                    at = message.offset() + 1
    finally:
        consumer.close()
    return found


class Workers:
    """What a delivery worker and a recompute agent do to offsets: read, mark, commit; read marks, commit."""

    def __init__(self, bootstrap: str, pause: float = 0.0) -> None:
        self.rows: list[int] = []
        self.facts: set[int] = set()
        self._stop = threading.Event()
        self._pause = pause
        self._threads = [threading.Thread(target=work, args=(bootstrap,)) for work in (self._delivery, self._recompute)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _delivery(self, bootstrap: str) -> None:
        marks = Producer(client(bootstrap))
        for messages, consumer in self._read(bootstrap, DELIVERY.group, DELIVERY.topic):
            self.rows += [int(message.value().split()[0]) for message in messages]
            self._stop.wait(self._pause)
            marks.produce(DIRTY.topic, key=b"slice", value=b"")
            marks.flush()
            consumer.commit(asynchronous=False)

    def _recompute(self, bootstrap: str) -> None:
        for _, consumer in self._read(bootstrap, DIRTY.group, DIRTY.topic):
            self.facts = set(self.rows)
            consumer.commit(asynchronous=False)

    def _read(self, bootstrap: str, group: str, topic: str) -> Iterator[tuple[list[Any], Consumer]]:
        settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        consumer = Consumer({**client(bootstrap), **settings})
        consumer.subscribe([topic])
        try:
            while not self._stop.is_set():
                messages = [one for one in consumer.consume(500, 0.05) if not one.error()]
                if messages:
                    yield messages, consumer
        finally:
            consumer.close()


# -- Kafka as the sink


def test_records_are_there_when_send_returns(broker: EmbeddedBroker) -> None:
    sink = KafkaSink(client(broker.bootstrap))

    async def scene() -> None:
        await asyncio.gather(*(sink.send([record(n), record(n + 1000)]) for n in range(100)))
        assert len(everything(broker.bootstrap)) == 200
        await sink.send([])

    run(sink, scene)


def test_keys_go_where_we_and_faust_say_they_go(broker: EmbeddedBroker) -> None:
    sink = KafkaSink(client(broker.bootstrap))
    run(sink, lambda: sink.send([record(n) for n in range(400)]))
    found = everything(broker.bootstrap)
    assert len(found) == 400
    assert {key for key, partition, _ in found if partition_of(key, DELIVERY.partitions) != partition} == set()


def test_a_broker_that_is_away_is_unavailable_and_is_found_again(broker: EmbeddedBroker) -> None:
    sink = KafkaSink(client(broker.bootstrap), delivery_seconds=1.0)

    async def scene() -> None:
        await sink.send([record(1)])
        broker.set_down()
        started = time.monotonic()
        answers = await asyncio.gather(*(sink.send([record(n)]) for n in range(2, 20)), return_exceptions=True)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert time.monotonic() - started < 10
        assert "Kafka" in (await sink.unready() or "")
        broker.set_up()
        deadline = time.monotonic() + WAIT
        while await sink.unready():
            assert time.monotonic() < deadline
        await sink.send([record(100)])

    run(sink, scene)
    values = {value.split()[0] for _, _, value in everything(broker.bootstrap)}
    assert {b"1", b"100"} <= values


def test_while_a_broker_is_away_only_one_record_waits_to_find_out(broker: EmbeddedBroker) -> None:
    sink = KafkaSink(client(broker.bootstrap), delivery_seconds=3.0)

    async def scene() -> None:
        broker.set_down()
        first = asyncio.create_task(sink.send([record(1)]))
        await until(lambda: sink._down is not None)
        started = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            await sink.send([record(2)])
        assert time.monotonic() - started < 1
        assert caught.value.retry_after > 0
        with pytest.raises(Unavailable):
            await first

    run(sink, scene)


def test_a_full_queue_is_unavailable(broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    real = edge.producer_config
    small = {"queue.buffering.max.messages": 5, "linger.ms": 500}
    monkeypatch.setattr(edge, "producer_config", lambda *args, **named: real(*args, **named) | small)
    sink = KafkaSink(client(broker.bootstrap))

    async def scene() -> None:
        with pytest.raises(Unavailable, match="queue is full"):
            await sink.send([record(n) for n in range(10)])

    run(sink, scene)


def test_a_record_that_kafka_never_takes_holds_up_no_other(broker: EmbeddedBroker, tmp_path: Path) -> None:
    """The edge refuses such a record; should one get into an outbox, the others still go."""
    sink = OutboxSink(tmp_path, client(broker.bootstrap))

    async def scene() -> None:
        await sink.send([record(1, size=6_000_000), *(record(n) for n in range(2, 50))])
        await until(lambda: len(everything(broker.bootstrap)) == 48)
        assert sink.gauges()["outbox_unsettled_entries"][1]() == 49

    run(sink, scene)


@pytest.mark.parametrize(
    "errors",
    [
        [KafkaError.NOT_ENOUGH_REPLICAS, KafkaError.REQUEST_TIMED_OUT],
        [KafkaError._TRANSPORT],
        [KafkaError.NOT_LEADER_FOR_PARTITION],
    ],
)
def test_errors_that_pass_are_waited_out(broker: EmbeddedBroker, errors: list[int]) -> None:
    sink = KafkaSink(client(broker.bootstrap))
    broker.fail_next(Api.PRODUCE, errors)
    run(sink, lambda: sink.send([record(1)]))
    assert len(everything(broker.bootstrap)) == 1


def test_an_error_that_does_not_pass_is_unavailable_not_acknowledged(broker: EmbeddedBroker) -> None:
    sink = KafkaSink(client(broker.bootstrap))
    broker.fail_next(Api.PRODUCE, [KafkaError.TOPIC_AUTHORIZATION_FAILED])

    async def scene() -> None:
        with pytest.raises(Unavailable, match="not acknowledge"):
            await sink.send([record(1)])

    run(sink, scene)


def test_a_producer_that_ended_by_a_fatal_error_is_made_anew(broker: EmbeddedBroker) -> None:
    sink = KafkaSink(client(broker.bootstrap), delivery_seconds=5.0)
    init_producer_id = 22
    broker.fail_next(init_producer_id, [KafkaError.CLUSTER_AUTHORIZATION_FAILED])  # type: ignore[arg-type]

    async def scene() -> None:
        deadline = time.monotonic() + WAIT
        while True:
            try:
                await sink.send([record(1)])
            except Unavailable:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            else:
                return

    run(sink, scene)
    assert len(everything(broker.bootstrap)) >= 1


@pytest.mark.kafka
def test_apache_kafka_has_what_send_acknowledged_up_to_the_largest_record(kafka: str) -> None:
    specs = [
        TopicSpec(stream.topic, stream.partitions, {"max.message.bytes": str(stream.max_message_bytes)})
        for stream in STREAMS
    ]
    ensure_topics(client(kafka), specs)
    sink = KafkaSink(client(kafka))

    async def scene() -> None:
        await asyncio.gather(*(sink.send([record(n)]) for n in range(1000)))
        largest = record(1000, size=DELIVERY.max_message_bytes - 700)
        assert edge.size_of(largest) <= sink.limit(DELIVERY.topic)
        await sink.send([largest])
        assert await sink.unready() is None

    run(sink, scene)
    found = everything(kafka)
    assert {int(value.split()[0]) for _, _, value in found} == set(range(1001))
    assert all(partition_of(key, DELIVERY.partitions) == partition for key, partition, _ in found)


# -- the outbox in front of it


def test_the_outbox_empties_as_the_facts_take_it_in(broker: EmbeddedBroker, tmp_path: Path) -> None:
    sink = OutboxSink(tmp_path, client(broker.bootstrap))
    unsettled = sink.gauges()["outbox_unsettled_entries"][1]

    async def scene() -> None:
        with Workers(broker.bootstrap) as workers:
            await asyncio.gather(*(sink.send([record(n)]) for n in range(2000)))
            await until(lambda: unsettled() == 0)
            assert workers.facts == set(range(2000))

    run(sink, scene)


def test_what_was_not_settled_is_sent_again_to_the_next_runs_broker(tmp_path: Path) -> None:
    """A run whose worker wrote rows and never facts, then a new broker that knows nothing."""

    async def first(sink: OutboxSink, bootstrap: str) -> None:
        await asyncio.gather(*(sink.send([record(n)]) for n in range(500)))
        await until(lambda: len(everything(bootstrap)) == 500)
        commit_all(bootstrap, DELIVERY.group, DELIVERY.topic)
        mark(bootstrap)
        await asyncio.sleep(3 * 0.3)  # three looks: none of them may settle anything
        assert sink.gauges()["outbox_unsettled_entries"][1]() == 500

    with new_broker() as broker:
        one = OutboxSink(tmp_path, client(broker.bootstrap))
        run(one, lambda: first(one, broker.bootstrap))

    async def second(sink: OutboxSink, bootstrap: str) -> None:
        with Workers(bootstrap) as workers:
            await sink.send([record(500)])
            await until(lambda: sink.gauges()["outbox_unsettled_entries"][1]() == 0)
            assert workers.facts == set(range(501))

    with new_broker() as broker:
        two = OutboxSink(tmp_path, client(broker.bootstrap))
        run(two, lambda: second(two, broker.bootstrap))

    async def third(sink: OutboxSink) -> None:
        assert sink.gauges()["outbox_unsettled_entries"][1]() == 0

    three = OutboxSink(tmp_path, client("127.0.0.1:1"))
    run(three, lambda: third(three))


def test_more_than_the_broker_remembers_passes_through_it_whole(broker: EmbeddedBroker, tmp_path: Path) -> None:
    """24 MB on few partitions that keep 5 MiB each, read by slow workers: nothing may be forgotten."""
    sink = OutboxSink(tmp_path, client(broker.bootstrap))
    gauges = sink.gauges()
    noise = bytes(range(256)) * 40
    most = 0.0

    async def scene() -> None:
        nonlocal most
        sends = (
            Record(DELIVERY.topic, b"one key", b"%d " % n + noise[n % 256 :][:10_000] + b"%d" % (n * n), ())
            for n in range(2400)
        )
        await asyncio.gather(*(sink.send([one]) for one in sends))
        with Workers(broker.bootstrap, pause=0.05) as workers:
            while gauges["outbox_unsettled_entries"][1]():
                most = max(most, gauges["outbox_unsettled_bytes"][1]())
                await asyncio.sleep(0.02)
            assert workers.facts == set(range(2400))
            assert sorted(workers.rows) == list(range(2400))

    run(sink, scene)
    assert 1_000_000 < most <= 3 * 1024 * 1024


def test_a_broker_that_comes_late_gets_everything(tmp_path: Path) -> None:
    with new_broker() as broker:
        broker.set_down()
        sink = OutboxSink(tmp_path, client(broker.bootstrap))

        async def scene() -> None:
            await asyncio.gather(*(sink.send([record(n)]) for n in range(100)))
            assert await sink.unready() is None
            broker.set_up()
            with Workers(broker.bootstrap) as workers:
                await until(lambda: sink.gauges()["outbox_unsettled_entries"][1]() == 0)
                assert workers.facts == set(range(100))

        run(sink, scene)


def commit_all(bootstrap: str, group: str, topic: str) -> None:
    consumer = Consumer({**client(bootstrap), "group.id": group, "enable.auto.commit": False})
    ends = []
    for number in range(DELIVERY.partitions):
        _, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        ends.append(TopicPartition(topic, number, high))
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()


def mark(bootstrap: str) -> None:
    marks = Producer(client(bootstrap))
    marks.produce(DIRTY.topic, key=b"slice", value=b"")
    marks.flush()
