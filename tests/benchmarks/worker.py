"""From Apache Kafka to rows, ledger and marks confirmed in ClickHouse, fsynced: what one gateway worker carries.

Everything is produced before the worker starts, and the rate is taken between the first and the last confirmed unit, so
that neither the producer nor the start of a process is in it. The broker and the engine run on the same machine, and
what each process used of the processor says which of them is the limit.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect

from tests.benchmarks.batches import Shape, messages, totals
from tests.kafka_fixture import start_kafka
from tests.support.plant import Plant, plant

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 300.0
CONFIRMED = "SELECT sum(requests) FROM gateway_units"
COUNTED = "SELECT service, consumer, sum(requests) FROM gateway_unit_rows FINAL GROUP BY service, consumer"


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        name: what ran.
        shape: of the traffic.
        requests: counted.
        seconds: between the first and the last confirmation.
        per_second: requests confirmed in that time, per second.
        processors: process -> seconds of processor time in the run.
        peak_mib: worker -> largest resident memory.
        topic_bytes: per request, as sent.
        rows: unit rows written.
    """

    name: str
    shape: Shape
    requests: int
    seconds: float
    per_second: float
    processors: dict[str, float]
    peak_mib: dict[str, int]
    topic_bytes: float
    rows: int


def measure(folder: Path, shape: Shape, total: int) -> Measured:
    """Run one worker over `total` requests.

    Raises:
        AssertionError: what was counted is not what was sent.
    """
    with _running(folder) as made:
        sent = list(messages(shape, total))
        made.send(sent)
        client = _client(made)
        worker = made.start("gateway")
        watched = {"worker": worker.process.pid, "engine": made.engine.process.pid}
        wanted = shape.requests * len(sent)
        before = {name: _cpu(pid) for name, pid in watched.items()}
        seconds, moved = _rate(
            lambda: int(client.query("SELECT sum(requests) FROM gateway_units").first_row[0]), wanted
        )
        used = {name: _cpu(pid) - before[name] for name, pid in watched.items()}
        peak = {name: _peak(pid) for name, pid in watched.items()}
        counted = {(service, consumer): count for service, consumer, count in client.query(COUNTED).result_rows}
        assert counted == totals(sent), "what was counted is not what was sent"
        rows = client.query("SELECT count() FROM gateway_unit_rows").first_row[0]
        assert worker.stop() == 0, worker.log_file.read_text()
        client.close()
    size = sum(len(value) for _, _, value, _ in sent) / wanted
    return Measured("tracker", shape, wanted, seconds, moved / seconds, used, peak, size, rows)


@contextmanager
def _running(folder: Path) -> Iterator[Plant]:
    kafka = start_kafka(folder)
    try:
        with plant(folder, kafka.bootstrap) as made:
            yield made
    finally:
        kafka.stop()


def _client(made: Plant) -> Any:
    user, password = made.engine.writer
    return clickhouse_connect.get_client(dsn=made.engine.url, username=user, password=password, database="adoption")


def _rate(counted: Callable[[], int], wanted: int) -> tuple[float, int]:
    """Seconds between the first confirmation seen and the last, and what was confirmed in between."""
    deadline = time.monotonic() + _PATIENCE
    first: tuple[float, int] | None = None
    while time.monotonic() < deadline:
        now, count = time.monotonic(), counted()
        if count and first is None:
            first = now, count
        if count >= wanted and first is not None:
            return max(now - first[0], 1e-9), count - first[1]
        time.sleep(0.05)  # the look itself costs the engine some milliseconds
    raise AssertionError(f"expected {wanted:,} requests within {_PATIENCE:.0f} s, got {counted():,}")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024
