"""Which incidents point at which deployments and commits: look-ups in the archive, in both directions.

An incident that names no service belongs to one of those whose deployments or commits it points at, in any of its
events. Commits are looked up by their first digits, as a short one means its long one; what is found is more than what
is meant, and `stories.Pointed` decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from schemas.delivery import Incident
from stream_processors.archive import COLUMNS, STORY, stored, winners
from stream_processors.delivery import pointers
from stream_processors.resolve import Mappings, Stored
from stream_processors.stories import SHORTEST_SHA, Pointed
from stream_processors.warehouse import Warehouse, fitting

_SHA = re.compile(r"[0-9a-f]{7,64}")
_SOUGHT = f"(reference IN {{references:Array(String)}} OR left(reference, {SHORTEST_SHA}) IN {{begun:Array(String)}})"
_POINTED_AT = (
    f"SELECT source, id FROM delivery_events ARRAY JOIN references AS reference WHERE kind != 'incident' AND {_SOUGHT}"
)
_POINTING = (
    f"SELECT DISTINCT {STORY} FROM delivery_events ARRAY JOIN references AS reference "
    "WHERE kind = 'incident' AND service = ''"
)


async def stories(warehouse: Warehouse, incidents: Iterable[tuple[str, str]]) -> list[Stored]:
    """Every content of every event of these incidents, (source, incident id)."""
    found: list[Stored] = []
    for ids in fitting(sorted(incidents)):
        rows = await warehouse.rows(
            f"SELECT {COLUMNS} FROM delivery_events "
            f"WHERE kind = 'incident' AND {STORY} IN {{ids:Array(Tuple(String, String))}}",
            {"ids": ids},
        )
        found += stored(rows)
    return found


async def pointed(warehouse: Warehouse, incidents: Iterable[Stored], mappings: Mappings) -> Pointed:
    """Deployments, pushes and changes that these events of incidents may point at, what counts of each.

    One that names a service is not asked for what it points at: its incident belongs to a service that it names.
    """
    sought = {
        one
        for event in incidents
        if isinstance(event.data, Incident) and event.data.service is None
        for one in pointers(event.data)
    }
    found: dict[tuple[str, str], Stored] = {}
    for part in fitting(sorted(sought)):
        for event in stored(await warehouse.rows(winners(f"(source, id) IN ({_POINTED_AT})"), _sought(part))):
            found[event.source, event.id] = event
    return Pointed(found.values(), mappings)


async def pointing(warehouse: Warehouse, references: Iterable[str]) -> set[tuple[str, str]]:
    """Incidents, (source, incident id), that may point at one of these ids or commits without naming a service."""
    found: set[tuple[str, str]] = set()
    for part in fitting(sorted(set(references))):
        rows = await warehouse.rows(f"{_POINTING} AND {_SOUGHT}", _sought(part))
        found |= {(source, incident) for ((source, incident),) in rows}
    return found


async def all_pointing(warehouse: Warehouse) -> set[tuple[str, str]]:
    """All incidents that point at something without naming a service."""
    return {(source, incident) for ((source, incident),) in await warehouse.rows(_POINTING)}


def _sought(references: list[str]) -> dict[str, list[str]]:
    begun = {one[:SHORTEST_SHA] for one in references if _SHA.fullmatch(one)}
    return {"references": references, "begun": sorted(begun)}
