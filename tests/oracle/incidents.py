"""Incidents: their episodes, and the release that each is attributed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.delivery import Deployment, Incident
from schemas.envelope import Event
from tests.oracle.attempts import Attempt
from tests.oracle.history import Repositories, commits_of, first_said, incident_owners, services_of
from tests.oracle.releases import Release

_COMMIT = 12
STATES = ("opened", "acknowledged", "resolved", "reopened")


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
    release: Release | None = None
    rule: str = "unattributed"

    @property
    def resolved_at(self) -> datetime | None:
        """An incident's resolution is its first."""
        return self.episodes[0][1]


def owner(story: Sequence[Event], everything: Sequence[Event], repositories: Repositories) -> str | None:
    """The one service of an incident, given all its events in order.

    The first that they name; "an incident without a service takes it from a reference only": a deployment before a
    commit, as in attribution, the earliest event before a later one, then the smaller name.
    """
    named = first_said(event.data.service for event in story if isinstance(event.data, Incident))
    if named is not None:
        return str(named)
    evidence = [event for event in everything if not isinstance(event.data, Incident)]
    for kind in ("deployment_ids", "commits"):
        for event in story:
            found = set()
            for other in evidence:
                for service in services_of(other, repositories):
                    names = _commits(service, other, repositories)
                    if kind == "deployment_ids":
                        names = {other.data.deployment_id} if isinstance(other.data, Deployment) else set()
                    if any(_is_same(one, other_one) for one in names for other_one in getattr(event.data, kind)):
                        found.add(service)
            if found:
                return min(found)
    return None


def _is_same(one: str, other: str) -> bool:
    """Ids of deployments are whole; of commits one may be the beginning of the other."""
    is_commit = len(one) >= _COMMIT and len(other) >= _COMMIT
    return one == other or (is_commit and (one.startswith(other) or other.startswith(one)))


def _commits(service: str, event: Event, repositories: Repositories) -> set[str]:
    if isinstance(event.data, Deployment):
        listed = {commit.sha for commit in event.data.commits or ()}
        return listed | ({event.data.commit} if event.data.commit else set())
    return commits_of(service, event, repositories)


def of_service(service: str, events: Sequence[Event], repositories: Repositories) -> list[Event]:
    """Events of the incidents that belong to the service, each incident whole."""
    stories: dict[tuple[str, str], list[Event]] = {}
    owners = incident_owners(events)
    for event in events:
        if isinstance(event.data, Incident):
            stories.setdefault((owners[event.source, event.id], event.data.incident_id), []).append(event)
    own = [story for story in stories.values() if owner(story, events, repositories) == service]
    return [event for story in own for event in story]


def troubles(events: Sequence[Event]) -> list[Trouble]:
    """Incidents in the order of (began, id). Events are the service's own, in order."""
    groups: dict[str, list[Event]] = {}
    for event in events:
        if isinstance(event.data, Incident):
            groups.setdefault(event.data.incident_id, []).append(event)
    return sorted((_trouble(group) for group in groups.values()), key=lambda one: (one.began_at, one.incident_id))


def _trouble(events: list[Event]) -> Trouble:
    said = [event.data for event in events if isinstance(event.data, Incident)]
    began = first_said(data.opened_at for data in said) or events[0].time
    episodes: list[tuple[datetime, datetime | None]] = [(began, None)]
    is_opened = False
    # At one instant an incident is opened before it is resolved.
    for event in sorted(events, key=lambda event: (event.time, STATES.index(event.data.state))):  # type: ignore[union-attr]
        assert isinstance(event.data, Incident)
        start, end = episodes[-1]
        state, again = event.data.state, event.time
        if state == "opened":
            again = event.data.opened_at or event.time
        if state == "resolved" and end is None:
            episodes[-1] = (start, event.time)
        elif (state == "reopened" or (state == "opened" and is_opened)) and end is not None and again > end:
            episodes.append((again, None))
        is_opened = is_opened or state == "opened"
    return Trouble(
        incident_id=said[0].incident_id,
        environment=first_said(data.environment for data in said),
        began_at=began,
        episodes=episodes,
        deployment_ids={deployment for data in said for deployment in data.deployment_ids},
        commits={sha for data in said for sha in data.commits},
        version=first_said(data.version for data in said),
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
    versioned = [r for r in made if one.version and one.version in [member.version for member in r.members]]
    if versioned:
        return _latest_before(versioned, one.began_at), "version"
    near: list[tuple[Attempt, Release]] = []
    for release in made:
        for member in release.members:
            if one.environment is not None and member.environment.lower() != one.environment.lower():
                continue
            if member.finished_at is not None and one.began_at - window <= member.finished_at < one.began_at:
                near.append((member, release))
    if near:
        return max(near, key=lambda pair: pair[0].order)[1], "window"
    return None, "unattributed"


def _latest_before(candidates: list[Release], began_at: datetime) -> Release:
    """The latest success before the incident began, else the earliest."""
    before = [r for r in candidates if r.finished_at is not None and r.finished_at < began_at]
    if before:
        return max(before, key=lambda r: r.order)
    return min(candidates, key=lambda r: r.order)
