"""One engine, a database per time zone; the histories of all collected stories are loaded when the first test asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from deploy.local.engine.process import EngineProcess
from schemas.settings import Settings
from stream_processors.migrations import migrate
from stream_processors.warehouse import Warehouse, connect
from tests.rivals.telling import RIVALS, Rival, load
from tests.rivals.views import Views
from tests.support.line import APPENDED, Line


class Stages:
    """The loaded histories, by time zone."""

    def __init__(self, engine: EngineProcess) -> None:
        self._engine = engine
        self._begun: set[str] = set()
        self._views: dict[str, Views] = {}
        self._warehouses: list[Warehouse] = []

    def of(self, rival: Rival) -> Views:
        if rival.zone not in self._views:
            assert rival.zone not in self._begun, (
                f"histories of {rival.zone} could not be loaded, see the first failure"
            )
            self._begun.add(rival.zone)
            stories = [one.begin() for one in RIVALS.values() if one.zone == rival.zone]
            self._views[rival.zone] = load(self._line(rival.zone), stories)
        return self._views[rival.zone]

    def _line(self, zone: str) -> Line:
        user, password = self._engine.writer
        settings = Settings(
            clickhouse_url=self._engine.url,
            clickhouse_user=user,
            clickhouse_password=password,
            clickhouse_database=f"rivals_{len(self._views)}",
            time_zone=zone,
        )
        with connect(settings, database="default") as client:
            migrate(client, settings)
        warehouse = Warehouse(settings)
        self._warehouses.append(warehouse)
        pinned = "INSERT INTO clock (name, at, version) VALUES ('pinned', {at:DateTime64(6, 'UTC')}, 1)"
        asyncio.run(warehouse.command(pinned, {"at": APPENDED}))
        return Line(settings, warehouse)

    def close(self) -> None:
        for warehouse in self._warehouses:
            asyncio.run(warehouse.close())


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    with EngineProcess.start(tmp_path_factory.mktemp("rivals") / "engine") as engine:
        made = Stages(engine)
        yield made
        made.close()
