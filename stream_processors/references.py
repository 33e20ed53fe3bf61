"""Which incidents point at which deployments: look-ups in the archive, in both directions.

An incident that names no service belongs to those whose deployments it points at, by id or commit, in any of its
events. Commits are looked up by their first digits, as a short one means its long one; what is found is more than what
is meant, and `resolve.referenced_by` decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stream_processors.archive import COLUMNS, STORY, UNNAMED_INCIDENT, stored, winners
from stream_processors.resolve import Stored
from stream_processors.warehouse import Warehouse, fitting

_SHA = re.compile(r"[0-9a-f]{7,64}")
_SHORTEST_SHA = 7

_REFERRING = (
    "SELECT source, id FROM delivery_events ARRAY JOIN references AS reference WHERE {kind} "
    f"AND (reference IN {{references:Array(String)}} OR left(reference, {_SHORTEST_SHA}) IN {{begun:Array(String)}})"
)


async def stories(warehouse: Warehouse, incidents: Iterable[tuple[str, str]]) -> list[Stored]:
    """Every content of every event of these incidents, (source, incident id), that names no service."""
    found: list[Stored] = []
    for ids in fitting(sorted(incidents)):
        rows = await warehouse.rows(
            f"SELECT {COLUMNS} FROM delivery_events "
            f"WHERE {UNNAMED_INCIDENT} AND {STORY} IN {{ids:Array(Tuple(String, String))}}",
            {"ids": ids},
        )
        found += stored(rows)
    return found


async def deployments(warehouse: Warehouse, references: Iterable[str]) -> list[Stored]:
    """Deployments that may be known by one of these ids or commits, the content that counts of each."""
    found: list[Stored] = []
    for part in fitting(sorted(set(references))):
        found += stored(await warehouse.rows(winners(f"(source, id) IN ({_DEPLOYMENTS})"), _sought(part)))
    return found


async def is_pointed_at(warehouse: Warehouse, references: Iterable[str]) -> bool:
    """Whether some incident without a service may point at one of these deployment ids or commits."""
    for part in fitting(sorted(set(references))):
        if await warehouse.rows(f"{_INCIDENTS} LIMIT 1", _sought(part)):
            return True
    return False


_DEPLOYMENTS = _REFERRING.replace("{kind}", "kind = 'deployment'")
_INCIDENTS = _REFERRING.replace("{kind}", UNNAMED_INCIDENT)


def _sought(references: list[str]) -> dict[str, list[str]]:
    begun = {one[:_SHORTEST_SHA] for one in references if _SHA.fullmatch(one)}
    return {"references": references, "begun": sorted(begun)}
