"""The embedded stack as a user runs it: `adoption up` in its own process, which can be killed with its children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Consumer, TopicPartition

from schemas.settings import Settings
from schemas.streams import STREAMS
from stream_processors.warehouse import connect
from tests.support.plant import until

START_SECONDS = 120


@dataclass
class Embedded:
    """A running `adoption up`.

    Attributes:
        folder: its data.
        process: the supervisor.
        settings: read from the stack file it wrote.
    """

    folder: Path
    process: subprocess.Popen[bytes]
    settings: Settings

    @classmethod
    def start(cls, folder: Path) -> Embedded:
        """Start it and wait until it takes events."""
        folder.mkdir(exist_ok=True)
        stack_file = folder / "stack.json"
        stack_file.unlink(missing_ok=True)
        command = ["-m", "deploy.cli", "up", "--data-dir", str(folder), "--ingest-port", "0", "--clickhouse-port", "0"]
        with (folder / "up.log").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, *command],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )

        def is_ready() -> bool:
            assert process.poll() is None, (folder / "up.log").read_text()[-3000:]
            if not stack_file.exists():
                return False
            address = json.loads(stack_file.read_text())["ingest_url"]
            try:
                return httpx.get(f"{address}/readyz", timeout=2).is_success
            except httpx.HTTPError:
                return False

        until(is_ready, START_SECONDS, lambda: (folder / "up.log").read_text()[-3000:])
        return cls(folder, process, Settings(**json.loads(stack_file.read_text())))

    @property
    def secrets(self) -> dict[str, str]:
        """Token and webhook secret of this install."""
        return json.loads((self.folder / "secrets.json").read_text())

    def client(self) -> httpx.Client:
        """A client with this install's token."""
        headers = {"authorization": f"Bearer {self.secrets['token']}"}
        return httpx.Client(base_url=self.settings.ingest_url, headers=headers, timeout=30)

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query, as the writer."""
        with connect(self.settings) as client:
            return [tuple(row) for row in client.query(sql, parameters=parameters).result_rows]

    def lag(self) -> int:
        """What is not in the facts yet: outbox and unread messages."""
        total = 0
        for line in httpx.get(f"{self.settings.ingest_url}/metrics", timeout=10).text.splitlines():
            if line.startswith("adoption_outbox_unsettled_entries "):
                total += int(float(line.rpartition(" ")[2]))
        for group in {stream.group for stream in STREAMS}:
            consumer = Consumer({"bootstrap.servers": self.settings.kafka_bootstrap, "group.id": group})
            parts = [
                TopicPartition(stream.topic, number)
                for stream in STREAMS
                if stream.group == group
                for number in range(stream.partitions)
            ]
            for part in consumer.committed(parts, timeout=10):
                total += max(0, consumer.get_watermark_offsets(part, timeout=10)[1] - max(part.offset, 0))
            consumer.close()
        return total

    def settle(self, seconds: float = 120) -> None:
        """Wait until all is in the facts, and the views' clock, which moves every few seconds, is past this call."""
        began = datetime.now(UTC)
        until(lambda: self.lag() == 0, seconds, self.report)
        is_past = "SELECT at > {began:DateTime64(6)} FROM adoption.as_of"
        until(lambda: self.rows(is_past, {"began": began}) == [(1,)], 30)

    def report(self) -> str:
        """Ends of all logs."""
        logs = [self.folder / "up.log", *sorted((self.folder / "logs").iterdir())]
        return "\n".join(f"== {log.name}\n{log.read_text()[-1200:]}" for log in logs)

    def kill(self) -> None:
        """`kill -9` of the whole stack at once: supervisor, engine, ingest service, workers."""
        victims = [self.process.pid, *descendants(self.process.pid)]
        for pid in victims:
            os.kill(pid, signal.SIGSTOP)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        until(lambda: not any(is_running(pid) for pid in victims), 30)

    def stop(self) -> int:
        """Ctrl-C, which a terminal sends to the whole group; returns the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    children = [
        int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
    ]
    return [one for child in children for one in (child, *descendants(child))]


def is_running(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
