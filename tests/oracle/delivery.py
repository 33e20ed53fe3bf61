"""Everything the dictionary says about the deliveries of one service, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.envelope import Event
from tests.oracle import attempts, ci_runs, commits, incidents, milestones, recovery, rollbacks
from tests.oracle import releases as collapse
from tests.oracle.history import Repositories, known, services_of


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
    own = [event for event in everything if service in services_of(event, repositories or {})]
    every = attempts.attempts(own, tiers or {})
    production = attempts.production(every)
    rollbacks.judge(production)
    made = collapse.releases(production)
    commits_known = commits.read(service, everything, repositories or {})
    credited = commits.find(commits_known, made)
    ids = {one.deployment_id for one in every}
    shas = commits_known.own | {one.commit for one in every if one.commit} | {one.sha for one in credited}
    troubles = incidents.troubles(everything, service, repositories or {}, ids, shas)
    incidents.attribute(troubles, made, window)
    world = recovery.World(made, production, troubles)
    for release in made:
        said = recovery.known(release, world)
        release.rework, release.recovered_at = said.rework_rule, said.recovered_at
    reached = milestones.milestones(service, own, every, repositories or {})
    return Delivery(every, made, credited, troubles, reached, world, ci_runs.ci_runs(own))
