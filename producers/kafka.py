"""The way into Kafka: a record goes in, and the caller is told when the brokers have it.

Second step of an event's way, after its mapper and before the stream processors. `KafkaSink.send` returns only after
every record was acknowledged by all in-sync replicas, so an HTTP answer or a flush that follows it is a promise. This
is the one importer of confluent_kafka's Producer. Its delivery reports arrive in one polling thread; they cross into
the event loop in groups, one wake-up for all that arrived meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from confluent_kafka import KafkaError, KafkaException, Producer

from schemas.settings import Settings
from schemas.streams import BY_TOPIC, MIB, STREAMS

log = logging.getLogger(__name__)

OVERHEAD_BYTES: Final = 512
"""Room kept for what Kafka adds to a record and its batch (61 + about 30 bytes) in every comparison with a limit."""
DELIVERY_SECONDS: Final = 8.0
"""A webhook sender waits 10 s for its answer (GitHub); it must hear 503 before it hangs up."""
POLL_SECONDS: Final = 0.1


class Record(NamedTuple):
    """One Kafka record, before it has a partition and an offset."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Acknowledged(NamedTuple):
    """Where the brokers put a record."""

    partition: int
    offset: int


class Unavailable(Exception):  # noqa: N818 -- it is a state of the world that passes, named as such everywhere
    """Nothing was promised: the records could not be made durable now. Try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


Done = Callable[[Acknowledged | Unavailable], None]
"""Called once in the event loop with what became of a record."""

Gauge = tuple[str, Callable[[], float]]
"""What a number says, and how to ask for it."""


class Sink(Protocol):
    """Where records go. `send` may be called from one event loop, between `start` and `stop`."""

    async def start(self) -> None:
        """Make ready; returns without waiting for a broker."""

    async def stop(self) -> None:
        """Finish what was accepted, then let go of everything."""

    async def send(self, records: Sequence[Record]) -> None:
        """Return when every record is durable.

        Raises:
            Unavailable: at least one is not known to be; sending all of them again is safe.
        """

    async def unready(self) -> str | None:
        """Why `send` would be refused now; None if it would not."""

    def limit(self, topic: str) -> int:
        """The largest `size_of` a record of this topic may have here, in bytes."""

    def gauges(self) -> dict[str, Gauge]:
        """What waits here, by metric name."""


def size_of(record: Record) -> int:
    """Upper bound of the bytes that a record takes in a topic, uncompressed."""
    headers = sum(len(name) + len(value) + 8 for name, value in record.headers)
    return len(record.key) + len(record.value) + headers + OVERHEAD_BYTES


def client_config(settings: Settings) -> dict[str, Any]:
    """Librdkafka's connection settings: addresses, encryption, credentials."""
    config: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_ca_file:
        config["ssl.ca.location"] = str(settings.kafka_ca_file)
    if settings.kafka_sasl_mechanism:
        config["sasl.mechanism"] = settings.kafka_sasl_mechanism
    if settings.kafka_sasl_username:
        config["sasl.username"] = settings.kafka_sasl_username
    if settings.kafka_sasl_password:
        config["sasl.password"] = settings.kafka_sasl_password.get_secret_value()
    return config


def producer_config(client: Mapping[str, Any], *, delivery_seconds: float = DELIVERY_SECONDS) -> dict[str, Any]:
    """Librdkafka's settings of our producer; each says why."""
    return {
        **client,
        "client.id": "adoption-ingest",
        # A promise survives the loss of a broker, and the client's own retries neither repeat nor reorder.
        "acks": "all",
        "enable.idempotence": True,
        # librdkafka's default partitioner and Faust's disagree on most keys.
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": 2,
        # Two record batches must fit a partition of the embedded broker (5 MiB), so none may grow past half of it.
        "batch.size": MIB,
        "message.max.bytes": max(stream.max_message_bytes for stream in STREAMS) + 1024,
        "message.timeout.ms": int(delivery_seconds * 1000),
        "request.timeout.ms": 5000,
        "reconnect.backoff.max.ms": 1000,
        # What waits for a broker is bounded; past it the sender is told to come back (BufferError -> Unavailable).
        "queue.buffering.max.messages": 100_000,
        "queue.buffering.max.kbytes": 64 * 1024,
    }


