"""Adoption computed again, slowly, from single events: written from the definitions, without looking at the views."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Unit = tuple[str, str]
"""(consumer, ""), or ("", team) for a caller without identity."""


@dataclass(frozen=True)
class Call:
    """Requests of one instant."""

    service: str
    consumer: str
    named_team: str
    at: datetime
    outcome: str
    requests: int


@dataclass
class History:
    """What happened, and what the catalog says of it.

    Attributes:
        zone: of the tenant.
        now: nothing is later.
        active_min: of each platform service.
        owners: consumer -> (first day, team) in order; the first holds back to the beginning.
        calls: in any order.
    """

    zone: str
    now: datetime
    active_min: dict[str, int]
    owners: dict[str, list[tuple[date, str]]]
    calls: list[Call] = field(default_factory=list)

    def day(self, call: Call) -> date:
        """The local day of a call."""
        return call.at.astimezone(ZoneInfo(self.zone)).date()

    def team(self, call: Call) -> str:
        """The team of a call: named, else the caller's owner on that day."""
        if call.named_team:
            return call.named_team
        owners = self.owners.get(call.consumer)
        if not owners:
            return "unknown"
        since = [team for first, team in owners if first <= self.day(call)]
        return since[-1] if since else owners[0][1]


def start(day: date, grain: str) -> date:
    """First day of the day's period."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1) if grain == "quarter" else day


def end(first: date, grain: str) -> date:
    """First day after a period."""
    if grain in {"day", "week"}:
        return first + timedelta(days=1 if grain == "day" else 7)
    months = first.month - 1 + (1 if grain == "month" else 3)
    return date(first.year + months // 12, months % 12 + 1, 1)


class Service:
    """One platform service at one grain: who was active in which observed period."""

    def __init__(self, history: History, service: str, grain: str) -> None:
        ours = [call for call in history.calls if call.service == service]
        since = start(min(history.day(call) for call in ours), grain)
        heard = {start(history.day(call), grain) for call in history.calls}
        self.periods = sorted(one for one in heard if one >= since)
        self.today = history.now.astimezone(ZoneInfo(history.zone)).date()
        self.grain = grain
        self.minimum = history.active_min[service]
        self.used: dict[date, dict[Unit, list[Call]]] = {period: defaultdict(list) for period in self.periods}
        self.team_of: dict[int, str] = {id(call): history.team(call) for call in ours}
        for call in ours:
            if call.outcome == "ok":
                unit = (call.consumer, "") if call.consumer else ("", self.team_of[id(call)])
                self.used[start(history.day(call), grain)][unit].append(call)

    def is_open(self, period: date) -> bool:
        """Whether the period still runs."""
        return end(period, self.grain) > self.today

    def team(self, period: date, unit: Unit) -> str:
        """The team of a caller in a period: that of its last use."""
        return max((call.at, self.team_of[id(call)]) for call in self.used[period][unit])[1]

    def teams(self, period: date) -> set[str]:
        """Active teams."""
        uses: defaultdict[str, int] = defaultdict(int)
        for unit, calls in self.used[period].items():
            uses[self.team(period, unit)] += sum(call.requests for call in calls)
        return {team for team, count in uses.items() if count >= self.minimum}

    def callers(self, period: date) -> set[Unit]:
        """Active callers."""
        return {
            unit for unit, calls in self.used[period].items() if sum(call.requests for call in calls) >= self.minimum
        }

    def growth(self) -> Iterable[tuple[date, str, dict[str, int | None]]]:
        """(period, consumer set, counts)."""
        for consumer_set in ("team", "consumer"):
            seen: set[Any] = set()
            before: set[Any] = set()
            previous: date | None = None
            for period in self.periods:
                active: set[Any] = self.teams(period) if consumer_set == "team" else self.callers(period)
                counts: dict[str, int | None] = dict.fromkeys(
                    ("new", "retained", "resurrected", "reassigned_in", "churned", "reassigned_out"), 0
                )
                for one in active:
                    state = (
                        "retained" if one in before
                        else "reassigned_in" if consumer_set == "team" and self._came(one, period, previous)
                        else "resurrected" if one in seen
                        else "new"
                    )  # fmt: skip
                    counts[state] = (counts[state] or 0) + 1
                for one in before - active:
                    assert previous is not None
                    moved = consumer_set == "team" and self._left(one, previous, period)
                    state = "reassigned_out" if moved else "churned"
                    counts[state] = (counts[state] or 0) + 1
                if self.is_open(period):
                    counts["churned"] = counts["reassigned_out"] = None
                yield period, consumer_set, {"active": len(active), **counts}
                seen |= active
                before, previous = active, period

    def _came(self, team: str, period: date, previous: date | None) -> bool:
        """With a caller that used it for another team in the period before, or earlier in this one."""
        for unit, calls in self.used[period].items():
            if self.team(period, unit) == team:
                if any(self.team_of[id(call)] != team for call in calls):
                    return True
                if previous and unit in self.used[previous] and self.team(previous, unit) != team:
                    return True
        return False

    def _left(self, team: str, previous: date, period: date) -> bool:
        """With a caller that now uses it for another team."""
        return any(
            self.team(previous, unit) == team and unit in self.used[period] and self.team(period, unit) != team
            for unit in self.used[previous]
        )


def random_history(seed: int, zone: str) -> History:
    """Ten services over 15 weeks; callers come and go, change team, and use it around local midnight, too."""
    rng = random.Random(seed)
    local = ZoneInfo(zone)
    first = date(2026, 2, 2)
    days = [first + timedelta(days=number) for number in range(105)]
    silent = {day for day in days if rng.random() < 0.15} | {first + timedelta(days=number) for number in range(49, 56)}
    teams = [f"team-{number}" for number in range(5)]
    history = History(
        zone=zone,
        now=datetime(2026, 5, 15, 12, tzinfo=UTC),
        active_min={f"svc-{number}": rng.choice([1, 1, 2, 5]) for number in range(10)},
        owners={
            f"app-{number}": sorted((rng.choice(days), rng.choice(teams)) for _ in range(rng.randint(1, 4)))
            for number in range(12)
        },
    )
    callers = [*history.owners, "stranger", ""]
    for service in history.active_min:
        for caller in callers:
            is_lively = rng.random()
            for day in days:
                if rng.random() < 0.12:
                    is_lively = rng.random()
                if day in silent or rng.random() > is_lively * 0.5:
                    continue
                hour, minute = rng.choice([(0, 0), (0, 20), (2, 30), (12, 0), (23, 50)])
                at = datetime(day.year, day.month, day.day, hour, minute, rng.randint(0, 59), tzinfo=local)
                named = rng.choice(teams) if rng.random() < (0.5 if not caller else 0.05) else ""
                outcome = "ok" if rng.random() < 0.9 else "error"
                call = Call(service, caller, named, at.astimezone(UTC), outcome, rng.randint(1, 3))
                if call.at <= history.now:
                    history.calls.append(call)
    return history
