"""A Faust worker as a program of its own, with the product's settings: what a broker must be able to carry.

Takes raw bytes with `noack_take`, acknowledges, and appends one JSON line per batch to a report file: when it was
acknowledged (Unix seconds) and each message as [partition, offset, value]. It stands in for the product's apps in
tests of brokers, which must not depend on them. `FaustProbe` runs it from a test.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import faust
from mode.supervisors import CrashingSupervisor


@dataclass(frozen=True)
class Acked:
    """One message that the worker acknowledged."""

    partition: int
    offset: int
    value: str
    at: float


@dataclass(frozen=True)
class FaustProbe:
    """A running worker, seen from the test."""

    process: subprocess.Popen[bytes]
    report: Path
    log: Path

    def acked(self, count: int, seconds: float = 30.0) -> list[Acked]:
        """The messages acknowledged so far, at least `count`: waits for them at most `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            lines = self.report.read_text().splitlines() if self.report.exists() else []
            batches = [json.loads(line) for line in lines]
            found = [Acked(*message, batch["at"]) for batch in batches for message in batch["messages"]]
            if len(found) >= count:
                return found
            time.sleep(0.01)
        raise AssertionError(f"expected {count} messages within {seconds} s; the worker says:\n{self.log.read_text()}")


@contextmanager
def faust_probe(
    folder: Path, bootstrap: str, topic: str, group: str, *, commit_interval: float = 1.0, session_timeout: float = 10.0
) -> Iterator[FaustProbe]:
    """A worker of `group` on `topic`; ended in order (SIGTERM) at the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    report, log = folder / "report.jsonl", folder / "worker.log"
    arguments = [bootstrap, topic, group, str(folder), str(commit_interval), str(session_timeout)]
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, __file__, *arguments], stdout=out, stderr=out)
    try:
        yield FaustProbe(process, report, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def build(bootstrap: str, topic: str, group: str, folder: str, intervals: tuple[float, float]) -> faust.App:
    """The worker's app; it appends to `report.jsonl` in `folder`."""
    commit_interval, session_timeout = intervals
    report = Path(folder, "report.jsonl")
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        value_serializer="raw",
        key_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=False,
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=session_timeout / 4,
        broker_commit_interval=commit_interval,
        broker_max_poll_records=500,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
        worker_redirect_stdouts=False,
        agent_supervisor=CrashingSupervisor,
        datadir=str(Path(folder, "faust")),
    )
    source = app.topic(topic, value_type=bytes, value_serializer="raw", key_serializer="raw")

    @app.agent(source, concurrency=1)
    async def take(stream: faust.StreamT) -> None:
        async for events in stream.noack_take(100, within=0.05):
            for event in events:
                event.ack()
            append(report, [[e.message.partition, e.message.offset, e.value.decode()] for e in events])

    return app


def append(report: Path, messages: list[list[object]]) -> None:
    # One write of a whole line: the test reads the file while it grows.
    with report.open("a") as lines:
        lines.write(json.dumps({"at": time.time(), "messages": messages}) + "\n")


if __name__ == "__main__":
    bootstrap, topic, group, folder, *seconds = sys.argv[1:]
    app = build(bootstrap, topic, group, folder, (float(seconds[0]), float(seconds[1])))
    faust.Worker(app, redirect_stdouts=False, quiet=True, loglevel="WARN").execute_from_commandline()
