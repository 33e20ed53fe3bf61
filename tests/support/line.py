"""The processors in process, without Kafka: records in, marks carried to recompute by hand, at the test's own pace.

Marks get increasing offsets of one partition of the dirty topic, as the broker would give them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from deploy.local.engine.process import EngineProcess
from schemas.base import event_id
from schemas.dead_letters import to_kafka as letter_to_kafka
from schemas.envelope import Event, to_kafka
from schemas.gateway import GatewayRequest
from schemas.settings import Settings
from schemas.streams import CATALOG, COSTS, DEAD_LETTERS, DELIVERY, DIRTY, GATEWAY
from stream_processors.archive import CatalogReader
from stream_processors.migrations import migrate
from stream_processors.pipeline import Stored
from stream_processors.processors import (
    CatalogProcessor,
    CostsProcessor,
    DeadLetterProcessor,
    DeliveryProcessor,
    GatewayProcessor,
)
from stream_processors.recompute import Recompute
from stream_processors.records import Record
from stream_processors.warehouse import Warehouse, connect
from tests.support import traffic

APPENDED = datetime(2026, 6, 20, 12, tzinfo=UTC)


@dataclass
class Line:
    """Delivery, catalog, gateway and recompute on one warehouse.

    Attributes:
        settings: of the warehouse.
        warehouse: what the processors write to.
        marks: keys of marks that nobody has recomputed yet, with their offsets.
        offset: of the next mark.
    """

    settings: Settings
    warehouse: Warehouse
    marks: list[tuple[int, bytes]] = field(default_factory=list)
    offset: int = 0
    _sent: int = 0

    def __post_init__(self) -> None:
        catalog = CatalogReader(self.warehouse, self.settings.time_zone)
        self.delivery = DeliveryProcessor(self.warehouse, catalog)
        self.catalog = CatalogProcessor(self.warehouse, catalog)
        self.costs = CostsProcessor(self.warehouse)
        self.gateway = GatewayProcessor(self.warehouse)
        self.dead_letters = DeadLetterProcessor(self.warehouse, self.settings.incarnation)
        self.recomputer = Recompute(self.warehouse, self.settings)

    def send(self, *events: Event) -> set[str]:
        """Store events, catalog facts and charges, each kind in one take; returns what became dirty."""
        made: set[str] = set()
        for stream, processor in ((CATALOG, self.catalog), (COSTS, self.costs), (DELIVERY, self.delivery)):
            take = [self._record(stream.topic, *to_kafka(event)) for event in events if event.type in stream.contracts]
            if take:
                made |= self._mark(asyncio.run(processor.store(take)))
        return made

    def send_traffic(self, *units: list[GatewayRequest], on: datetime = APPENDED) -> set[str]:
        """Store gateway units, one message, appended to its topic then."""
        topic, key, value, headers = traffic.message(list(units))
        return self._mark(asyncio.run(self.gateway.store([self._record(topic, key, value, headers, on)])))

    def send_poison(self, topic: str, value: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> set[str]:
        """Store bytes that are no event: their dead letters are stored as well. Returns the reasons."""
        processor = {DELIVERY.topic: self.delivery, CATALOG.topic: self.catalog, GATEWAY.topic: self.gateway}[topic]
        stored = asyncio.run(processor.store([self._record(topic, b"k", value, list(headers))]))
        letters = [self._record(DEAD_LETTERS.topic, *letter_to_kafka(letter)) for letter in stored.letters]
        asyncio.run(self.dead_letters.store(letters))
        return {letter.reason for letter in stored.letters}

    def take_marks(self) -> list[Record]:
        """The marks so far, as records of the dirty topic."""
        taken, self.marks = self.marks, []
        return [Record(DIRTY.topic, 0, offset, APPENDED, key, b"{}", ()) for offset, key in taken]

    def recompute(self, records: Sequence[Record] | None = None) -> list[Record]:
        """Recompute what is dirty in one take; returns its records, for a second time."""
        taken = self.take_marks() if records is None else list(records)
        asyncio.run(self.recomputer.store(taken))
        return taken

    def mark(self, *keys: bytes) -> None:
        """Marks that nothing but the test asks for."""
        for key in keys:
            self.marks.append((self.offset, key))
            self.offset += 1

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return [tuple(row) for row in asyncio.run(self.warehouse.rows(sql, parameters))]

    def heads(self) -> dict[str, dict[date, str]]:
        """Service → month → digest, as views take them."""
        rows = self.rows("SELECT service, months, digests FROM facts_heads FINAL")
        return {service: dict(zip(months, digests, strict=True)) for service, months, digests in rows}

    def releases(self) -> dict[str, list[str]]:
        """Service → its releases, as the view has them; services without are left out."""
        found: dict[str, list[str]] = {}
        for service, release in self.rows("SELECT service, release FROM deployments ORDER BY ALL"):
            found.setdefault(service, []).append(release)
        return found

    def evidence(self) -> dict[str, dict[str, str]]:
        """Service → event id → rule, through the heads."""
        found: dict[str, dict[str, str]] = {}
        sql = (
            "SELECT service, event, rule FROM facts_evidence FINAL WHERE (service, month, digest) IN ({}) ORDER BY ALL"
        )
        heads = "SELECT service, month, digest FROM facts_heads FINAL ARRAY JOIN months AS month, digests AS digest"
        for service, event, rule in self.rows(sql.format(heads)):
            found.setdefault(service, {})[event] = rule
        return found

    def hours(self) -> dict[tuple[str, str], int]:
        """(service, hour) → requests, of every slice that was written; 0 where nothing counts any more."""
        sql = "SELECT service, toString(hour), arraySum(requests) FROM gateway_hour_slices FINAL"
        return {(service, hour): count for service, hour, count in self.rows(sql)}

    def empty(self) -> None:
        """Forget everything, the marks too."""
        filled = self.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0")
        for (table,) in filled:
            if table not in {"schema_migrations", "clock"}:
                asyncio.run(self.warehouse.command(f"TRUNCATE TABLE {table}"))
        self.marks, self.offset = [], 0

    def _record(
        self, topic: str, key: bytes, value: bytes, headers: Iterable[tuple[str, bytes]], on: datetime = APPENDED
    ) -> Record:
        self._sent += 1
        return Record(topic, 0, self._sent, on, key, value, tuple(headers))

    def _mark(self, stored: Stored) -> set[str]:
        assert not stored.letters, stored.letters
        keys = {mark.key() for mark in stored.marks}
        self.mark(*sorted(keys))
        return {key.decode().partition("/")[2] for key in keys}


@contextmanager
def line(engine: EngineProcess, database: str, zone: str = "UTC") -> Iterator[Line]:
    """A line on a database of its own, migrated and empty, where it is `APPENDED`."""
    user, password = engine.writer
    settings = Settings(
        clickhouse_url=engine.url,
        clickhouse_user=user,
        clickhouse_password=password,
        clickhouse_database=database,
        time_zone=zone,
    )
    with connect(settings, database="default") as client:
        migrate(client, settings)
    warehouse = Warehouse(settings)
    pinned = "INSERT INTO clock (name, at, version) VALUES ('pinned', {at:DateTime64(6, 'UTC')}, 1)"
    asyncio.run(warehouse.command(pinned, {"at": APPENDED}))
    yield Line(settings, warehouse)
    asyncio.run(warehouse.close())


def event(data: Any, time: datetime, name: str | None = None, *, revision: int = 0, source: str = "//test") -> Event:
    """An event; the same `name` is the same identity."""
    identity = event_id(data.kind, name) if name else event_id(data.kind, time.isoformat(), data.model_dump_json())
    return Event(id=identity, source=source, time=time, mapperrevision=revision, data=data)
