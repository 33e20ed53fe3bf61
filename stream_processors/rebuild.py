"""A full recompute out of the raw archive, compared byte for byte with what stands: facts per service, gateway hours.

What streaming left behind (late, reordered, repeated events; workers that died) must be what one pass over everything
gives. Heads and hours are never written here: marks put them right, which the recompute worker serves in its order, so
that no rebuild outranks a later mark. Services are read a few at a time, hours a few hundred.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import TypeVar

from schemas.settings import Settings
from stream_processors.facts.slices import Row
from stream_processors.facts_tables import SCHEMAS, Address, stored
from stream_processors.marks import HourMark, Mark, ServiceMark
from stream_processors.rebuild_hours import HOURS_A_ROUND, all_hours, different_hours
from stream_processors.resolve import NOBODY
from stream_processors.restated import Head
from stream_processors.services import SERVICES_A_ROUND, ServiceFacts, Slices, rows_of
from stream_processors.warehouse import Warehouse

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""(what is looked at, how many are done, of how many)."""


@dataclass(frozen=True, order=True)
class Difference:
    """A slice that does not stand as the archive says.

    Attributes:
        mark: asks for its recompute.
        slice: `service`, or `gateway service`, for people.
        month: or hour; empty when it is all of it.
        what: which rows, on which side.
        is_damage: the head names the right content, and the rows under it are not that content.
    """

    slice: str
    month: str
    what: str
    mark: Mark
    is_damage: bool = False


class Rebuild:
    """Computes everything again and compares."""

    def __init__(self, warehouse: Warehouse, settings: Settings) -> None:
        self._warehouse = warehouse
        self._zone = settings.time_zone
        self._facts = ServiceFacts(warehouse, settings)

    async def differences(self, only: Collection[str] = (), progress: Progress = lambda *_: None) -> list[Difference]:
        """Every slice that stands otherwise than the archive says. `only`: of these services; none: of all."""
        found: list[Difference] = []
        services = sorted(only) or await self.services()
        done = 0
        for chunk in chunks(services, SERVICES_A_ROUND):
            found += await self.of_services(chunk)
            done += len(chunk)
            progress("services", done, len(services))
        hours = await all_hours(self._warehouse, only)
        done = 0
        for part in chunks(hours, HOURS_A_ROUND):
            found += await self.of_hours(part)
            done += len(part)
            progress("hours", done, len(hours))
        return found

    async def again(self, differences: Iterable[Difference]) -> list[Difference]:
        """Of slices that differed those that still do."""
        marks = sorted({one.mark for one in differences}, key=lambda mark: mark.key())
        found: list[Difference] = []
        for chunk in chunks([mark.service for mark in marks if isinstance(mark, ServiceMark)], SERVICES_A_ROUND):
            found += await self.of_services(chunk)
        for part in chunks([mark for mark in marks if isinstance(mark, HourMark)], HOURS_A_ROUND):
            found += await self.of_hours(part)
        return found

    async def of_hours(self, marks: Sequence[HourMark]) -> list[Difference]:
        """Differences of these gateway hours."""
        return [
            Difference(f"gateway {mark.service}", f"{mark.hour:%Y-%m-%d %H:%M}", what, mark)
            for mark, what in await different_hours(self._warehouse, marks, self._zone)
        ]

    async def of_services(self, services: Collection[str]) -> list[Difference]:
        """Differences of these services' facts."""
        standing = await self._facts.heads(services)
        computed, _ = await self._facts.computed(services)
        stored = await self._stored(standing)
        found: list[Difference] = []
        for service in sorted(services):
            digests = standing[service].digests if service in standing else {}
            slices = computed[service]
            for month in sorted({*digests, *slices}):
                digest = digests.get(month)
                kept = {table: stored[table].get((service, month, digest or ""), Counter()) for table in SCHEMAS}
                made = _made(slices, month)
                what = _what(kept, made) if digest else "nothing stands"
                if month not in slices:
                    what = f"stands, and no event makes it: {what}"
                is_same = month in slices and slices[month].digest == digest
                if what or not is_same:
                    what = what or "the digest is not that of these rows"
                    found.append(Difference(service, f"{month:%Y-%m}", what, ServiceMark(service), is_damage=is_same))
        return found

    async def mend(self, differences: Iterable[Difference]) -> set[Mark]:
        """Write rows that are damaged under the right digest again; returns the marks that ask for all else."""
        marks: set[Mark] = set()
        for one in differences:
            if one.is_damage and isinstance(one.mark, ServiceMark):
                await self._restore(one.mark.service, date.fromisoformat(f"{one.month}-01"))
            else:
                marks.add(one.mark)
        return marks

    async def _restore(self, service: str, month: date) -> None:
        """A recompute would not: content that a head names already is not written again."""
        computed, _ = await self._facts.computed([service])
        slices = {service: {month: computed[service][month]}}
        address = {"service": service, "month": month, "digest": slices[service][month].digest}
        for table, schema in SCHEMAS.items():
            await self._warehouse.command(
                f"DELETE FROM {table} WHERE service = {{service:String}} AND month = {{month:Date}} "
                "AND digest = {digest:String}",
                address,
            )
            await self._warehouse.insert(table, rows_of(table, schema, slices))

    async def services(self) -> list[str]:
        """All that have facts or may have some: named by an event, mapped to a repository, or behind an alias."""
        names = {name for (name,) in await self._warehouse.rows("SELECT DISTINCT service FROM delivery_events")}
        heads = {name for (name,) in await self._warehouse.rows("SELECT service FROM facts_heads FINAL")}
        mappings = await self._facts.catalog.mappings()
        return sorted({NOBODY} | names | heads | mappings.services() | mappings.services_claiming(names))

    async def _stored(self, standing: Mapping[str, Head]) -> dict[str, dict[Address, Counter[str]]]:
        """Table → slice → its rows as they stand."""
        found: dict[str, dict[Address, Counter[str]]] = {table: {} for table in SCHEMAS}
        digests = {digest for head in standing.values() for digest in head.digests.values()}
        for table, slices in found.items():
            for address, row in await stored(self._warehouse, table, standing, digests):
                slices.setdefault(address, Counter())[_line(row)] += 1
        return found


def _made(slices: Slices, month: date) -> dict[str, Counter[str]]:
    if month not in slices:
        return {table: Counter() for table in SCHEMAS}
    rows = slices[month].rows
    return {table: Counter(_line(row) for row in rows.get(table, ())) for table in SCHEMAS}


def _what(kept: dict[str, Counter[str]], made: dict[str, Counter[str]]) -> str:
    """Tables in which rows stand that the archive does not make, or the other way round, with one of the rows."""
    words = []
    for table in SCHEMAS:
        for side, rows in (("stand", kept[table] - made[table]), ("are missing", made[table] - kept[table])):
            if rows:
                words.append(f"{rows.total()} {table} {side}, e.g. {min(rows)[:300]}")
    return "; ".join(words)


def _line(row: Row) -> str:
    """A row as text: equal text, equal row."""
    return json.dumps(row, default=_instant, sort_keys=True, ensure_ascii=False)


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
