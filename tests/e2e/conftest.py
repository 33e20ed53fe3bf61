"""One embedded stack for the tests of a module: `adoption up`, as a user starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.embedded import Embedded


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A running stack; it is stopped with Ctrl-C, which must end well."""
    running = Embedded.start(tmp_path_factory.mktemp("stack") / "data")
    try:
        yield running
    finally:
        if running.process.poll() is None:
            status = running.stop()
            assert status == 0, running.report()
