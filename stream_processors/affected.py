"""Which services a take of events makes dirty, asked after the events are durable.

An event and a catalog fact that concern each other may arrive in any order, at once, on two workers: each is written
before its worker reads the other kind, so at least one of the two sees both, and marks the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from schemas.catalog import Mapping, Service
from schemas.delivery import Deployment, Incident
from schemas.envelope import Event
from stream_processors import archive
from stream_processors.archive import CatalogReader
from stream_processors.delivery import pointers
from stream_processors.resolve import NOBODY, Mappings, Stored
from stream_processors.warehouse import Warehouse


async def affected_by_delivery(warehouse: Warehouse, reader: CatalogReader, events: Sequence[Event]) -> set[str]:
    """Services whose facts may change with these events."""
    if not events:
        return set()
    contents = await archive.every_content(warehouse, events)
    mappings = await reader.mappings()
    services = _services(mappings, contents)
    services |= _services(mappings, await _pointed_at(warehouse, events))
    deployed = {one for event in events if isinstance(event.data, Deployment) for one in pointers(event.data)}
    if await archive.referring(warehouse, "incident", deployed):
        services.add(NOBODY)
    return services


async def affected_by_catalog(warehouse: Warehouse, reader: CatalogReader, events: Sequence[Event]) -> set[str]:
    """Services that lose or gain evidence, or milestones, by these facts."""
    facts = [fact.data for fact in await archive.every_fact(warehouse, events)]
    mappings = await reader.mappings()
    services: set[str] = set()
    for fact in facts:
        if isinstance(fact, Mapping):
            services |= {fact.service, NOBODY} | mappings.services_touching(fact.repository)
        elif isinstance(fact, Service):
            services |= {fact.service, *fact.aliases, NOBODY}
    return services


async def _pointed_at(warehouse: Warehouse, events: Sequence[Event]) -> list[Stored]:
    """Deployments that these incidents point at, in this event or another one of the same incident."""
    ids = {(event.source, event.data.incident_id) for event in events if _is_unnamed_incident(event.data)}
    if not ids:
        return []
    stories = await archive.pointing_incidents(warehouse)
    references = {
        one
        for event in stories
        if isinstance(event.data, Incident) and (event.source, event.data.incident_id) in ids
        for one in pointers(event.data)
    }
    return await archive.referring(warehouse, "deployment", references)


def _services(mappings: Mappings, events: Iterable[Stored]) -> set[str]:
    """Services whose facts may rest on these events, those included whose branch a push only runs through."""
    return {service for event in events for service, _ in mappings.resolve(event)}


def _is_unnamed_incident(data: object) -> TypeGuard[Incident]:
    return isinstance(data, Incident) and data.service is None
