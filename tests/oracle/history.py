"""What is known, and whose it is: identity of events, order of events, and the service that an event belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from schemas.delivery import CiRun, Incident, Merge, Push
from schemas.envelope import Event, version

_FULL = 40
Repositories = Mapping[str, Mapping[str, Sequence[str]]]
"""Repository name -> service -> globs of its paths; none: the whole repository."""


def known(events: Iterable[Event]) -> list[Event]:
    """Each identity once, in the order of (time, id): the greatest (mapper revision, content) stands."""
    kept: dict[tuple[str, str], Event] = {}
    for event in events:
        other = kept.get((event.source, event.id))
        if other is None or version(event) > version(other):
            kept[event.source, event.id] = event
    return in_order(kept.values())


def in_order(events: Iterable[Event]) -> list[Event]:
    """Ties of time are ordered by id."""
    return sorted(events, key=lambda event: (event.time, event.id, event.source))


def told_apart(events: Iterable[Event]) -> list[Event]:
    """Ids are native to their source: one that two sources use is two things, named after the source but for the first.

    An incident's is native to the repository, where one source tells of several. A reference says no
    source: it means all of them.
    """
    found = list(events)
    owners = incident_owners(found)
    sources: dict[tuple[str, str], set[str]] = {}

    def of(kind: str, event: Event) -> str:
        return owners[event.source, event.id] if kind == "incident_id" else event.source

    for event in found:
        for kind in ("deployment_id", "incident_id"):
            if (native := getattr(event.data, kind, None)) is not None:
                sources.setdefault((kind, native), set()).add(of(kind, event))

    def name(kind: str, native: str, source: str) -> str:
        return native if source == min(sources[kind, native]) else f"{native} of {source}"

    def meant(kind: str, natives: Sequence[str]) -> tuple[str, ...]:
        return tuple(name(kind, one, source) for one in natives for source in sources.get((kind, one), ())) + tuple(
            one for one in natives if (kind, one) not in sources
        )

    told = []
    for event in found:
        data: Any = event.data
        changed = {}
        for kind in ("deployment_id", "incident_id"):
            if getattr(data, kind, None) is not None:
                changed[kind] = name(kind, getattr(data, kind), of(kind, event))
        if getattr(data, "fixes", ()):
            changed["fixes"] = meant("incident_id", data.fixes)
        if getattr(data, "deployment_ids", ()):
            changed["deployment_ids"] = meant("deployment_id", data.deployment_ids)
        told.append(event.model_copy(update={"data": data.model_copy(update=changed)}) if changed else event)
    return told


def incident_owners(events: Sequence[Event]) -> dict[tuple[str, str], str]:
    """(source, id) of each event of an incident -> who numbers it: the source, or one of several repositories of it.

    What names no repository belongs to the one that was named first; emitted ones are numbered by services, too.
    """
    told = [event for event in in_order(events) if isinstance(event.data, Incident)]
    owners = {}
    for event in told:
        own = cast("Incident", event.data)
        same = [
            one
            for one in told
            if (one.source, cast("Incident", one.data).incident_id) == (event.source, own.incident_id)
        ]
        incidents = [cast("Incident", other.data) for other in same]
        ids = {one.name: one.id for data in incidents if (one := data.repository) and one.name and one.id}
        held = {data.service: whose for data in incidents if (whose := _whose(data, ids, {}, is_emitted=False))}
        several = [whose for data in incidents if (whose := _whose(data, ids, held))]
        is_several = len(set(several)) > 1
        own_label = _whose(own, ids, held) or (several[0] if several else "")
        owners[event.source, event.id] = f"{event.source} {own_label}" if is_several else event.source
    return owners


def _whose(
    data: Incident, ids: Mapping[str, str], held: Mapping[str | None, str], *, is_emitted: bool = True
) -> str | None:
    """The repository, by its id if that is told; of what a command line emits without one the service, or its one."""
    if data.repository and (data.repository.id or data.repository.name):
        return data.repository.id or ids.get(data.repository.name or "") or data.repository.name
    return held.get(data.service, data.service) if is_emitted and data.provider == "emit" else None


def in_full(events: Iterable[Event], known_to: Iterable[Event]) -> list[Event]:
    """A short commit id means the only full one, among those that some events tell, that it begins."""
    full = {sha for event in known_to for sha in _shas(event) if len(sha) == _FULL}

    def meant(sha: str | None) -> str | None:
        found = [one for one in full if sha and len(sha) < _FULL and one.startswith(sha)]
        return found[0] if len(found) == 1 else sha

    told = []
    for event in events:
        data: Any = event.data
        changed: dict[str, Any] = {
            name: meant(getattr(data, name))
            for name in ("commit", "before", "after", "head_commit", "merge_commit")
            if hasattr(data, name)
        }
        if isinstance(data, Incident):
            changed["commits"] = tuple(meant(sha) for sha in data.commits)
        elif getattr(data, "commits", None) is not None:
            changed["commits"] = tuple(one.model_copy(update={"sha": meant(one.sha)}) for one in data.commits)
        told.append(event.model_copy(update={"data": data.model_copy(update=changed)}))
    return told


def _shas(event: Event) -> set[str]:
    """All commit ids that an event mentions, but for what a CI run ran on."""
    data: Any = event.data
    if isinstance(data, CiRun):
        return set()
    names = ("commit", "before", "after", "head_commit", "merge_commit")
    found = {getattr(data, name, None) for name in names}
    found |= {one if isinstance(one, str) else one.sha for one in getattr(data, "commits", None) or ()}
    return {sha for sha in found if sha}


def services_of(event: Event, repositories: Repositories) -> set[str]:
    """The service that the event names, else those that own its repository, or some of its commits' paths."""
    data: Any = event.data
    if data.service is not None:
        return {data.service}
    if data.repository is None or data.repository.name is None or isinstance(data, Incident):
        return set()
    owners = repositories.get(data.repository.name, {})
    return {service for service, globs in owners.items() if not globs or commits_of(service, event, repositories)}


def commits_of(service: str, event: Event, repositories: Repositories) -> set[str]:
    """Commits of a push or change that belong to the service.

    "A commit belongs to a service that it names, else whose globs its paths match (a service without globs owns the
    repository)". What names no paths belongs to none of several services.
    """
    data: Any = event.data
    if not isinstance(data, Push | Merge):
        return set()
    listed = {commit.sha for commit in data.commits or ()}
    ends = {data.after} if isinstance(data, Push) else {data.merge_commit, data.head_commit}
    everything = listed | {sha for sha in ends if sha}
    if data.service is not None:
        return everything if data.service == service else set()
    globs = repositories.get((data.repository and data.repository.name) or "", {}).get(service)
    if globs is None:
        return set()
    if not globs:
        return everything
    return {
        commit.sha
        for commit in data.commits or ()
        if any(matches(glob, path) for glob in globs for path in commit.paths or ())
    }


def matches(glob: str, path: str) -> bool:
    """`**` is any path, `*` any name."""
    pattern = re.escape(glob).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.fullmatch(pattern, path) is not None


def repository(event: Event) -> str:
    """The repository's name, or nothing."""
    data: Any = event.data
    return (data.repository.name or data.repository.id or "") if data.repository else ""


def first_said(values: Iterable[Any]) -> Any:
    """Of contradicting values the earliest stands; an absent one contradicts nothing. The values come in order."""
    for value in values:
        if value is not None:
            return value
    return None
