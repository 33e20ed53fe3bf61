"""The warehouse as it was at an instant: another database, made of the raw archive up to there, with the same views.

A pinned clock hides what is later, and facts stay those of today: a verdict that rests on a reference which came later
is dated back to the thing that it is about. Here facts are what `facts()` makes of the events up to the instant, and of
nothing else. It is written once, by nobody but this; no worker ever looks at it.
"""

from __future__ import annotations

from datetime import datetime

from schemas.settings import Settings
from stream_processors.hours import recompute_hours
from stream_processors.marks import ServiceMark
from stream_processors.rebuild import Rebuild, chunks
from stream_processors.rebuild_hours import HOURS_A_ROUND, all_hours
from stream_processors.services import SERVICES_A_ROUND, ServiceFacts
from stream_processors.warehouse import Warehouse

_ARCHIVE = {
    "delivery_events": "time <= fromUnixTimestamp64Micro({at:Int64})",
    # As the views take them: a fact is there from its declared start on, whenever somebody said it.
    "catalog_events": "at <= fromUnixTimestamp64Micro({at:Int64})",
    # Lines have no time of their own; they count with the export that names them.
    "cost_events": "kind = 'cost' OR exported_at <= fromUnixTimestamp64Micro({at:Int64})",
    "gateway_unit_rows": "first_at <= fromUnixTimestamp64Micro({at:Int64})",
    "gateway_units": "first_at <= fromUnixTimestamp64Micro({at:Int64})",
}
"""Table of the raw archive → what of it there had been by an instant."""

_PIN = "INSERT INTO clock (name, at, version) VALUES ('pinned', fromUnixTimestamp64Micro({at:Int64}), 1)"
_VERSION = 1
"""Of all that is made: nobody writes it again."""


class NotEmptyError(Exception):
    """The database is in use: what stands there would be mixed up with what is made."""


async def remake(past: Warehouse, settings: Settings, archive: str, at: datetime) -> tuple[int, int]:
    """Fill a migrated, empty database with what there had been by an instant; returns (services, gateway hours).

    Args:
        past: that database.
        settings: of it: its name, the zone, what facts depend on.
        archive: database whose raw archive it is made of.
        at: nothing later goes in, and its clock stands there.

    Raises:
        NotEmptyError: it has rows already.
    """
    asked = {"at": int(at.timestamp() * 1_000_000)}
    for table in (*_ARCHIVE, "clock"):
        if await past.rows(f"SELECT 1 FROM {table} LIMIT 1"):
            raise NotEmptyError(
                f"expected an empty database, {settings.clickhouse_database}.{table} has rows: name another, or drop it"
            )
    for table, condition in _ARCHIVE.items():
        await past.command(f"INSERT INTO {table} SELECT * FROM {archive}.{table} WHERE {condition}", asked)
    await past.command(_PIN, asked)
    hours = await all_hours(past)
    for marks in chunks(hours, HOURS_A_ROUND):
        await recompute_hours(past, dict.fromkeys(marks, _VERSION), zone=settings.time_zone)
    services = [ServiceMark(name) for name in await Rebuild(past, settings).services()]
    facts = ServiceFacts(past, settings)
    for part in chunks(services, SERVICES_A_ROUND):
        await facts.recompute(dict.fromkeys(part, _VERSION), dict.fromkeys(part, at))
    return len(services), len(hours)
