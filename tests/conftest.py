"""Fixtures on real parts: Apache Kafka, the ClickHouse engine, workers. A missing part is a failure, never a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.engine.process import EngineProcess
from tests.support import faulty
from tests.support.line import Line, line
from tests.support.plant import Plant, plant

# How long one example takes says something about the machine, not about the code. In CI the same examples are played
# each time, so that a gate that closes names the change at hand; elsewhere each run draws new ones, and finds.
settings.register_profile("tracker", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tracker")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """One engine for all tests that only want a database; who stops it or counts on its state starts his own."""
    with EngineProcess.start(tmp_path_factory.mktemp("engine")) as process:
        yield process


@pytest.fixture(scope="session")
def running(engine: EngineProcess) -> Iterator[Line]:
    """One line for all tests, as migrations take longer than most of them; who asks for it empties it first."""
    with line(engine, "line") as made:
        yield made


@pytest.fixture
def pipeline(running: Line) -> Line:
    """Processors in process on an empty warehouse, at noon of `APPENDED`."""
    running.empty()
    return running


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[str]:
    """A fresh Apache Kafka; gives its bootstrap address."""
    from tests.kafka_fixture import start_kafka

    with start_kafka(tmp_path) as server:
        yield server.bootstrap


@pytest.fixture
def real_plant(tmp_path: Path, kafka: str) -> Iterator[Plant]:
    """Apache Kafka and the engine; the test starts its workers."""
    with plant(tmp_path, kafka) as made:
        yield made


@pytest.fixture
def faulty_plant(tmp_path: Path, kafka: str) -> Iterator[tuple[Plant, faulty.Faults]]:
    """Like `real_plant`, with a proxy before the warehouse that fails on purpose."""
    held: list[faulty.Faults] = []
    from contextlib import ExitStack

    with ExitStack() as stack:

        def through(url: str) -> str:
            address, faults = stack.enter_context(faulty.before(url))
            held.append(faults)
            return address

        with plant(tmp_path, kafka, url=through) as made:
            yield made, held[0]
