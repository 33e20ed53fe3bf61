"""Which service an incident belongs to: one, decided from everything that its events say together.

An incident is told in several events, of which often only the first names the service. It belongs to the service that
its events name first; where none names any, to the one that they point at first, by a deployment before by a commit (of
several services that hold it the smaller name). Repositories of one system number their incidents alike: incident 7 of
one is another than incident 7 of the next; so do services that tell theirs by `adoption emit` without a repository.
Pure: events in, services out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from schemas.delivery import Deployment, Incident, Merge, Push
from stream_processors.resolve import NOBODY, Mappings, Resolved, Stored

SHORTEST_SHA = 7
"""Fewer digits name no commit."""

EMIT = "emit"
"""Provider of what a command line told: all services share its source, and have no system that numbers incidents."""


class Pointed:
    """What incidents may point at: deployments by id, commits by id or by its first digits, each with its services."""

    def __init__(self, events: Iterable[Stored], mappings: Mappings) -> None:
        self._deployments: defaultdict[str, set[str]] = defaultdict(set)
        self._commits: defaultdict[str, dict[str, set[str]]] = defaultdict(dict)
        for event in events:
            for service, resolved in mappings.resolve(event):
                if service == NOBODY or resolved.rule == "context":
                    continue
                if isinstance(event.data, Deployment):
                    self._deployments[event.data.deployment_id].add(service)
                for sha in commits_of(resolved):
                    self._commits[sha[:SHORTEST_SHA]].setdefault(sha, set()).add(service)

    def by_deployment(self, incident: Incident) -> set[str]:
        """Services of the deployments that it names."""
        return {service for one in incident.deployment_ids for service in self._deployments.get(one, ())}

    def by_commit(self, incident: Incident) -> set[str]:
        """Services of the commits that it names."""
        return {
            service
            for named in incident.commits
            for sha, services in self._commits.get(named[:SHORTEST_SHA], {}).items()
            if sha.startswith(named) or named.startswith(sha)
            for service in services
        }


def commits_of(resolved: Resolved) -> Iterator[str]:
    """Commits of an event that belong to the service it was resolved to: deployed, pushed or merged."""
    data = resolved.event.data
    if resolved.commits is not None:
        yield from resolved.commits
        return
    if isinstance(data, Deployment | Push | Merge):
        yield from (commit.sha for commit in data.commits or ())
    if isinstance(data, Deployment):
        yield from filter(None, (data.commit,))
    elif isinstance(data, Push):
        yield from filter(None, (data.after,))
    elif isinstance(data, Merge):
        yield from filter(None, (data.head_commit, data.merge_commit))


def assigned(events: Iterable[Stored], pointed: Pointed, mappings: Mappings) -> Iterator[tuple[str, Resolved]]:
    """(service, event with its rule) of events of incidents; each incident whole, under one service or `NOBODY`.

    `rule`: `explicit` of an event that names the service, `incident` where another event of the incident does,
    `reference` where only what it points at says so, `unresolved_service` where nothing does.
    """

    def service_of(event: Stored, data: Incident) -> str:
        return mappings.canonical(data.service, event.time) if data.service and data.provider == EMIT else ""

    for story in stories(events, service_of).values():
        service = _named(story, mappings)
        if service is not None:
            for event, data in story:
                is_own = data.service is not None and mappings.canonical(data.service, event.time) == service
                yield service, Resolved(event, "explicit" if is_own else "incident")
            continue
        service = _pointed_at([data for _, data in story], pointed)
        for event, _ in story:
            yield service or NOBODY, Resolved(event, "reference" if service else "unresolved_service")


def stories(
    events: Iterable[Stored], service_of: Callable[[Stored, Incident], str] = lambda *_: ""
) -> dict[tuple[str, str, str], list[tuple[Stored, Incident]]]:
    """Events of each incident, (source, incident id, whose), in the order of (time, id).

    Whose is the repository (its id, else its name), else what `service_of` says. It is empty unless the events of an id
    name several; those that name none then stay with the one that is named first.
    """
    numbered: defaultdict[tuple[str, str], list[tuple[Stored, Incident]]] = defaultdict(list)
    for event in events:
        if isinstance(event.data, Incident):
            numbered[event.source, event.data.incident_id].append((event, event.data))
    found: defaultdict[tuple[str, str, str], list[tuple[Stored, Incident]]] = defaultdict(list)
    for (source, native), story in numbered.items():
        story.sort(key=lambda told: (told[0].time, told[0].id))
        owners = _owners([(data, service_of(event, data)) for event, data in story])
        first = next(filter(None, owners), "")
        is_one = len({*owners, ""}) <= 2  # noqa: PLR2004 - none, and the one
        for owner, told in zip(owners, story, strict=True):
            found[source, native, "" if is_one else owner or first].append(told)
    return dict(found)


def _owners(story: Sequence[tuple[Incident, str]]) -> list[str]:
    """Whose each event is; a repository's name, or a service, that comes with an id in another event is that id."""
    given = [(data.repository, service) for data, service in story]
    ids = {one.name: one.id for one, _ in given if one and one.name and one.id}
    repositories = [(one.id or ids.get(one.name or "") or one.name or "") if one else "" for one, _ in given]
    held = {service: name for name, (_, service) in zip(repositories, given, strict=True) if name and service}
    return [name or held.get(service, service) for name, (_, service) in zip(repositories, given, strict=True)]


def _named(story: Iterable[tuple[Stored, Incident]], mappings: Mappings) -> str | None:
    return next(
        (mappings.canonical(data.service, event.time) for event, data in story if data.service is not None), None
    )


def _pointed_at(story: Sequence[Incident], pointed: Pointed) -> str | None:
    for services_of in (pointed.by_deployment, pointed.by_commit):
        for incident in story:
            if services := services_of(incident):
                return min(services)
    return None
