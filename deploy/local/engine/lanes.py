"""Slots for statements: how many run at once per role, and how many may wait.

Readers and the writer have lanes of their own, so that a dashboard can never keep an insert from its slot.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from deploy.local.engine.errors import TooBusyError

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """A bounded pool of threads with a bounded queue; of one event loop."""

    def __init__(self, name: str, slots: int, waiting: int) -> None:
        self._name = name
        self._free = asyncio.Semaphore(slots)
        self._room = slots + waiting
        self._inside = 0
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix=name)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Holds a slot; raises TooBusyError at once when the queue is full too."""
        if self._inside >= self._room:
            raise TooBusyError(f"{self._inside} statements of the {self._name} run or wait already: try again later")
        self._inside += 1
        try:
            async with self._free:
                yield
        finally:
            self._inside -= 1

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs blocking work on a thread of the lane; the caller holds a slot."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))

    def close(self) -> None:
        """Takes no more work and does not wait for what runs."""
        self._threads.shutdown(wait=False, cancel_futures=True)
