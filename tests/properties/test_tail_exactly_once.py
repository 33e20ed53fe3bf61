"""Every line counts exactly once, wherever the shipper crashes and however the log is rotated meanwhile.

The real shipper on a real file; only the service and the crashes are ours. The canary shows that the same shipper
without its intent record does count twice, so that this test is known to be able to fail.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from producers.tail import cut
from producers.tail.outlets import Packet
from producers.tail.progress import Progress
from producers.tail.store import Store
from tests.support.shipping import Crashed, World

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.lists(st.integers(0, 40), min_size=1, max_size=12)),
        st.tuples(st.just("write a part"), st.integers(1, 30)),
        st.tuples(st.just("poll"), st.sampled_from([0.0, 0.5, 1.0])),
        st.tuples(st.just("rename"), st.none()),
        st.tuples(st.just("copytruncate"), st.none()),
        st.tuples(st.just("crash in"), st.integers(0, 6)),
        st.tuples(st.just("restart"), st.none()),
    ),
    min_size=3,
    max_size=25,
)


class Fuse:
    """Crashes at the n-th of the steps that matter: before or after a state is saved, or a unit is taken."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Crashed


def fused(world: World, fuse: Fuse) -> dict[str, Any]:
    class FusedStore(Store):
        def save(self, progress: Progress) -> None:
            fuse.step()
            super().save(progress)
            fuse.step()

    class FusedService:
        pack = staticmethod(world.service.pack)

        @staticmethod
        def send(packet: Packet) -> None:
            fuse.step()
            world.service.send(packet)
            fuse.step()

    return {"store": FusedStore, "outlet": FusedService()}


def play(folder: Path, actions: list[tuple[str, Any]]) -> World:
    world, fuse = World(folder), Fuse()
    parts = fused(world, fuse)
    numbers = itertools.count()
    shipper = None
    # A shipper knows a log from its first line on; it ends with a start and a second's wait.
    for what, how in [
        ("write", [1]),
        ("poll", 0.0),
        *actions,
        ("write", [1]),
        ("restart", None),
        ("poll", 0.0),
        ("poll", 1.0),
    ]:
        try:
            match what:
                case "write":
                    world.write(b"".join(b"%d %s\n" % (next(numbers), b"x" * length) for length in how))
                case "write a part":
                    world.write(b"%d %s" % (next(numbers), b"x" * how))
                case "rename":
                    world.rename()
                case "copytruncate":
                    world.copytruncate()
                case "crash in":
                    fuse.left = how
                case "restart":
                    fuse.left = None
                    shipper = world.shipper(**parts)
                case "poll":
                    shipper = shipper or world.shipper(**parts)
                    world.poll(shipper, how)
        except Crashed:
            world.crash()
            shipper = None
    world.crash()
    return world


NEW_LOG = [("rename", None), ("poll", 0.0)]
COPIED_BEFORE_IT_WAS_READ = [("write", [0]), ("copytruncate", None), ("write", [0] * 5)]


@settings(deadline=None, max_examples=100)
@given(ACTIONS)
@example([("copytruncate", None), ("write", [0] * 5), ("rename", None), ("poll", 0.0)])
@example([*NEW_LOG, *COPIED_BEFORE_IT_WAS_READ, ("poll", 0.0)])
@example([*NEW_LOG, *COPIED_BEFORE_IT_WAS_READ, ("crash in", 1), ("poll", 0.0)])
@example([*NEW_LOG, ("write a part", 1), *COPIED_BEFORE_IT_WAS_READ, ("crash in", 3), ("poll", 0.0)])
@example([*NEW_LOG, ("rename", None), ("write", [0]), ("rename", None), ("write", [0]), ("poll", 0.0)])
@example([*NEW_LOG, ("write", [0]), ("copytruncate", None), ("poll", 0.0), ("write", [0]), ("poll", 0.0)])
def test_every_line_is_counted_exactly_once(actions: list[tuple[str, Any]]) -> None:
    small = patch.multiple(cut, UNIT_LINES=5, UNIT_BYTES=1000, LINE_BYTES=1000)
    # What fsync is for cannot happen to a test; the rest of the suite leaves it on.
    with small, patch.object(os, "fsync"), tempfile.TemporaryDirectory() as folder:
        world = play(Path(folder), actions)

        assert world.service.counted() == Counter(world.written)


class Forgetful(Store):
    """The unsafe shape: positions without intents."""

    def save(self, progress: Progress) -> None:
        super().save(replace(progress, intents=()))


def counted_after_a_crash_between_taking_and_moving_on(folder: Path, kind: type[Store]) -> int:
    """Three lines are sent and taken, the shipper crashes before it moves on, two more are written, it starts again."""
    world, fuse = World(folder), Fuse()
    parts = fused(world, fuse)
    world.write(b"one\ntwo\nthree\n")
    shipper = world.shipper(store=kind, outlet=parts["outlet"])
    world.poll(shipper)
    fuse.left = 1  # the step before the unit is taken; the step after it is the crash
    with suppress(Crashed):
        world.poll(shipper, 1.0)
    world.crash()
    world.write(b"four\nfive\n")
    world.ship(world.shipper(store=kind))
    world.crash()
    return world.service.counted().total()


def test_canary_without_the_intent_the_same_crash_counts_lines_twice(tmp_path: Path) -> None:
    (tmp_path / "safe").mkdir()
    (tmp_path / "unsafe").mkdir()

    assert counted_after_a_crash_between_taking_and_moving_on(tmp_path / "safe", Store) == 5
    assert counted_after_a_crash_between_taking_and_moving_on(tmp_path / "unsafe", Forgetful) == 8
