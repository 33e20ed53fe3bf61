"""A plant: Kafka, the ClickHouse engine and workers in processes of their own, as an operator would run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from deploy.kafka.registry import specs
from deploy.kafka.topics import ensure_topics
from deploy.local.engine.process import EngineProcess
from schemas.envelope import Event, to_kafka
from schemas.settings import Settings
from schemas.streams import STREAMS, stream_of
from stream_processors.migrations import migrate
from stream_processors.warehouse import connect

Message = tuple[str, bytes, bytes, list[tuple[str, bytes]]]
"""(topic, key, value, headers)."""

SETTLE_SECONDS = 120


@dataclass
class Worker:
    """One `adoption worker` process."""

    role: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait()

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.role} did not stop; log: {self.log_file.read_text()[-2000:]}") from None


@dataclass
class Plant:
    """Kafka + engine + workers.

    Attributes:
        settings: what the workers run with.
        folder: logs and data.
        engine: the ClickHouse engine.
    """

    settings: Settings
    folder: Path
    engine: EngineProcess
    workers: list[Worker] = field(default_factory=list)
    _groups: dict[str, Consumer] = field(default_factory=dict)

    def start(self, role: str, *, program: Sequence[str] | None = None, **environment: str) -> Worker:
        """Start a worker; `program` replaces `adoption worker ROLE`."""
        log_file = self.folder / f"{role}-{len(self.workers)}.log"
        command = [sys.executable, *(program or ["-m", "deploy.cli", "worker", role])]
        with log_file.open("ab") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**self.environment(), **environment}
            )
        worker = Worker(role, process, log_file)
        self.workers.append(worker)
        return worker

    def start_all(self) -> list[Worker]:
        """One worker of each role."""
        return [self.start(role) for role in ("delivery", "gateway", "recompute")]

    def environment(self) -> dict[str, str]:
        """Environment of a worker of this plant."""
        settings = self.settings
        return {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "ADOPTION_DATA_DIR": str(self.folder),
            "ADOPTION_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "ADOPTION_CLICKHOUSE_URL": settings.clickhouse_url,
            "ADOPTION_CLICKHOUSE_USER": settings.clickhouse_user,
            "ADOPTION_CLICKHOUSE_PASSWORD": settings.clickhouse_password.get_secret_value(),
            "ADOPTION_INCARNATION": str(settings.incarnation),
        }

    def send(self, messages: Iterable[Message]) -> int:
        """Produce messages and wait for every confirmation; returns how many."""
        failed: list[str] = []
        producer = Producer(
            {
                "bootstrap.servers": self.settings.kafka_bootstrap,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "message.max.bytes": 4_300_000,
            }
        )
        count = 0
        for topic, key, value, headers in messages:
            count += 1
            producer.produce(
                topic,
                key=key,
                value=value,
                headers=headers,
                on_delivery=lambda error, _: failed.append(str(error)) if error else None,
            )
            producer.poll(0)
        assert producer.flush(60) == 0
        assert not failed, failed[:3]
        return count

    def lag(self) -> int:
        """Messages that the workers' groups have not acknowledged."""
        total = 0
        for group in {stream.group for stream in STREAMS}:
            if group not in self._groups:
                address = {"bootstrap.servers": self.settings.kafka_bootstrap, "group.id": group}
                self._groups[group] = Consumer(address)
            consumer = self._groups[group]
            parts = [
                TopicPartition(stream.topic, number)
                for stream in STREAMS
                if stream.group == group
                for number in range(stream.partitions)
            ]
            for part in consumer.committed(parts, timeout=10):
                _, high = consumer.get_watermark_offsets(part, timeout=10)
                total += max(0, high - max(part.offset, 0))
        return total

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until all is acknowledged: twice in a row, as a processor's last act is to make marks."""
        until(lambda: self._is_settled() and self._is_settled(), seconds, self.report)

    def _is_settled(self) -> bool:
        try:
            return self.lag() == 0
        except KafkaException as error:
            # A broker that has just started has no coordinator for a moment.
            if not error.args[0].retriable() and error.args[0].code() != KafkaError.NOT_COORDINATOR:
                raise
            return False

    def report(self) -> str:
        """For a failure's message: lag and the ends of the logs."""
        logs = "\n".join(f"== {w.log_file.name}\n{w.log_file.read_text()[-1500:]}" for w in self.workers)
        return f"settled: {self._is_settled()}\n{logs}"

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query, as the writer, straight from the engine."""
        with connect(self.settings_direct()) as client:
            return [tuple(row) for row in client.query(sql, parameters=parameters).result_rows]

    def settings_direct(self) -> Settings:
        """Settings that reach the engine itself, also where the workers go through a faulty proxy."""
        return self.settings.model_copy(update={"clickhouse_url": self.engine.url})

    def stop(self) -> None:
        """End what is still running."""
        for consumer in self._groups.values():
            consumer.close()
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
                worker.kill()


def until(condition: Callable[[], bool], seconds: float, report: Callable[[], str] = lambda: "") -> None:
    """Poll a condition; fails with a report when the deadline passes."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {report()}")
        time.sleep(0.3)


@contextmanager
def plant(folder: Path, bootstrap: str, *, url: Callable[[str], str] = lambda url: url) -> Iterator[Plant]:
    """A plant on a running Kafka: topics made, engine started and migrated, no worker yet.

    Args:
        folder: data and logs.
        bootstrap: of Kafka.
        url: may put a proxy before the engine's address.
    """
    ensure_topics({"bootstrap.servers": bootstrap}, specs())
    engine = EngineProcess.start(folder / "engine")
    try:
        settings = Settings(
            kafka_bootstrap=bootstrap,
            clickhouse_url=engine.url,
            clickhouse_user=engine.writer[0],
            clickhouse_password=engine.writer[1],
        )
        with connect(settings, database="default") as client:
            migrate(client, settings)
        made = Plant(settings.model_copy(update={"clickhouse_url": url(engine.url)}), folder, engine)
        try:
            yield made
        finally:
            made.stop()
    finally:
        engine.stop()


def messages(events: Iterable[Event]) -> list[Message]:
    """Kafka messages of contract events."""
    return [(stream_of(event.type).topic, *to_kafka(event)) for event in events]
