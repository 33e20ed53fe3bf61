"""P5: SIGTERM while the warehouse hangs: the worker stops within its grace, what it had not written is read again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.broker import EmbeddedBroker
from deploy.local.engine.process import EngineProcess
from schemas.settings import Settings
from schemas.streams import DIRTY, STREAMS
from stream_processors.migrations import migrate
from stream_processors.warehouse import connect
from tests.support import faulty, traffic, views
from tests.support.faulty import Faults
from tests.support.plant import Message, Plant, messages, until

GRACE_SECONDS = 20


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[tuple[Plant, Faults]]:
    """The in-process broker, the engine, and a proxy before it that can hang."""
    with (
        EmbeddedBroker.start((stream.topic, stream.partitions) for stream in STREAMS) as broker,
        EngineProcess.start(tmp_path / "engine") as engine,
        faulty.before(engine.url) as (url, faults),
    ):
        user, password = engine.writer
        settings = Settings(
            kafka_bootstrap=broker.bootstrap, clickhouse_url=url, clickhouse_user=user, clickhouse_password=password
        )  # fmt: skip
        plant = Plant(settings, tmp_path, engine)
        with connect(plant.settings_direct(), database="default") as client:
            migrate(client, settings)
        yield plant, faults
        plant.stop()


def deployment() -> list[Message]:
    from tests.faults.test_workers_killed import deployments

    return messages(deployments(1))


WORK: dict[str, list[Message]] = {
    "delivery": deployment(),
    "gateway": [traffic.message([traffic.unit(1)])],
    "recompute": [(DIRTY.topic, b"hour/494000/api", b"{}", []), (DIRTY.topic, b"service/pay", b"{}", [])],
}
"""Role → messages that make it insert."""


@pytest.mark.parametrize("role", WORK)
def test_a_worker_stops_though_its_insert_hangs_and_nothing_is_acknowledged(
    hanging: tuple[Plant, Faults], role: str
) -> None:
    plant, faults = hanging
    worker = plant.start(role)
    # The clock of the recompute worker inserts as well.
    hung = 2 if role == "recompute" else 1
    if role == "recompute":
        until(lambda: bool(plant.rows("SELECT name FROM adoption.clock")), 60, plant.report)
    faults.plan = ["hang"] * hung
    plant.send(WORK[role])
    until(lambda: len(faults.done) == hung, 60, plant.report)
    told = time.monotonic()
    worker.stop()
    assert time.monotonic() - told < GRACE_SECONDS
    assert plant.lag() == len(WORK[role]), worker.log_file.read_text()[-2000:]


def test_what_was_not_written_is_written_by_the_next_worker(hanging: tuple[Plant, Faults]) -> None:
    plant, faults = hanging
    views.pin_clock(plant, "2026-07-02 00:00:00")
    units = [traffic.unit(number) for number in range(20)]
    plant.send(traffic.packed(units, seed=1))
    faults.plan = ["hang"]
    worker = plant.start("gateway")
    until(lambda: faults.done == ["hang"], 60, plant.report)
    worker.stop()
    faults.released.set()
    plant.start("gateway")
    plant.start("recompute")
    plant.settle()
    found = Counter({(service, consumer, outcome): n for service, consumer, outcome, n in plant.rows(traffic.HOURS)})
    assert found == traffic.totals(units)


@pytest.mark.parametrize("role", ["delivery", "recompute"])
def test_a_worker_stops_though_the_warehouse_is_not_there(hanging: tuple[Plant, Faults], role: str) -> None:
    plant, _ = hanging
    plant.engine.stop()
    worker = plant.start(role)
    plant.send(WORK[role])
    until(lambda: "the warehouse is away" in worker.log_file.read_text(), 60, worker.log_file.read_text)
    told = time.monotonic()
    worker.stop()
    assert time.monotonic() - told < GRACE_SECONDS
