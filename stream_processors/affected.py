"""Which services a take of events makes dirty, asked after the events are durable.

An event and a catalog fact that concern each other may arrive in any order, at once, on two workers: each is written
before its worker reads the other kind, so at least one of the two sees both, and marks the service. What an identity
said before counts as well: the service that a content with a smaller version belonged to loses it now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from schemas.catalog import Mapping, Service
from schemas.delivery import Deployment, Incident
from schemas.envelope import Event
from stream_processors import archive, references
from stream_processors.archive import CatalogReader
from stream_processors.delivery import pointers
from stream_processors.resolve import NOBODY, Mappings, Stored, referenced_by
from stream_processors.warehouse import Warehouse


async def affected_by_delivery(warehouse: Warehouse, reader: CatalogReader, events: Sequence[Event]) -> set[str]:
    """Services whose facts may change with these events."""
    if not events:
        return set()
    contents = await archive.every_content(warehouse, events)
    mappings = await reader.mappings()
    services = _services(mappings, contents)
    services |= _services(mappings, await _pointed_at(warehouse, contents))
    deployed = {one for event in contents if isinstance(event.data, Deployment) for one in pointers(event.data)}
    if await references.is_pointed_at(warehouse, deployed):
        services.add(NOBODY)
    return services


async def affected_by_catalog(warehouse: Warehouse, reader: CatalogReader, events: Sequence[Event]) -> set[str]:
    """Services that lose or gain evidence, or milestones, by these facts."""
    facts = [fact.data for fact in await archive.every_fact(warehouse, events)]
    mappings = await reader.mappings()
    services: set[str] = set()
    for fact in facts:
        if isinstance(fact, Mapping):
            services |= {fact.service, NOBODY}
            for key in await archive.repository_keys(warehouse, fact.repository):
                services |= mappings.services_touching(key)
        elif isinstance(fact, Service):
            services |= {fact.service, *fact.aliases, NOBODY}
            services |= mappings.services_claiming({fact.service, *fact.aliases})
    return services


async def _pointed_at(warehouse: Warehouse, contents: Iterable[Stored]) -> list[Stored]:
    """Deployments that these incidents point at, in this event or another one of the same incident."""
    ids = {(event.source, event.data.incident_id) for event in contents if _is_unnamed_incident(event.data)}
    stories = [one.data for one in await references.stories(warehouse, ids) if isinstance(one.data, Incident)]
    candidates = await references.deployments(warehouse, {one for story in stories for one in pointers(story)})
    return [one for one in candidates if any(referenced_by(story, *[pointers(one.data)] * 2) for story in stories)]


def _services(mappings: Mappings, events: Iterable[Stored]) -> set[str]:
    """Services whose facts may rest on these events, those included whose branch a push only runs through."""
    return {service for event in events for service, _ in mappings.resolve(event)}


def _is_unnamed_incident(data: object) -> TypeGuard[Incident]:
    return isinstance(data, Incident) and data.service is None