class KafkaSink:
    """A Sink whose durability is Kafka's. Also the outbox's way to Kafka, record by record, through `produce`."""

    def __init__(self, client: Mapping[str, Any], *, delivery_seconds: float = DELIVERY_SECONDS) -> None:
        """Remember the settings; `client` as `client_config` makes them. Nothing connects before `start`."""
        self._config = producer_config(client, delivery_seconds=delivery_seconds)
        self._reports: deque[tuple[Done, Acknowledged | Unavailable]] = deque()
        self._drain_is_due = False
        self._closing = threading.Event()
        self._fatal = threading.Event()
        self._down: str | None = None

    async def start(self) -> None:
        """Start the producer and its polling thread; needs no broker yet."""
        self._loop = asyncio.get_running_loop()
        self._producer = self._new_producer()
        self._thread = threading.Thread(target=self._poll, name="kafka-reports", daemon=True)
        self._thread.start()

    async def stop(self, grace: float | None = None) -> None:
        """Wait until everything accepted has its report (each has a time limit; or `grace` seconds), then let go."""
        seconds = self._config["message.timeout.ms"] / 1000 if grace is None else grace
        left = await asyncio.to_thread(self._producer.flush, seconds)
        if left:
            self._producer.purge()
            await asyncio.to_thread(self._producer.flush, 1.0)
        self._closing.set()
        await asyncio.to_thread(self._thread.join)
        self._drain()

    async def send(self, records: Sequence[Record]) -> None:
        """As `Sink.send`: durable on all in-sync replicas."""
        waiting = _Waiting(len(records), self._loop.create_future())
        for record in records:
            self.produce(record, waiting.done)
        if records:
            await waiting.future

    def produce(self, record: Record, done: Done) -> None:
        """Hand one record to the client; `done` is called in the event loop when its fate is known.

        Raises:
            Unavailable: the record was not taken, `done` will not be called.
        """
        if self._down is not None and len(self._producer):
            # One record is on its way to find out; the others need not wait for its time-out.
            raise Unavailable(self._down, retry_after=2.0)
        try:
            self._producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=functools.partial(self._report, done),
            )
        except BufferError as error:
            raise Unavailable("Kafka is slower than the senders: the producer's queue is full") from error
        except KafkaException as error:
            # It is about this record (its size), or a producer that is just being replaced: the others may go.
            refused = Unavailable(f"Kafka refused a record of {record.topic}: {error.args[0].str()}")
            self._loop.call_soon(done, refused)

    def __len__(self) -> int:
        """Records whose fate is not known yet."""
        return len(self._producer)

    def limit(self, topic: str) -> int:
        """The topic's own limit."""
        return BY_TOPIC[topic].max_message_bytes

    def gauges(self) -> dict[str, Gauge]:
        """Records on their way."""
        return {"kafka_records_in_flight": ("Records not yet acknowledged by Kafka", lambda: len(self._producer))}

    async def unready(self) -> str | None:
        """Ask a broker for its metadata; why there is no answer, or None."""
        try:
            await asyncio.to_thread(self._producer.list_topics, STREAMS[0].topic, 2.0)
        except KafkaException as error:
            return f"Kafka does not answer: {error.args[0].str()}"
        self._down = None
        return None

    def _new_producer(self) -> Producer:
        return Producer(self._config, logger=log, error_cb=self._on_error)

    def _on_error(self, error: KafkaError) -> None:
        """Client-wide errors (polling thread): only remembered; records tell their own fate."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 -- librdkafka's local codes are named so
            self._down = "Kafka is away: no broker can be reached"
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001
            self._fatal.set()

    def _poll(self) -> None:
        """The polling thread. Every `send` waits for it, so nothing but `stop` may end it."""
        while not self._closing.is_set():
            try:
                self._producer.poll(POLL_SECONDS)
                if self._fatal.is_set():
                    self._replace()
            except KafkaException as error:
                # Fatal errors are raised here; whether error_cb is set or not.
                log.error("Kafka producer: %s", error.args[0].str())  # noqa: TRY400 -- the trace says nothing more
                if error.args[0].fatal():
                    self._fatal.set()
                self._closing.wait(POLL_SECONDS)
            except Exception:
                log.exception("the polling thread goes on after a defect")
                self._closing.wait(POLL_SECONDS)

    def _replace(self) -> None:
        """A fatal error ends an idempotent producer for good; identity of events covers what it sent twice."""
        old, self._producer = self._producer, self._new_producer()
        self._fatal.clear()
        log.error("Kafka producer ended by a fatal error and was made anew")
        with contextlib.suppress(KafkaException):
            old.purge()
            old.flush(5.0)
        self._closing.wait(POLL_SECONDS)  # a cause that lasts (an ACL) must not spin

    def _report(self, done: Done, error: KafkaError | None, message: Any) -> None:
        """A record's fate, in the polling thread."""
        if error is None:
            self._down = None
            outcome: Acknowledged | Unavailable = Acknowledged(message.partition(), message.offset())
        else:
            if error.code() == KafkaError._MSG_TIMED_OUT:  # noqa: SLF001
                self._down = "Kafka is away: a record was not acknowledged in time"
            outcome = Unavailable(f"Kafka did not acknowledge: {error.str()}", retry_after=2.0)
        self._reports.append((done, outcome))
        if not self._drain_is_due:
            self._drain_is_due = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        # Cleared before looking: a report that comes later schedules its own drain.
        self._drain_is_due = False
        while self._reports:
            done, outcome = self._reports.popleft()
            done(outcome)


class _Waiting:
    """The records of one `send`: the future resolves with the last of them, or with the first failure."""

    def __init__(self, count: int, future: asyncio.Future[None]) -> None:
        self.future = future
        self._left = count

    def done(self, outcome: Acknowledged | Unavailable) -> None:
        self._left -= 1
        if self.future.done():
            return
        if isinstance(outcome, Unavailable):
            self.future.set_exception(outcome)
        elif self._left == 0:
            self.future.set_result(None)
