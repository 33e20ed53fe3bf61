"""Everything the dictionary says about the deliveries of one service, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.delivery import Incident, Merge, Push
from schemas.envelope import Event
from tests.oracle import attempts, ci_runs, commits, incidents, milestones, recovery, rollbacks
from tests.oracle import releases as collapse
from tests.oracle.history import Repositories, in_full, in_order, known, services_of, told_apart


@dataclass
class Delivery:
    """What happened to one service."""

    attempts: list[attempts.Attempt]
    releases: list[collapse.Release]
    credited: list[commits.Credit]
    incidents: list[incidents.Trouble]
    milestones: dict[str, datetime]
    world: recovery.World
    ci_runs: list[ci_runs.Run]


def delivery(
    service: str,
    events: Iterable[Event],
    repositories: Repositories | None = None,
    tiers: Mapping[str, str] | None = None,
    window: timedelta = timedelta(hours=24),
) -> Delivery:
    """Events are of every service, in any order, any number of times."""
    everything = known(events)
    held = repositories or {}
    mine = [
        event for event in everything if service in services_of(event, held) and not isinstance(event.data, Incident)
    ]
    own = told_apart(in_order([*mine, *incidents.of_service(service, everything, held)]))
    shared = [event for event in everything if isinstance(event.data, Push | Merge)]
    everything, own = in_full(everything, [*shared, *own]), in_full(own, [*shared, *own])
    every = attempts.attempts(own, tiers or {})
    production = attempts.production(every)
    rollbacks.judge(production)
    made = collapse.releases(production)
    credited = commits.find(commits.read(service, everything, held), made)
    troubles = incidents.troubles(own)
    incidents.attribute(troubles, made, window)
    world = recovery.World(made, production, troubles)
    for release in made:
        said = recovery.known(release, world)
        release.rework, release.recovered_at = said.rework_rule, said.recovered_at
    reached = milestones.milestones(service, own, every, held)
    return Delivery(every, made, credited, troubles, reached, world, ci_runs.ci_runs(own))
