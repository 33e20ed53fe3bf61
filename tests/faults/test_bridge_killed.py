"""The bridge is killed with SIGKILL while its topic on Apache Kafka grows: each record counts exactly once (R1)."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.kafka.topics import TopicSpec
from schemas import dead_letters, gateway
from schemas.streams import DEAD_LETTERS, GATEWAY
from tests.kafka_fixture import start_kafka
from tests.support.ingest_service import kong

KILLS = 6
TOPIC = "gateway-logs"
PARTITIONS = 3
FIRST = 30_000
"""Records that are there before the first start."""
GROUP = "adoption-bridge"
TOPICS = [
    TopicSpec(TOPIC, PARTITIONS),
    *(
        TopicSpec(stream.topic, stream.partitions, {"max.message.bytes": str(stream.max_message_bytes)})
        for stream in (GATEWAY, DEAD_LETTERS)
    ),
]


class Gateway(threading.Thread):
    """Writes a record a message, some messages with several, some with none that can be read; never stops by itself."""

    def __init__(self, bootstrap: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 20})
        self.requests = 0
        self.bad = 0
        self.finish = threading.Event()
        self._random = random.Random(seed)

    def run(self) -> None:
        while not self.finish.is_set():
            self.write(self._random.randint(1, 400))
            self.finish.wait(self._random.random() * 0.1)
        self.producer.flush()

    def write(self, messages: int) -> None:
        for _ in range(messages):
            self.producer.produce(TOPIC, self._value(), partition=self._random.randrange(PARTITIONS))
            self.producer.poll(0)

    def _value(self) -> bytes:
        kind = self._random.random()
        if kind < 0.002:
            self.bad += 1
            return self._random.choice([b"{", b'{"request": {}}', b"[1]"])
        count = 1 if kind < 0.98 else self._random.randint(2, 30)
        records = [kong(self.requests + n) for n in range(count)]
        self.requests += count
        return json.dumps(records if count > 1 else records[0]).encode()


def start(bootstrap: str, folder: Path, *options: str) -> subprocess.Popen[bytes]:
    cluster = folder / "cluster.properties"
    cluster.write_text(f"bootstrap.servers={bootstrap}\nsession.timeout.ms=6000\nheartbeat.interval.ms=1000\n")
    program = "from producers.bridge.command import bridge; bridge()"
    said = ["kong", TOPIC, "--group", GROUP, "--cluster", str(cluster), "--round", "3000", "--linger", "0.2", *options]
    environ = {**os.environ, "ADOPTION_KAFKA_BOOTSTRAP": bootstrap, "ADOPTION_DATA_DIR": str(folder)}
    return subprocess.Popen([sys.executable, "-c", program, *said], env=environ, stderr=subprocess.PIPE)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, killed at the end if it is still there."""
    with process:
        try:
            yield process
        finally:
            process.kill()


