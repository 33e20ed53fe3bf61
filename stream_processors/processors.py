"""What each stream's loop does with a take: decode, transform, write, and say which slices are dirty now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import pyarrow as pa

from schemas.dead_letters import DeadLetter
from schemas.streams import CATALOG, COSTS, DELIVERY
from stream_processors import catalog, costs, decode, delivery, gateway, letters
from stream_processors.affected import affected_by_catalog, affected_by_delivery
from stream_processors.archive import CatalogReader
from stream_processors.hours import conflicting_hours
from stream_processors.marks import ServiceMark
from stream_processors.pipeline import Stored
from stream_processors.records import Record
from stream_processors.warehouse import Warehouse

T = TypeVar("T")


class DeliveryProcessor:
    """CI runs, changes, deployments and incidents into the archive."""

    def __init__(self, warehouse: Warehouse, catalog_reader: CatalogReader) -> None:
        self._warehouse = warehouse
        self._catalog = catalog_reader

    async def store(self, records: Sequence[Record]) -> Stored:
        """Archive the events; dirty are the services they belong to, read after the write."""
        events, unreadable = _read(partial(decode.event, DELIVERY), records)
        await self._warehouse.insert(DELIVERY.table, delivery.rows(events))
        services = await affected_by_delivery(self._warehouse, self._catalog, [event for _, event in events])
        return Stored(frozenset(map(ServiceMark, services)), unreadable)


class CatalogProcessor:
    """Dated facts into the archive."""

    def __init__(self, warehouse: Warehouse, catalog_reader: CatalogReader) -> None:
        self._warehouse = warehouse
        self._catalog = catalog_reader

    async def store(self, records: Sequence[Record]) -> Stored:
        """Archive the facts; dirty are the services that a fact takes evidence from or gives it to."""
        events, unreadable = _read(partial(decode.event, CATALOG), records)
        await self._warehouse.insert(CATALOG.table, catalog.rows(events))
        services = await affected_by_catalog(self._warehouse, self._catalog, [event for _, event in events])
        return Stored(frozenset(map(ServiceMark, services)), unreadable)


class CostsProcessor:
    """Charges and their exports into the archive; views read them there, so nothing becomes dirty."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    async def store(self, records: Sequence[Record]) -> Stored:
        """Archive them."""
        events, unreadable = _read(partial(decode.event, COSTS), records)
        await self._warehouse.insert(COSTS.table, costs.rows(events))
        return Stored(letters=unreadable)


class GatewayProcessor:
    """Batches of requests into unit rows and the ledger."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    async def store(self, records: Sequence[Record]) -> Stored:
        """Write rows, then ledger: a unit without a ledger row is replayed, and is the same rows again."""
        batches, unreadable = _read(decode.batch, records)
        units = [gateway.units(one) for one in _passes([_message(*one) for one in batches])]
        if units:
            await self._warehouse.insert("gateway_unit_rows", pa.concat_tables([unit.rows for unit in units]))
            await self._warehouse.insert("gateway_units", pa.concat_tables([unit.ledger for unit in units]))
        marks = set().union(*(unit.marks for unit in units))
        # Where a unit had another content before (its mapper changed), what that one touched is dirty too.
        marks |= await conflicting_hours(self._warehouse, {name for unit in units for name in unit.names})
        return Stored(frozenset(marks), unreadable)


class DeadLetterProcessor:
    """Dead letters into their table, so that they can be listed, counted in coverage, and replayed."""

    def __init__(self, warehouse: Warehouse, incarnation: int) -> None:
        self._warehouse = warehouse
        self._incarnation = incarnation

    async def store(self, records: Sequence[Record]) -> Stored:
        """Keep the letters."""
        await self._warehouse.insert("dead_letters", letters.rows(records, self._incarnation))
        return Stored()


def _read(
    decoded: Callable[[Record], T | DeadLetter], records: Iterable[Record]
) -> tuple[list[tuple[Record, T]], tuple[DeadLetter, ...]]:
    """Records with what they say, and letters in place of those that cannot be read."""
    found = [(record, decoded(record)) for record in records]
    good = [(record, one) for record, one in found if not isinstance(one, DeadLetter)]
    return good, tuple(one for _, one in found if isinstance(one, DeadLetter))


def _message(record: Record, batch: pa.Table) -> gateway.Message:
    return gateway.Message(
        batch,
        source=dict(record.headers).get("ce_source", b"").decode(errors="replace"),
        day=record.appended_at.astimezone(UTC).date() if record.appended_at > _EPOCH else _EPOCH.date(),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
    )


def _passes(messages: Iterable[gateway.Message]) -> Iterator[list[gateway.Message]]:
    """Messages to be summed in one pass: so many that small ones cost little, and not more than memory should hold."""
    taken: list[gateway.Message] = []
    requests = 0
    for message in messages:
        if taken and requests + message.batch.num_rows > _REQUESTS_OF_A_PASS:
            yield taken
            taken, requests = [], 0
        taken.append(message)
        requests += message.batch.num_rows
    if taken:
        yield taken


_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
_REQUESTS_OF_A_PASS = 100_000
"""Some 15 MB."""
