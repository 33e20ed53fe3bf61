"""A database per time zone; the histories of all collected stories are loaded when the first test asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.local.engine.process import EngineProcess
from tests.rivals.telling import RIVALS, Rival, load
from tests.rivals.views import Views
from tests.support.line import line


class Stages:
    """The loaded histories, by time zone."""

    def __init__(self, engine: EngineProcess, lines: ExitStack) -> None:
        self._engine = engine
        self._lines = lines
        self._begun: set[str] = set()
        self._views: dict[str, Views] = {}

    def of(self, rival: Rival) -> Views:
        if rival.zone not in self._views:
            assert rival.zone not in self._begun, (
                f"histories of {rival.zone} could not be loaded, see the first failure"
            )
            self._begun.add(rival.zone)
            stories = [one.begin() for one in RIVALS.values() if one.zone == rival.zone]
            mine = self._lines.enter_context(line(self._engine, f"rivals_{len(self._begun)}", rival.zone))
            self._views[rival.zone] = load(mine, stories)
        return self._views[rival.zone]


@pytest.fixture(scope="session")
def stages(engine: EngineProcess) -> Iterator[Stages]:
    with ExitStack() as lines:
        yield Stages(engine, lines)
