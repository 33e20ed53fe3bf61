"""An entry is settled only when what it changed is in the facts, whatever happens between the readings of a look."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from producers.settle import MOST_LOOKS, Look, Offsets, advance

EVENTS = ("events", 0)
DIRTY = ("dirty", 0)

STEPS = ("send", "insert", "commit", "take", "compute", "ack", "read committed", "read high", "read followed")


@dataclass
class World:
    """One stream, one worker, one recompute agent, one watcher, each able to stop between any two steps.

    The worker inserts what is there, makes marks for it, and commits later. The recompute agent takes marks up to an
    offset, computes, and acknowledges later. A mark names the events that were inserted before it.
    """

    log: int = 0
    inserted: int = 0
    committed: int = 0
    marks: list[int] = field(default_factory=list)
    taken: int = 0
    computed: int = 0
    acked: int = 0
    facts: int = 0
    settled: int = 0
    looks: list[Look] = field(default_factory=list)
    reading: dict[str, int] = field(default_factory=dict)

    def step(self, name: str) -> None:
        if name == "send":
            self.log += 1
        elif name == "insert" and self.inserted < self.log:
            self.inserted = self.log
            self.marks.append(self.inserted)
        elif name == "commit":
            self.committed = self.inserted
        elif name == "take":
            self.taken = len(self.marks)
        elif name == "compute":
            self.computed = self.taken
            self.facts = max([self.facts, *self.marks[: self.computed]])
        elif name == "ack":
            self.acked = self.computed
        elif name == "read committed":
            self.reading = {"committed": self.committed}
        elif name == "read high" and "committed" in self.reading:
            self.reading.setdefault("high", len(self.marks))
        elif name == "read followed" and "high" in self.reading:
            self.look(Look({EVENTS: self.reading["committed"]}, {DIRTY: self.reading["high"]}, {DIRTY: self.acked}))
            self.reading = {}

    def look(self, latest: Look) -> None:
        below, self.looks = advance(self.looks, latest)
        self.settled = max(self.settled, below.get(EVENTS, 0))

    def look_at_once(self) -> None:
        for name in ("read committed", "read high", "read followed"):
            self.step(name)

    def rest(self) -> None:
        for name in ("insert", "commit", "take", "compute", "ack"):
            self.step(name)


@settings(max_examples=500)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=120))
def test_what_is_settled_is_in_the_facts(steps: list[str]) -> None:
    world = World()
    for step in steps:
        world.step(step)
        assert world.settled <= world.facts
        assert len(world.looks) <= MOST_LOOKS


@given(steps=st.lists(st.sampled_from(STEPS), max_size=80))
def test_when_everything_came_to_rest_one_look_settles_everything(steps: list[str]) -> None:
    world = World()
    for step in steps:
        world.step(step)
    world.rest()
    world.reading = {}
    world.look_at_once()
    assert world.settled == world.log
    assert not world.looks


def test_traffic_that_never_rests_does_not_keep_entries_for_ever() -> None:
    """Marks of newer events are always open; older looks settle all the same."""
    world = World()
    for _ in range(50):
        for step in ("send", "insert", "commit", "take", "send", "insert", "commit", "compute", "ack"):
            world.step(step)
        world.look_at_once()
    assert world.marks[world.acked :], "the scene is wrong: nothing was open"
    assert world.settled >= world.log - 4


def test_the_order_of_readings_is_the_proof() -> None:
    """Marks read before the committed offset miss those of an event that is committed in between."""
    world = World()
    high: Offsets = {DIRTY: len(world.marks)}
    for step in ("send", "insert", "commit"):
        world.step(step)
    world.look(Look({EVENTS: world.committed}, high, {DIRTY: world.acked}))
    assert world.settled > world.facts, "the wrong order must be able to fail, or this suite proves nothing"


def test_looks_that_wait_for_long_are_bounded() -> None:
    looks: list[Look] = []
    for n in range(1, MOST_LOOKS * 3):
        below, looks = advance(looks, Look({EVENTS: n}, {DIRTY: n}, {DIRTY: 0}))
        assert not below
    assert len(looks) == MOST_LOOKS
    below, looks = advance(looks, Look({EVENTS: 500}, {DIRTY: 500}, {DIRTY: 400}))
    assert (below, looks) == ({EVENTS: MOST_LOOKS - 1}, looks)
