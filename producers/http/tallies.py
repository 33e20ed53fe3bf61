"""What came from each source since this process began, for those who connect one: read at `/v1/sources`.

Counted where a request ends, accepted or refused. Numbers, times, type names and reason codes; nothing of a payload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from producers.http.problems import Problem
from producers.http.receipts import Outcome
from producers.kafka import Unavailable

MOST_REASONS: Final = 100
"""Of a source and result; a reason may hold a word of a payload, the rest is counted as `other`."""


@dataclass
class Tally:
    """One source's counters; `last_received` is our clock, `last_event` the latest time that its events name."""

    accepted: int = 0
    became: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    dead_lettered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    last_received: datetime | None = None
    last_event: datetime | None = None

    def body(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "accepted": self.accepted,
            "became": dict(self.became),
            "ignored": dict(self.ignored),
            "dead_lettered": dict(self.dead_lettered),
            "refused": dict(self.refused),
            "last_received": self.last_received and self.last_received.isoformat(),
            "last_event": self.last_event and self.last_event.isoformat(),
        }


class Tallies:
    """The tallies of all sources."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`clock`: now (tests)."""
        self._clock = clock
        self.since = clock()
        self._tallies: dict[str, Tally] = {}

    def of(self, source: str) -> Tally:
        """A source's tally; an empty one of a source that sent nothing."""
        return self._tallies.setdefault(source, Tally())

    def note(self, outcome: Outcome) -> None:
        """Count what a request became, once it is durable."""
        tally = self.of(outcome.source)
        tally.accepted += outcome.accepted
        _add(tally.became, outcome.became)
        _add(tally.ignored, outcome.ignored)
        _add(tally.dead_lettered, outcome.dead_lettered)
        tally.last_received = self._clock()
        if outcome.latest and (tally.last_event is None or outcome.latest > tally.last_event):
            tally.last_event = outcome.latest

    @contextmanager
    def refusing(self, source: str) -> Iterator[None]:
        """Count the answer that says no to a request of a source, by its code."""
        try:
            yield
        except Problem as problem:
            _add(self.of(source).refused, {str(problem.body["error"]): 1})
            raise
        except Unavailable:
            _add(self.of(source).refused, {"unavailable": 1})
            raise


def _add(counter: Counter[str], more: Mapping[str, int]) -> None:
    for reason, count in more.items():
        counter[reason if reason in counter or len(counter) < MOST_REASONS else "other"] += count
