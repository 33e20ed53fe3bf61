"""Slots for statements: how many run at once per role, and how many may wait.

Readers and the writer have lanes of their own, so that a dashboard can never keep an insert from its slot.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from deploy.local.engine.errors import TooBusyError

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """A bounded pool of threads with a bounded queue before it; of one event loop.

    Attributes:
        slot: held while a statement runs and its answer is fetched.
    """

    def __init__(self, name: str, slots: int, waiting: int) -> None:
        self.slot = asyncio.Semaphore(slots)
        self._name = name
        self._room = slots + waiting
        self._inside = 0
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix=name)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue, held from before the body is read; raises TooBusyError at once when there is none."""
        if self._inside >= self._room:
            raise TooBusyError(f"{self._inside} statements of the {self._name} run or wait already: try again later")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs blocking work on a thread of the lane; the caller holds the slot.

        A caller that is cancelled still waits for the thread: it is about to close the connection the thread uses.
        """
        future = asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise
