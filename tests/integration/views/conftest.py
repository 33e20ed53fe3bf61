"""One database per time zone for all view tests; each test starts with empty tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import pytest

from deploy.local.engine.process import EngineProcess
from schemas.settings import Settings
from stream_processors.migrations import migrate
from tests.integration.views.warehouse_rows import Warehouse


def _migrated(engine: EngineProcess, database: str, zone: str) -> Iterator[Warehouse]:
    user, password = engine.writer
    client: Any = clickhouse_connect.get_client(dsn=engine.url, username=user, password=password, tz_mode="aware")
    settings = Settings(
        clickhouse_url=engine.url,
        clickhouse_database=database,
        clickhouse_user=user,
        clickhouse_password=password,
        time_zone=zone,
    )
    migrate(client, settings)
    client.database = database
    yield Warehouse(client)
    client.close()


@pytest.fixture(scope="session")
def utc(engine: EngineProcess) -> Iterator[Warehouse]:
    yield from _migrated(engine, "adoption", "UTC")


@pytest.fixture(scope="session")
def berlin(engine: EngineProcess) -> Iterator[Warehouse]:
    yield from _migrated(engine, "adoption_berlin", "Europe/Berlin")


@pytest.fixture(scope="session")
def new_york(engine: EngineProcess) -> Iterator[Warehouse]:
    yield from _migrated(engine, "adoption_new_york", "America/New_York")


@pytest.fixture(scope="session")
def kolkata(engine: EngineProcess) -> Iterator[Warehouse]:
    yield from _migrated(engine, "adoption_kolkata", "Asia/Kolkata")


@pytest.fixture
def warehouse(utc: Warehouse) -> Warehouse:
    utc.empty()
    return utc


@pytest.fixture
def in_berlin(berlin: Warehouse) -> Warehouse:
    berlin.empty()
    return berlin


@pytest.fixture
def in_new_york(new_york: Warehouse) -> Warehouse:
    new_york.empty()
    return new_york


@pytest.fixture
def in_kolkata(kolkata: Warehouse) -> Warehouse:
    kolkata.empty()
    return kolkata
