"""What became of numbers that people had read: facts and gateway hours of days that were over when their events came.

Asked in recompute, before its results are written: what stands is read back, compared with what will, and the
difference is kept, keyed by the head that it replaces. A crash in between writes the same rows again; a replay finds
no difference, and writes none. What a writer noted that died before its head was there is outdone by whoever replaces
the same head, who says so even where nothing is to be noted. When it happened is the time of the mark: no clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from stream_processors import hours
from stream_processors.delivery import INSTANT
from stream_processors.facts import Slice
from stream_processors.facts.slices import Row
from stream_processors.facts_tables import stored
from stream_processors.marks import HourMark
from stream_processors.warehouse import Warehouse, fitting

MOST_EVENTS = 20
"""Events named by one restatement; a backfill may bring thousands at once."""

NAMES = {
    "release": ("release",),
    "commit": ("sha",),
    "incident": ("incident", "episode"),
    "milestone": ("milestone",),
    "ci_run": ("run_id", "attempt", "source"),
}
"""Kind of fact → what names one within its service."""

SCHEMA = pa.schema([
    pa.field("service", pa.string()),
    pa.field("fact_kind", pa.string()),
    pa.field("fact", pa.string()),
    pa.field("since", pa.uint64()),
    pa.field("version", pa.uint64()),
    pa.field("at", INSTANT),
    pa.field("change", pa.string()),
    pa.field("columns", pa.list_(pa.string())),
    pa.field("before", pa.string()),
    pa.field("after", pa.string()),
    pa.field("came_at", INSTANT),
    pa.field("events", pa.list_(pa.struct([pa.field("source", pa.string()), pa.field("id", pa.string())]))),
    pa.field("n_events", pa.uint32()),
])  # fmt: skip
"""Columns of `restated_facts`."""

NOTHING: Row = {
    "fact_kind": "", "fact": "", "change": "none", "columns": [], "before": "", "after": "",
    "events": [], "n_events": 0,
}  # fmt: skip
"""Says that a head was replaced and nothing that had been over changed: earlier rows of the same head are void."""

Tables = dict[str, list[Row]]
Event = tuple[str, str]


@dataclass(frozen=True)
class Head:
    """What stands of a service."""

    version: int
    digests: Mapping[date, str]


@dataclass(frozen=True)
class Change:
    """One service's next head: its slices, its version, and when the mark that asks for it was made."""

    slices: Mapping[date, Slice]
    version: int
    came_at: datetime


