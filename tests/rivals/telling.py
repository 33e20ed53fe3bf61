"""A rival's bug as a test: a story, what the real views say of it, and what the rival's formula makes of it.

A test tells its history and yields it once; all histories of one time zone are loaded together, through the processors
and `facts()` into the tables. Then each test goes on with the views, asserts the number that was worked out by hand,
and works out the rival's number from the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.rivals.story import Story
from tests.rivals.views import Views
from tests.support.line import Line

Telling = Generator[Story, Views, None]


@dataclass
class Rival:
    """One rival's bug.

    Attributes:
        name: of the test.
        sources: where the rival's formula, or its bug, is written down.
        zone: of the tenant; histories of one zone share a warehouse.
        tell: the story.
    """

    name: str
    sources: tuple[str, ...]
    zone: str
    tell: Callable[[], Telling]
    telling: Telling = field(init=False, repr=False)

    def begin(self) -> Story:
        """The history."""
        self.telling = self.tell()
        return next(self.telling)

    def end(self, views: Views) -> None:
        """What the views say of it."""
        try:
            self.telling.send(views)
        except StopIteration:
            return
        raise AssertionError(f"{self.name} yields its history twice")


RIVALS: dict[str, Rival] = {}


def rival(*sources: str, zone: str = "UTC") -> Callable[[Callable[[], Telling]], Any]:
    """Makes a test of a story."""

    def register(tell: Callable[[], Telling]) -> Any:
        told = RIVALS[tell.__name__] = Rival(tell.__name__, sources, zone, tell)

        def test(stages: Any) -> None:
            told.end(stages.of(told))

        test.__name__, test.__doc__, test.__module__ = tell.__name__, tell.__doc__, tell.__module__
        return test

    return register


def load(line: Line, stories: Iterable[Story]) -> Views:
    """All histories in one go, in the order of their arrival; then what comes late."""
    told = list(stories)
    services = [service for story in told for service in story.services]
    assert len(services) == len(set(services)), f"two stories of one service: {sorted(services)}"
    events = [one for story in told for one in story.events]
    line.send(*events)
    units = [[one] for story in told for one in story.requests]
    if units:
        line.send_traffic(*units)
    line.recompute()
    line.send(*(one for story in told for one in story.late))
    if late := [[one] for story in told for one in story.late_requests]:
        line.send_traffic(*late)
    line.recompute()
    return Views(line)


def median(values: Iterable[float]) -> float:
    """The right one."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
