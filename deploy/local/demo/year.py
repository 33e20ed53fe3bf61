"""The demo's calendar: the year that ends now, working hours, weekends and quiet weeks, and seeded dice.

Plans are written in days of a 365-day year; a shorter demo (`--days 90`) squeezes the same story into its days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

PLANNED_DAYS = 365
_SATURDAY = 5
_QUIET = ((12, 22, 12, 31), (1, 1, 1, 3))
"""Days (month, day to month, day) in which the company is closed but for its on-call people."""


def dice(*names: object) -> Random:
    """A source of randomness of its own for each purpose, so that one part's draws never move another's."""
    return Random("/".join(str(name) for name in names))  # noqa: S311 - a story, not a secret


@dataclass(frozen=True)
class Year:
    """The stretch of time that the story covers: [start, end), UTC."""

    end: datetime
    length: int

    @property
    def start(self) -> datetime:
        """First instant of the story."""
        return self.end - timedelta(days=self.length)

    def moment(self, day: float) -> datetime:
        """The instant of a day of the plan (0..365; negative: before the story)."""
        return self.start + timedelta(days=day * self.length / PLANNED_DAYS)

    def days(self) -> Iterator[date]:
        """Every calendar day that the story touches."""
        day = self.start.date()
        while day <= self.end.date():
            yield day
            day += timedelta(days=1)


def is_workday(day: date) -> bool:
    """Monday to Friday, outside the quiet weeks."""
    return day.weekday() < _SATURDAY and not is_quiet(day)


def is_quiet(day: date) -> bool:
    """Between the years the company is closed."""
    return any((a, b) <= (day.month, day.day) <= (c, d) for a, b, c, d in _QUIET)


def activity(day: date) -> float:
    """How lively a day is, 0..1: weekends and quiet weeks are low, high summer is a little lower."""
    if is_quiet(day):
        return 0.15
    if day.weekday() >= _SATURDAY:
        return 0.2
    return (1.0, 1.0, 0.97, 0.95, 0.85)[day.weekday()] * (0.85 if day.month in {7, 8} else 1.0)


def working_moment(rng: Random, day: date) -> datetime:
    """A moment within working hours (08:00-18:00, most of it late in the morning and after lunch)."""
    hours = rng.triangular(8, 18, 10.5) if rng.random() < 0.5 else rng.triangular(12, 18, 14.5)  # noqa: PLR2004
    return datetime.combine(day, time(), UTC) + timedelta(seconds=int(hours * 3600))


def in_working_hours(at: datetime) -> datetime:
    """The same moment, or 09:xx of the next working day when it falls outside working hours."""
    if is_workday(at.date()) and 8 <= at.hour < 18:  # noqa: PLR2004
        return at
    day = at.date() if at.hour < 8 and is_workday(at.date()) else at.date() + timedelta(days=1)  # noqa: PLR2004
    while not is_workday(day):
        day += timedelta(days=1)
    return datetime.combine(day, time(9), UTC) + timedelta(minutes=at.minute, seconds=at.second)
