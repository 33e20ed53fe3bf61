"""`adoption …` as a user types it, beside a running stack: a process of its own that finds the stack by its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

from schemas.streams import Stream

SECONDS = 120


class Said(NamedTuple):
    """What a command did: exit status, and what it printed."""

    status: int
    out: str
    err: str


class Message(NamedTuple):
    """A record that a topic holds."""

    value: bytes
    headers: dict[str, bytes]


def adoption(folder: Path, *arguments: str | Path, **environment: str) -> Said:
    """Run a command on the install in `folder`, with nothing of a CI system around it."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=kept | {"PYTHONPATH": str(Path(__file__).parents[2]), "ADOPTION_DATA_DIR": str(folder)} | environment,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def messages(bootstrap: str, stream: Stream) -> list[Message]:
    """All records that a topic holds now."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "look", "enable.auto.commit": False})
    found: list[Message] = []
    try:
        parts = [TopicPartition(stream.topic, number) for number in range(stream.partitions)]
        bounds = {part.partition: consumer.get_watermark_offsets(part, timeout=10) for part in parts}
        left = {number: high for number, (low, high) in bounds.items() if low < high}
        consumer.assign([TopicPartition(stream.topic, number, bounds[number][0]) for number in left])
        while left:
            for message in consumer.consume(1000, 0.1):
                assert not message.error(), message.error()
                found.append(Message(message.value(), dict(message.headers() or ())))
                if message.offset() + 1 >= left.get(message.partition(), 0):
                    left.pop(message.partition(), None)
    finally:
        consumer.close()
    return found
