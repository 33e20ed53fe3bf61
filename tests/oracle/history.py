"""What is known, and whose it is: identity of events, order of events, and the service that an event belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.envelope import Event, version

Repositories = Mapping[str, Sequence[str]]
"""Repository name -> services that own the whole of it."""


def known(events: Iterable[Event]) -> list[Event]:
    """Each identity once, in the order of (time, id): the greatest (mapper revision, content) stands."""
    kept: dict[tuple[str, str], Event] = {}
    for event in events:
        other = kept.get((event.source, event.id))
        if other is None or version(event) > version(other):
            kept[event.source, event.id] = event
    return sorted(kept.values(), key=lambda event: (event.time, event.id, event.source))


def services_of(event: Event, repositories: Repositories) -> set[str]:
    """The service that the event names, else those that own its repository."""
    data: Any = event.data
    if data.service is not None:
        return {data.service}
    if data.repository is None or data.repository.name is None:
        return set()
    return set(repositories.get(data.repository.name, ()))


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