async def restated(
    warehouse: Warehouse, heads: Mapping[str, Head], changes: Mapping[str, Change], zone: str
) -> pa.Table:
    """Rows of `restated_facts` for what these heads will change in days that were over in `zone`."""
    todo: dict[str, set[date]] = {}
    for service, change in changes.items():
        head = heads.get(service)
        # Before the first head nothing stood; and what a later one has replaced, a stalled writer does not restate.
        if head is not None and head.version < change.version:
            new = {month: one.digest for month, one in change.slices.items()}
            months = {month for month in {*new, *head.digests} if new.get(month) != head.digests.get(month)}
            if months:
                todo[service] = months
    old = await _stood(warehouse, {service: (heads[service], months) for service, months in todo.items()})
    rows: list[Row] = []
    for service, months in todo.items():
        change = changes[service]
        new_rows = _united(change.slices[month].rows for month in months if month in change.slices)
        common = {"service": service, "since": heads[service].version, "version": change.version}
        rows += [common | row for row in difference(old[service], new_rows, change.came_at, ZoneInfo(zone))]
    noted = {row["service"] for row in rows}
    silent = {
        service: heads[service].version
        for service, change in changes.items()
        if service in heads and service not in noted and heads[service].version < change.version
    }
    rows += [
        NOTHING
        | {
            "service": service,
            "since": silent[service],
            "version": changes[service].version,
            "at": came,
            "came_at": came,
        }
        for service in await _said_in_vain(warehouse, silent)
        for came in (changes[service].came_at,)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def difference(old: Tables, new: Tables, came_at: datetime, zone: ZoneInfo) -> list[Row]:
    """What differs in facts of days that had ended at `came_at`, and the events that did it. Pure.

    `old`, `new`: facts table → rows of the months that changed, those of the evidence and the grounds as well.
    """
    today = came_at.astimezone(zone).date()
    causes = _causes(old.get("facts_evidence", []), new.get("facts_evidence", []))
    resting: dict[tuple[str, str], set[Event]] = {}
    for row in (*old.get("facts_grounds", []), *new.get("facts_grounds", [])):
        resting.setdefault((row["fact_kind"], row["fact"]), set()).add((row["source"], row["event"]))
    found: list[Row] = []
    for kind, names in NAMES.items():
        before = {_name(row, names): row for row in old.get(f"facts_{kind}s", [])}
        after = {_name(row, names): row for row in new.get(f"facts_{kind}s", [])}
        for fact in sorted({*before, *after}):
            was, is_ = before.get(fact), after.get(fact)
            if was == is_:
                continue
            at = min(row["at"] for row in (was, is_) if row is not None)
            if at.astimezone(zone).date() >= today:
                continue
            columns = [name for name in is_ if was[name] != is_[name]] if was and is_ else []
            own = causes & (resting.get((kind, fact), set()) | _told(was) | _told(is_))
            found.append({
                "fact_kind": kind,
                "fact": fact,
                "at": at,
                "change": "added" if was is None else "removed" if is_ is None else "changed",
                "columns": columns,
                "before": _said(was, columns),
                "after": _said(is_, columns),
                "came_at": came_at,
                "events": [{"source": source, "id": event} for source, event in sorted(own or causes)[:MOST_EVENTS]],
                "n_events": len(causes),
            })  # fmt: skip
    return found


def _causes(old: Iterable[Row], new: Iterable[Row]) -> set[Event]:
    """Events that came, left, or say another time or come by another rule; a verdict alone is an effect."""

    def known(rows: Iterable[Row]) -> set[tuple[Event, datetime, str]]:
        return {((row["source"], row["event"]), row["at"], row["rule"]) for row in rows}

    return {event for event, _, _ in known(old) ^ known(new)}


def _told(row: Row | None) -> set[Event]:
    """The event that the row itself says it rests on."""
    return {(row["source"], row["event"])} if row is not None and "event" in row else set()


def _name(row: Row, names: tuple[str, ...]) -> str:
    first, *rest = (str(row[name]) for name in names)
    return "#".join([first, *(one for one in rest if one != "0")])


def _said(row: Row | None, columns: list[str]) -> str:
    if row is None:
        return ""
    return json.dumps({name: row[name] for name in columns or row}, default=datetime.isoformat, ensure_ascii=False)


def _united(slices: Iterable[Tables]) -> Tables:
    united: Tables = {}
    for rows in slices:
        for table, own in rows.items():
            united.setdefault(table, []).extend(own)
    return united


async def _stood(warehouse: Warehouse, asked: Mapping[str, tuple[Head, set[date]]]) -> dict[str, Tables]:
    """Service → facts that stand of the months asked for."""
    found: dict[str, Tables] = {service: {} for service in asked}
    digests = {head.digests[month] for head, months in asked.values() for month in months if month in head.digests}
    for table in ("facts_evidence", "facts_grounds", *(f"facts_{kind}s" for kind in NAMES)):
        for (service, _, _), row in await stored(warehouse, table, asked, digests):
            found[service].setdefault(table, []).append(row)
    return found


async def _said_in_vain(warehouse: Warehouse, replaced: Mapping[str, int]) -> list[str]:
    """Services of whose head (version) somebody noted already what would become of it."""
    rows: list[str] = []
    for part in fitting(sorted(replaced.items())):
        found = await warehouse.rows(
            "SELECT DISTINCT service FROM restated_facts WHERE service IN {services:Array(String)} "
            "AND (service, since) IN arrayZip({services:Array(String)}, {since:Array(UInt64)}) ORDER BY service",
            {"services": [service for service, _ in part], "since": [since for _, since in part]},
        )
        rows += [service for (service,) in found]
    return rows


_STOOD = f"""
INSERT INTO restated_hours (service, hour, since, version, requests, came_at)
SELECT slice.1, fromUnixTimestamp(slice.2), stood.version, slice.3, arraySum(stood.requests),
    fromUnixTimestamp64Micro(slice.4)
FROM
(
    SELECT arrayJoin(arrayZip({{services:Array(String)}}, {{hours:Array(UInt32)}}, {{versions:Array(UInt64)}},
        {{came:Array(Int64)}})) AS slice
) AS wanted
LEFT JOIN
(
    SELECT service, hour, version, requests FROM gateway_hour_slices FINAL WHERE {hours.STANDING}
) AS stood ON stood.service = slice.1 AND toUInt32(stood.hour) = slice.2
WHERE stood.version < slice.3
    AND (stood.version > 0
        OR slice.1 IN (SELECT service FROM gateway_hour_slices WHERE service IN {{names:Array(String)}}))
"""
"""Before a service's first slice nothing stood; later an hour that is new says that there was nothing."""


async def note_hours(
    warehouse: Warehouse, versions: Mapping[HourMark, int], came: Mapping[HourMark, datetime], zone: str
) -> None:
    """Keep what these hours say, where their day was over in `zone` when the mark was made; before they are written."""
    tenant = ZoneInfo(zone)
    closed = [mark for mark in versions if mark.hour.astimezone(tenant).date() < came[mark].astimezone(tenant).date()]
    for chunk in fitting(sorted(closed, key=lambda mark: (mark.hour, mark.service))):
        asked = {
            "versions": [versions[mark] for mark in chunk],
            "came": [int(came[mark].timestamp() * 1_000_000) for mark in chunk],
        }
        await warehouse.command(_STOOD, hours.parameters(chunk) | asked)
