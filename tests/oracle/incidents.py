"""Incidents: their episodes, and the release that each is attributed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.delivery import Incident
from schemas.envelope import Event
from tests.oracle.attempts import Attempt
from tests.oracle.history import Repositories, first_said, services_of
from tests.oracle.releases import Release


@dataclass
class Trouble:
    """One incident of one service."""

    incident_id: str
    environment: str | None
    began_at: datetime
    episodes: list[tuple[datetime, datetime | None]]
    deployment_ids: set[str]
    commits: set[str]
    version: str | None
    is_owned: bool
    release: Release | None = None
    rule: str = "unattributed"

    @property
    def resolved_at(self) -> datetime | None:
        """An incident's resolution is its first."""
        return self.episodes[0][1]


def troubles(events: Sequence[Event], service: str, repositories: Repositories) -> list[Trouble]:
    """Incidents of the service, and those that say nothing of a service, in the order of (began, id).

    Events are of every service, in order.
    """
    groups: dict[str, list[Event]] = {}
    for event in events:
        if isinstance(event.data, Incident):
            groups.setdefault(event.data.incident_id, []).append(event)
    made = []
    for group in groups.values():
        owners = _owners(group, repositories)
        if not owners or service in owners:
            made.append(_trouble(group, is_owned=bool(owners)))
    return sorted(made, key=lambda one: (one.began_at, one.incident_id))


def _owners(events: list[Event], repositories: Repositories) -> set[str]:
    named = first_said(event.data.service for event in events if isinstance(event.data, Incident))
    if named is not None:
        return {named}
    for event in events:
        if services_of(event, repositories):
            return services_of(event, repositories)
    return set()


def _trouble(events: list[Event], *, is_owned: bool) -> Trouble:
    said = [event.data for event in events if isinstance(event.data, Incident)]
    began = first_said(data.opened_at for data in said) or events[0].time
    episodes: list[tuple[datetime, datetime | None]] = [(began, None)]
    for event in events:
        start, end = episodes[-1]
        state = event.data.state  # type: ignore[union-attr]
        if state == "resolved" and end is None:
            episodes[-1] = (start, event.time)
        elif state == "reopened" and end is not None:
            episodes.append((event.time, None))
    return Trouble(
        incident_id=said[0].incident_id,
        environment=first_said(data.environment for data in said),
        began_at=began,
        episodes=episodes,
        deployment_ids={deployment for data in said for deployment in data.deployment_ids},
        commits={sha for data in said for sha in data.commits},
        version=first_said(data.version for data in said),
        is_owned=is_owned,
    )


def attribute(every: Sequence[Trouble], made: Sequence[Release], window: timedelta) -> None:
    """Set `release` and `rule` of each incident, and `incidents` of each release."""
    for one in every:
        one.release, one.rule = _attribution(one, made, window)
        if one.release is not None:
            one.release.incidents.append(one.incident_id)


def _attribution(one: Trouble, made: Sequence[Release], window: timedelta) -> tuple[Release | None, str]:
    named = [r for r in made if any(member.deployment_id in one.deployment_ids for member in r.members)]
    if named:
        return _latest_before(named, one.began_at), "deployment"
    holding = [r for r in made if r.holds & one.commits]
    if holding:
        return _latest_before(holding, one.began_at), "commit"
    versioned = [r for r in made if one.version is not None and r.version == one.version]
    if versioned:
        return _latest_before(versioned, one.began_at), "version"
    near: list[tuple[Attempt, Release]] = []
    for release in made:
        for member in release.members:
            if one.environment is not None and member.environment != one.environment:
                continue
            if member.finished_at is not None and one.began_at - window <= member.finished_at < one.began_at:
                near.append((member, release))
    if near and one.is_owned:  # "an incident without a service takes it from a reference only"
        return max(near, key=lambda pair: pair[0].order)[1], "window"
    return None, "unattributed"


def _latest_before(candidates: list[Release], began_at: datetime) -> Release:
    """The latest success before the incident began, else the earliest."""
    before = [r for r in candidates if r.finished_at is not None and r.finished_at < began_at]
    if before:
        return max(before, key=lambda r: r.order)
    return min(candidates, key=lambda r: r.order)
