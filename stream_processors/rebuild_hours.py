"""The gateway's part of a rebuild: hours out of unit rows, compared with the slices that stand, inside the engine."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from stream_processors import hours
from stream_processors.marks import HourMark
from stream_processors.warehouse import Warehouse

HOURS_A_ROUND = 500
"""Slices that one statement computes; the recompute worker does as many in a second or two."""

_KEY = ("service", "hour", "version")
_CONTENT = re.findall(r"\w+", hours.COLUMNS)[len(_KEY) :]

_ALL = """
SELECT DISTINCT service, hour FROM
(
    SELECT toString(service) AS service, hour FROM gateway_hour_slices FINAL
    UNION ALL
    SELECT DISTINCT toString(service), toStartOfHour(minute) FROM gateway_unit_rows
)
WHERE empty({only:Array(String)}) OR service IN {only:Array(String)}
ORDER BY hour, service
"""

_COMPUTED = f"""
SELECT row.1, row.2, hex(sipHash128({", ".join(f"row.{number}" for number in range(4, 4 + len(_CONTENT)))})),
    arraySum(row.{4 + _CONTENT.index("requests")})
FROM (SELECT tuple(*) AS row FROM ({hours.COMPUTED}))
"""

_STANDING = f"""
SELECT service, hour, hex(sipHash128({", ".join(_CONTENT)})), arraySum(requests) FROM gateway_hour_slices FINAL
WHERE {hours.STANDING}
"""


async def all_hours(warehouse: Warehouse, only: Collection[str] = ()) -> list[HourMark]:
    """Every (service, hour) that stands or has unit rows, in order of time. `only`: of these gateway services."""
    return [HourMark(service, hour) for service, hour in await warehouse.rows(_ALL, {"only": sorted(only)})]


async def different_hours(warehouse: Warehouse, marks: Sequence[HourMark], zone: str) -> list[tuple[HourMark, str]]:
    """Those that do not stand as unit rows say, with the requests on both sides; an absent slice is an empty one."""
    asked = hours.parameters(marks)
    standing = await warehouse.rows(_STANDING, asked)
    computed = await warehouse.rows(_COMPUTED, asked | {"versions": [0] * len(marks), "zone": zone})
    stands = {HourMark(service, hour): (digest, requests) for service, hour, digest, requests in standing}
    found: list[tuple[HourMark, str]] = []
    for service, hour, digest, requests in computed:
        mark = HourMark(service, hour)
        stood, counted = stands.get(mark, (None, 0))
        if stood != digest and not (stood is None and requests == 0):
            found.append((mark, f"{counted} requests stand, unit rows have {requests}"))
    return found
