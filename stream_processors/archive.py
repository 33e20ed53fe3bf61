"""Reading the archive back: catalog facts, the events of services, every content of an identity.

Of two contents under one identity the greatest version counts (`ORDER BY version DESC LIMIT 1 BY source, id`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter

from schemas.catalog import Catalog
from schemas.delivery import Delivery
from schemas.envelope import Event
from stream_processors.resolve import Mappings, Stored, StoredFact
from stream_processors.warehouse import Warehouse

_DELIVERY: TypeAdapter[Delivery] = TypeAdapter(Delivery)
_CATALOG: TypeAdapter[Catalog] = TypeAdapter(Catalog)

_COLUMNS = "source, id, time, version, data"
_WINNER = "ORDER BY version DESC LIMIT 1 BY source, id"


class CatalogReader:
    """The catalog facts that decide where an event belongs, read again only when they have changed."""

    def __init__(self, warehouse: Warehouse, zone: str) -> None:
        self._warehouse = warehouse
        self._zone = zone
        self._fingerprint: Any = None
        self._mappings = Mappings.of([], zone)

    async def mappings(self) -> Mappings:
        """Evidence → service, as the catalog says now."""
        ((fingerprint,),) = await self._warehouse.rows(
            "SELECT (uniqExact(source, id, version), groupBitXor(sipHash64(source, id, version))) "
            "FROM catalog_events FINAL WHERE kind IN ('service', 'mapping')"
        )
        if fingerprint != self._fingerprint:
            rows = await self._warehouse.rows(
                "SELECT source, id, time, at, data FROM catalog_events FINAL "
                f"WHERE kind IN ('service', 'mapping') {_WINNER}"
            )
            self._mappings = Mappings.of(_facts(rows), self._zone)
            self._fingerprint = fingerprint
        return self._mappings


def _facts(rows: Iterable[Sequence[Any]]) -> list[StoredFact]:
    return [
        StoredFact(source, id_, time, at, _CATALOG.validate_json(data, extra="ignore"))
        for source, id_, time, at, data in rows
    ]


def stored(rows: Iterable[Sequence[Any]]) -> list[Stored]:
    """Delivery events from rows of `_COLUMNS`."""
    return [
        Stored(source, id_, time, version, _DELIVERY.validate_json(data, extra="ignore"))
        for source, id_, time, version, data in rows
    ]


async def every_content(warehouse: Warehouse, events: Iterable[Event]) -> list[Stored]:
    """All contents that the archive has under these delivery events' identities: an older one may belong elsewhere."""
    return stored(await _every(warehouse, "delivery_events", _COLUMNS, events))


async def every_fact(warehouse: Warehouse, events: Iterable[Event]) -> list[StoredFact]:
    """All contents that the archive has under these catalog facts' identities."""
    return _facts(await _every(warehouse, "catalog_events", "source, id, time, at, data", events))


async def _every(warehouse: Warehouse, table: str, columns: str, events: Iterable[Event]) -> Sequence[Sequence[Any]]:
    identities = sorted({(event.source, event.id) for event in events})
    if not identities:
        return []
    return await warehouse.rows(
        f"SELECT {columns} FROM {table} WHERE (source, id) IN {{identities:Array(Tuple(String, String))}}",
        {"identities": identities},
    )


_UNNAMED_INCIDENT = "kind = 'incident' AND service = ''"
_POINTING = (
    f"{_UNNAMED_INCIDENT} AND (source, JSONExtractString(data, 'incident_id')) IN ("
    "SELECT source, JSONExtractString(data, 'incident_id') FROM delivery_events "
    f"WHERE {_UNNAMED_INCIDENT} AND notEmpty(references))"
)
"""Every event of the incidents that name no service and point, in one of their events, at a deployment or commit."""


async def events_of(warehouse: Warehouse, services: Collection[str], repositories: Collection[str]) -> list[Stored]:
    """What may belong to these services: named, in their repositories, or an incident that points at a deployment."""
    return stored(
        await warehouse.rows(
            f"SELECT {_COLUMNS} FROM delivery_events FINAL WHERE service IN {{services:Array(String)}} OR service = '' "
            "AND (repository_id IN {repositories:Array(String)} OR repository_name IN {repositories:Array(String)} "
            f"OR {_POINTING}) {_WINNER}",
            {"services": sorted(services), "repositories": sorted(repositories)},
        )
    )


async def pointing_incidents(warehouse: Warehouse) -> list[Stored]:
    """Every event of the incidents that name no service but point at a deployment or commit."""
    return stored(await warehouse.rows(f"SELECT {_COLUMNS} FROM delivery_events FINAL WHERE {_POINTING} {_WINNER}"))


async def unnamed_events(warehouse: Warehouse) -> list[Stored]:
    """Events that name no service: those that belong to none are among them."""
    return stored(await warehouse.rows(f"SELECT {_COLUMNS} FROM delivery_events FINAL WHERE service = '' {_WINNER}"))


async def referring(warehouse: Warehouse, kind: str, references: Collection[str]) -> list[Stored]:
    """Deployments known by, or incidents without a service that point at, one of these deployment ids or commits."""
    if not references:
        return []
    unnamed = "AND service = ''" if kind == "incident" else ""
    return stored(
        await warehouse.rows(
            f"SELECT {_COLUMNS} FROM delivery_events FINAL WHERE kind = {{kind:String}} {unnamed} "
            f"AND hasAny(references, {{references:Array(String)}}) {_WINNER}",
            {"kind": kind, "references": sorted(references)},
        )
    )