class Counting:
    """Reads our topics from their beginning and counts each unit once."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "count", "enable.auto.commit": False})
        streams = [(stream.topic, n) for stream in (GATEWAY, DEAD_LETTERS) for n in range(stream.partitions)]
        self._consumer.assign([TopicPartition(topic, number, 0) for topic, number in streams])
        self.units: dict[str, Counter[Any]] = {}
        self.letters: set[tuple[int, int, bytes]] = set()
        self.messages = self.again = 0
        self.conflicts: list[str] = []

    def read(self) -> None:
        for message in self._consumer.consume(500, 0.1):
            assert not message.error(), message.error()
            if message.topic() == GATEWAY.topic:
                self._take(message.value())
            else:
                letter = dead_letters.from_kafka(message.key(), message.value(), message.headers())
                self.letters.add((letter.partition, letter.offset, letter.key))

    def total(self) -> int:
        return sum(rows.total() for rows in self.units.values())

    def close(self) -> None:
        self._consumer.close()

    def _take(self, value: bytes) -> None:
        self.messages += 1
        units: dict[str, Counter[Any]] = {}
        for row in gateway.decode(value, gateway.ARROW).select(["unit", "at"]).to_pylist():
            units.setdefault(row["unit"], Counter())[row["at"]] += 1
        for unit, rows in units.items():
            self.again += unit in self.units
            if self.units.setdefault(unit, rows) != rows:
                self.conflicts.append(unit)


class World:
    """A Kafka with a growing topic, and what our own topics hold of it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.chance = random.Random(seed)
        self.kafka = start_kafka(folder, TOPICS)
        self.counting = Counting(self.kafka.bootstrap)
        self.writer = Gateway(self.kafka.bootstrap, seed)

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        return start(self.kafka.bootstrap, self.folder, *options)

    def until_more(self, bridges: list[subprocess.Popen[bytes]]) -> None:
        """Wait for a few more messages and a little while, so that every step gets its turn."""
        enough, deadline = self.counting.messages + self.chance.randint(1, 4), time.monotonic() + 180
        while self.counting.messages < enough:
            self.counting.read()
            for bridge in bridges:
                assert bridge.poll() is None, f"a bridge ended by itself: {bridge.stderr.read().decode()}"
            assert time.monotonic() < deadline, f"seed {self.seed}: nothing came in 180 s"
        threading.Event().wait(self.chance.random() * 0.3)

    def finish(self) -> None:
        """The topic stops growing; a bridge goes to its end; each request and each bad message is there once."""
        self.writer.finish.set()
        self.writer.join()
        with ended(self.start("--once")) as bridge:
            _, said = bridge.communicate(timeout=300)
        assert bridge.returncode == 0, said
        counting, writer, deadline = self.counting, self.writer, time.monotonic() + 60
        while (
            counting.total() < writer.requests or len(counting.letters) < writer.bad
        ) and time.monotonic() < deadline:
            counting.read()
        assert counting.conflicts == [], f"seed {self.seed}"
        assert counting.total() == writer.requests, f"seed {self.seed}"
        times = sum(counting.units.values(), Counter())
        assert set(times.values()) == {1}, f"seed {self.seed}: some requests are counted twice, others are missing"
        assert len(counting.letters) == writer.bad, f"seed {self.seed}"

    def __str__(self) -> str:
        return (
            f"[seed {self.seed}: {self.writer.requests:,} requests, {self.writer.bad} bad messages, "
            f"{len(self.counting.units)} units, {self.counting.again} of them sent again]"
        )


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    made = World(tmp_path, random.SystemRandom().randrange(2**32))
    try:
        made.writer.write(FIRST)
        made.writer.producer.flush()
        made.writer.start()
        yield made
    finally:
        made.writer.finish.set()
        made.counting.close()
        made.kafka.stop()
        with capsys.disabled():
            sys.stdout.write(f"\n{made} ")


@pytest.mark.timeout(900)
def test_killed_at_random_while_the_topic_grows(world: World) -> None:
    for _ in range(KILLS):
        with ended(world.start()) as bridge:
            world.until_more([bridge])
            bridge.send_signal(signal.SIGKILL)
    world.finish()


@pytest.mark.timeout(900)
def test_two_bridges_share_the_topic_while_one_is_killed_or_frozen_and_woken_as_a_zombie(world: World) -> None:
    with ExitStack() as stack:
        bridges = [stack.enter_context(ended(world.start())) for _ in range(2)]
        for _ in range(2):
            world.until_more(bridges)
            frozen, other = bridges
            frozen.send_signal(signal.SIGSTOP)  # its session ends, its partitions move, and then it goes on
            world.until_more([other])
            frozen.send_signal(signal.SIGCONT)
            world.until_more(bridges)
            other.send_signal(signal.SIGKILL)
            bridges = [stack.enter_context(ended(world.start())), frozen]
        for bridge in bridges:
            bridge.send_signal(signal.SIGTERM)
        for bridge in bridges:
            _, said = bridge.communicate(timeout=120)
            assert bridge.returncode in {0, -signal.SIGTERM}, said  # the latter: told before it began to listen
    world.finish()
