"""Who comes to use which platform service, and when: S-curves, churn, returns, and the planted stories.

Each capability is taken up along a logistic curve over the teams it applies to. A team's callers follow the team.
Days are days of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from random import Random

from deploy.local.demo.organisation import (
    BACK,
    BEFORE,
    MERGED,
    NOW,
    PLATFORM,
    PLATFORM_TEAMS,
    RENAMED,
    SERVICES,
    SILENT,
    TEAMS,
    Capability,
)
from deploy.local.demo.year import dice

Span = tuple[float, float]
"""[from, until) in days of the plan."""

_CHURN = 0.14
_RETURN = 0.55


@dataclass(frozen=True)
class Consumer:
    """A caller identity at the gateways: a running service, or a team's own jobs."""

    name: str
    service: str | None
    owners: tuple[tuple[float, str], ...]
    since: float
    until: float = NOW

    @property
    def lineage(self) -> str:
        """The first team of its line: a renamed team goes on using what it used."""
        return self.owners[0][1]


@dataclass(frozen=True)
class Use:
    """A consumer's use of a platform API: when, and how much compared to the median consumer."""

    consumer: Consumer
    capability: Capability
    spans: tuple[Span, ...]
    level: float


def lines() -> tuple[str, ...]:
    """The product teams by the name they began with."""
    return tuple(team.name for team in TEAMS if team.name not in PLATFORM_TEAMS and not team.predecessors)


def consumers() -> tuple[Consumer, ...]:
    """Every caller identity of the company's own teams."""
    created = {team.name: team.created for team in TEAMS}
    found = []
    for team in lines():
        owners = [(BEFORE, team)] + ([(RENAMED[2], RENAMED[1])] if team == RENAMED[0] else [])
        until = MERGED[2] if team == MERGED[0] else NOW
        found.append(Consumer(f"{team}-jobs", None, tuple(owners), created[team], until))
    for service in SERVICES:
        if "production" in service.milestones:
            owners = [(BEFORE, service.team), *service.later_owners]
            found.append(Consumer(service.name, service.name, tuple(owners), service.milestones["production"]))
    return tuple(found)


def team_spans(seed: int, capability: Capability) -> dict[str, tuple[Span, ...]]:
    """When each team line uses the capability; lines that never do are missing."""
    rng = dice(seed, "adoption", capability.service.name)
    created = {team.name: team.created for team in TEAMS}
    population = [line for line in lines() if not capability.only or line in capability.only]
    rng.shuffle(population)
    # The planted stories begin early: what stops must have begun.
    population.sort(key=lambda line: line not in {BACK[0], SILENT[0]})
    spans = {}
    for rank, line in enumerate(population):
        share = (rank + 0.5) / len(population) / capability.ceiling
        if share >= 1:
            continue
        day = capability.midpoint + capability.steepness * log(share / (1 - share)) / log(3) + rng.uniform(-4, 4)
        start = max(day, capability.launched + rng.uniform(0, 12), created[line] + rng.uniform(9, 40))
        if start < NOW:
            spans[line] = _lived(rng, line, start)
    return spans


def _lived(rng: Random, line: str, start: float) -> tuple[Span, ...]:
    """A team's use from its start on, with what came between."""
    if line == BACK[0]:
        spans = [(start, BACK[1]), (max(start, BACK[2]), NOW)]
    elif line == SILENT[0]:
        spans = [(start, SILENT[1])]
    elif rng.random() < _CHURN and start < NOW - 80:
        stop = rng.uniform(max(start + 40, 20), NOW - 15)
        back = stop + rng.uniform(24, 70)
        spans = [(start, stop)] + ([(back, NOW)] if rng.random() < _RETURN else [])
    else:
        spans = [(start, NOW)]
    return tuple((a, b) for a, b in spans if a < b)


def uses(seed: int) -> tuple[Use, ...]:
    """Every use of a platform API by a consumer."""
    callers = consumers()
    found = []
    for capability in PLATFORM:
        if capability.gateway is None:
            continue
        spans_of = team_spans(seed, capability)
        rng = dice(seed, "callers", capability.service.name)
        for consumer in callers:
            spans = spans_of.get(consumer.lineage, ())
            follows = consumer.service is None or rng.random() < 0.75  # noqa: PLR2004 - three in four services
            delay = 0.0 if consumer.service is None else rng.uniform(0, 18)
            level = rng.lognormvariate(0, 0.7)
            own = tuple(
                (max(a + delay, consumer.since), min(b, consumer.until))
                for a, b in spans
                if max(a + delay, consumer.since) < min(b, consumer.until)
            )
            if own and follows:
                found.append(Use(consumer, capability, own, level))
    return tuple(found)
