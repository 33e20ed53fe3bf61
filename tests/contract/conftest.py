"""One warehouse for the contracts that only an engine can check: all tables and views, and no rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import pytest

from deploy.local.engine.process import EngineProcess
from schemas.settings import Settings
from stream_processors.migrations import migrate
from tests.integration.views.warehouse_rows import Warehouse


@pytest.fixture(scope="module")
def warehouse(engine: EngineProcess) -> Iterator[Any]:
    """A writer's client; a module begins without rows, and leaves none."""
    user, password = engine.writer
    client: Any = clickhouse_connect.get_client(dsn=engine.url, username=user, password=password, tz_mode="aware")
    migrate(client, Settings(clickhouse_url=engine.url, clickhouse_user=user, clickhouse_password=password))
    client.database = "adoption"
    Warehouse(client).empty()
    yield client
    Warehouse(client).empty()
    client.close()
