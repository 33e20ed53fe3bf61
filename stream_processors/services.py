"""Facts of dirty services: read their events, compute `facts()`, write the slices that changed, then the heads.

A slice (service, month) is addressed by the digest of its content, so writing it twice is writing it once; the head of
a service says which digests hold, and is replaced whole. Readers see the old head until the new one is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

import pyarrow as pa

from schemas.delivery import Incident
from schemas.settings import Settings
from stream_processors import archive, references
from stream_processors.archive import CatalogReader
from stream_processors.delivery import INSTANT
from stream_processors.facts import Slice, facts, slices
from stream_processors.facts.config import config_of
from stream_processors.facts_tables import SCHEMAS
from stream_processors.marks import ServiceMark
from stream_processors.resolve import NOBODY, Mappings, Resolved, Stored
from stream_processors.restated import Change, Head, restated
from stream_processors.stories import assigned
from stream_processors.warehouse import Warehouse

SERVICES_A_ROUND = 20
"""Services whose events are held in memory at once."""

HEAD = pa.schema([
    pa.field("service", pa.string()),
    pa.field("version", pa.uint64()),
    pa.field("months", pa.list_(pa.date32())),
    pa.field("digests", pa.list_(pa.string())),
    pa.field("events", pa.uint64()),
    pa.field("data_until", INSTANT),
])  # fmt: skip
"""Columns of `facts_heads`."""

Slices = dict[date, Slice]


class ServiceFacts:
    """Recomputes the facts of services."""

    def __init__(self, warehouse: Warehouse, settings: Settings) -> None:
        self._warehouse = warehouse
        self.catalog = CatalogReader(warehouse, settings.time_zone)
        self._config = config_of(settings)

    async def recompute(self, versions: Mapping[ServiceMark, int], came: Mapping[ServiceMark, datetime]) -> None:
        """Bring the facts of these services up to date; returns when they are durable. `came`: when marks were made."""
        todo = iter(sorted(versions.items(), key=lambda item: item[0].service))
        while chunk := {mark.service: version for mark, version in islice(todo, SERVICES_A_ROUND)}:
            await self._round(chunk, {service: came[ServiceMark(service)] for service in chunk})

    async def computed(self, services: Collection[str]) -> tuple[dict[str, Slices], dict[str, list[Resolved]]]:
        """Facts of these services and the events they are made of, out of the archive as it is now."""
        mappings = await self.catalog.mappings()
        events = await self._events(services, mappings)
        return await asyncio.to_thread(self._compute, events), events

    async def _round(self, versions: Mapping[str, int], came: Mapping[str, datetime]) -> None:
        heads = await self.heads(versions)
        computed, events = await self.computed(versions)
        fresh = {
            service: {month: one for month, one in found.items() if not _stands(heads.get(service), month, one)}
            for service, found in computed.items()
        }
        changes = {service: Change(found, versions[service], came[service]) for service, found in computed.items()}
        changed = await restated(self._warehouse, heads, changes, self._config.zone)
        await self._warehouse.insert("restated_facts", changed)
        for table, schema in SCHEMAS.items():
            await self._warehouse.insert(table, rows_of(table, schema, fresh))
        await self._warehouse.insert("facts_heads", _heads(computed, events, versions))

    async def heads(self, services: Iterable[str]) -> dict[str, Head]:
        """What stands of these services; those of which nothing does are left out."""
        rows = await self._warehouse.rows(
            "SELECT service, version, months, digests FROM facts_heads FINAL WHERE service IN {services:Array(String)}",
            {"services": sorted(services)},
        )
        return {
            service: Head(version, dict(zip(months, digests, strict=True)))
            for service, version, months, digests in rows
        }

    async def _events(self, services: Collection[str], mappings: Mappings) -> dict[str, list[Resolved]]:
        """Resolved events of each service."""
        named = {service for service in services if service != NOBODY}
        found = await self._read(named, mappings) if named else []
        if NOBODY in services:
            found += await archive.unnamed_events(self._warehouse)
        resolved: dict[str, list[Resolved]] = {service: [] for service in services}
        incidents: list[Stored] = []
        for event in {(event.source, event.id): event for event in found}.values():
            if isinstance(event.data, Incident):
                incidents.append(event)
                continue
            for service, one in mappings.resolve(event):
                if service in resolved:
                    resolved[service].append(one)
        pointed = await references.pointed(self._warehouse, incidents, mappings)
        for service, one in assigned(incidents, pointed, mappings):
            if service in resolved:
                resolved[service].append(one)
        return resolved

    async def _read(self, services: set[str], mappings: Mappings) -> list[Stored]:
        names = {name for service in services for name in mappings.names_of(service)}
        repositories = {name for service in services for name in mappings.repositories_of(service)}
        return await archive.events_of(self._warehouse, names, repositories)

    def _compute(self, events: Mapping[str, list[Resolved]]) -> dict[str, Slices]:
        return {
            service: slices(service, facts(service, resolved, self._config)) for service, resolved in events.items()
        }


def _stands(head: Head | None, month: date, one: Slice) -> bool:
    return head is not None and head.digests.get(month) == one.digest


def rows_of(table: str, schema: pa.Schema, fresh: Mapping[str, Slices]) -> pa.Table:
    """Rows of a facts table: service → the slices to write."""
    rows = [
        {"service": service, "month": month, "digest": one.digest, **row}
        for service, found in fresh.items()
        for month, one in found.items()
        for row in one.rows.get(table, ())
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _heads(
    computed: Mapping[str, Slices], events: Mapping[str, list[Resolved]], versions: Mapping[str, int]
) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for service, found in computed.items():
        months = sorted(found)
        rows.append({
            "service": service,
            "version": versions[service],
            "months": months,
            "digests": [found[month].digest for month in months],
            "events": len(events[service]),
            "data_until": max((one.event.time for one in events[service]), default=None),
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=HEAD)
