"""Reading the archive back: catalog facts, the events of services, every content of an identity.

Of two contents under one identity the greatest version counts (`ORDER BY version DESC LIMIT 1 BY source, id`), decided
among all contents: one that lost must not count because it alone meets a condition. Marking asks for every content.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter

from schemas.catalog import Catalog
from schemas.delivery import Delivery
from schemas.envelope import Event
from stream_processors.resolve import Mappings, Stored, StoredFact
from stream_processors.warehouse import Warehouse, fitting

_DELIVERY: TypeAdapter[Delivery] = TypeAdapter(Delivery)
_CATALOG: TypeAdapter[Catalog] = TypeAdapter(Catalog)

COLUMNS = "source, id, time, version, data"
"""What `stored` reads."""
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
    """Delivery events from rows of `COLUMNS`."""
    return [
        Stored(source, id_, time, version, _DELIVERY.validate_json(data, extra="ignore"))
        for source, id_, time, version, data in rows
    ]


async def every_content(warehouse: Warehouse, events: Iterable[Event]) -> list[Stored]:
    """All contents that the archive has under these delivery events' identities: an older one may belong elsewhere."""
    return stored(await _every(warehouse, "delivery_events", COLUMNS, events))


async def every_fact(warehouse: Warehouse, events: Iterable[Event]) -> list[StoredFact]:
    """All contents that the archive has under these catalog facts' identities."""
    return _facts(await _every(warehouse, "catalog_events", "source, id, time, at, data", events))


async def _every(warehouse: Warehouse, table: str, columns: str, events: Iterable[Event]) -> list[Sequence[Any]]:
    rows: list[Sequence[Any]] = []
    for identities in fitting(sorted({(event.source, event.id) for event in events})):
        rows += await warehouse.rows(
            f"SELECT {columns} FROM {table} WHERE (source, id) IN {{identities:Array(Tuple(String, String))}}",
            {"identities": identities},
        )
    return rows


STORY = "(source, JSONExtractString(data, 'incident_id'))"
"""Which incident an event of one is about."""
_OF_STORIES = f"kind = 'incident' AND {STORY} IN (SELECT {STORY} FROM delivery_events WHERE kind = 'incident' AND %s)"
"""Every event of the incidents of which some event meets a condition: an incident is judged whole."""


def winners(condition: str) -> str:
    """The content that counts of every identity that has some content which meets the condition."""
    return (
        f"SELECT {COLUMNS} FROM delivery_events "
        f"WHERE (source, id) IN (SELECT source, id FROM delivery_events WHERE {condition}) {_WINNER}"
    )


async def events_of(warehouse: Warehouse, services: Collection[str], repositories: Collection[str]) -> list[Stored]:
    """What may belong to these services: named, in their repositories, or an incident that names them or none.

    Of events that name another service, pushes and changes in their repositories come too: a shared branch runs
    through them; and those of an incident that another of its events gives to one of these services.
    """
    condition = (
        "kind != 'incident' AND (service IN {services:Array(String)} "
        "OR (service = '' OR kind IN ('push', 'merge')) "
        "AND (repository_id IN {repositories:Array(String)} OR repository_name IN {repositories:Array(String)})) "
        "OR " + _OF_STORIES % "(service IN {services:Array(String)} OR service = '' AND notEmpty(references))"
    )
    parameters = {"services": sorted(services), "repositories": sorted(repositories)}
    return stored(await warehouse.rows(winners(condition), parameters))


async def unnamed_events(warehouse: Warehouse) -> list[Stored]:
    """Events that name no service, of incidents all: those that belong to none are among them."""
    return stored(await warehouse.rows(winners("service = '' OR " + _OF_STORIES % "service = ''")))


async def repository_keys(warehouse: Warehouse, repository: str) -> set[str]:
    """All ids and names of the repository that has this id or name, as far as events said both."""
    rows = await warehouse.rows(
        "SELECT DISTINCT repository_id, repository_name FROM delivery_events "
        "WHERE repository_id = {repository:String} OR repository_name = {repository:String}",
        {"repository": repository},
    )
    return {repository, *(key for row in rows for key in row if key)}
