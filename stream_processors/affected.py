"""Which services a take of events makes dirty, asked after the events are durable.

An event and a catalog fact that concern each other may arrive in any order, at once, on two workers: each is written
before its worker reads the other kind, so at least one of the two sees both, and marks the service. What an identity
said before counts as well: the service that a content with a smaller version belonged to loses it now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.catalog import Mapping, Service
from schemas.delivery import Incident
from schemas.envelope import Event
from stream_processors import archive, references
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
    told = {(event.source, event.data.incident_id) for event in contents if isinstance(event.data, Incident)}
    known = {one for event in contents if not isinstance(event.data, Incident) for one in pointers(event.data)}
    told |= await references.pointing(warehouse, known)
    return _services(mappings, contents) | await _of_incidents(warehouse, mappings, told)


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
    if services:  # what an incident points at may be another service's now
        services |= await _of_incidents(warehouse, mappings, await references.all_pointing(warehouse))
    return services


async def _of_incidents(warehouse: Warehouse, mappings: Mappings, told: Iterable[tuple[str, str]]) -> set[str]:
    """Services that these incidents, (source, id), name or point at in any event: one of them has it, or had it."""
    stories = await references.stories(warehouse, told)
    pointed = await references.pointed(warehouse, stories, mappings)
    services = _services(mappings, stories)
    for event in stories:
        if isinstance(event.data, Incident):
            services |= pointed.by_deployment(event.data) | pointed.by_commit(event.data)
    return services


def _services(mappings: Mappings, events: Iterable[Stored]) -> set[str]:
    """Services whose facts may rest on these events, those included whose branch a push only runs through."""
    return {service for event in events for service, _ in mappings.resolve(event)}
