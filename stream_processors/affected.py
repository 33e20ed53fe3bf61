"""Which services a take of events makes dirty, asked after the events are durable.

An event and a catalog fact that concern each other may arrive in any order, at once, on two workers: each is written
before its worker reads the other kind, so at least one of the two sees both, and marks the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    pointed_at = {one for event in events if _is_unnamed_incident(event) for one in pointers(event.data)}
    services |= _services(mappings, await archive.referring(warehouse, "deployment", pointed_at))
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


def _services(mappings: Mappings, events: Iterable[Stored]) -> set[str]:
    found: set[str] = set()
    for event in events:
        found |= {service for service, _ in mappings.services_of(event)} or {NOBODY}
    return found


def _is_unnamed_incident(event: Event) -> bool:
    return isinstance(event.data, Incident) and event.data.service is None
