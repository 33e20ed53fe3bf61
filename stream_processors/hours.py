"""Gateway hours: unit rows of the dirty (service, hour) slices, summed up into one row per slice, inside the engine.

A unit counts once: its rows are grouped by (key, unit, content), so that a replay into another day's partition is the
same row. Of two contents of one unit the greatest counts. A slice that nothing counts in any more is an empty row.
Where the tenant's midnight lies within a UTC hour (half-hour zones), groups are cut there: views take the local day of
a group from its first request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stream_processors.marks import HourMark
from stream_processors.warehouse import Warehouse, fitting

_IN_SLICES = (
    "minute >= fromUnixTimestamp({first:UInt32}) AND minute < fromUnixTimestamp({last:UInt32}) + INTERVAL 1 HOUR "
    "AND service IN {names:Array(String)} "
    "AND (service, toUInt32(toStartOfHour(minute))) IN arrayZip({services:Array(String)}, {hours:Array(UInt32)})"
)

_LOSERS = f"""
    SELECT unit, loser FROM
    (
        SELECT unit, arrayPopBack(arraySort(groupUniqArray(content))) AS losers FROM gateway_units
        WHERE unit IN (SELECT unit FROM gateway_unit_rows WHERE {_IN_SLICES})
        GROUP BY unit
    )
    ARRAY JOIN losers AS loser
"""
"""(unit, content) of every content that lost, of the units in the slices."""

COLUMNS = """
    (service, hour, version, consumer, team, environment, route, method, status, outcome, is_synthetic, requests,
     request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at)"""
"""Of `gateway_hour_slices`, as `COMPUTED` gives them."""

COMPUTED = f"""
SELECT slice.1, fromUnixTimestamp(slice.2), slice.3, consumers, teams, environments, routes, methods, statuses,
    outcomes, synthetics, counts, request_sizes, response_sizes, buckets, bucket_counts, firsts, lasts
FROM
(
    SELECT arrayJoin(arrayZip({{services:Array(String)}}, {{hours:Array(UInt32)}}, {{versions:Array(UInt64)}})) AS slice
) AS wanted
LEFT JOIN
(
SELECT
    service, hour,
    groupArray(consumer) AS consumers, groupArray(team) AS teams, groupArray(environment) AS environments,
    groupArray(route) AS routes, groupArray(method) AS methods, groupArray(status) AS statuses,
    groupArray(outcome) AS outcomes, groupArray(is_synthetic) AS synthetics, groupArray(requests) AS counts,
    groupArray(request_bytes) AS request_sizes, groupArray(response_bytes) AS response_sizes,
    groupArray(latency.1) AS buckets, groupArray(latency.2) AS bucket_counts,
    groupArray(first_at) AS firsts, groupArray(last_at) AS lasts
FROM
(
    SELECT
        service, toStartOfHour(minute) AS hour, consumer, team, environment, route, method, status, outcome,
        is_synthetic,
        sum(row.1) AS requests, sum(row.2) AS request_bytes, sum(row.3) AS response_bytes,
        sumMap(row.4, row.5) AS latency, min(row.6) AS first_at, max(row.7) AS last_at
    FROM
    (
        SELECT
            service, minute, consumer, team, environment, route, method, status, outcome, is_synthetic, unit, content,
            any((requests, request_bytes, response_bytes, latency_buckets,
                 arrayMap(n -> toUInt64(n), latency_counts), first_at, last_at)) AS row
        FROM gateway_unit_rows
        WHERE {_IN_SLICES} AND (unit, content) NOT IN ({_LOSERS})
        GROUP BY service, minute, consumer, team, environment, route, method, status, outcome, is_synthetic, unit,
                 content
    )
    GROUP BY service, hour, consumer, team, environment, route, method, status, outcome, is_synthetic,
             toDate(minute, {{zone:String}})
    ORDER BY service, hour, consumer, team, environment, route, method, status, outcome, is_synthetic, first_at
)
GROUP BY service, hour
) AS summed ON summed.service = wanted.slice.1 AND toUInt32(summed.hour) = wanted.slice.2
"""
"""The slices that `parameters` name, out of unit rows: what a recompute writes, and a rebuild compares with."""

_RECOMPUTE = f"INSERT INTO gateway_hour_slices {COLUMNS} {COMPUTED}"

_CONFLICTING = """
    SELECT DISTINCT service, hour FROM gateway_units ARRAY JOIN services AS service, hours AS hour
    WHERE unit IN (
        SELECT unit FROM gateway_units WHERE unit IN arrayMap(u -> toFixedString(unhex(u), 16), {units:Array(String)})
        GROUP BY unit HAVING uniqExact(content) > 1)
"""


async def conflicting_hours(warehouse: Warehouse, units: Iterable[str]) -> set[HourMark]:
    """Hours of every content of those units (32 hex digits) that have more than one; asked after they are written."""
    hours: set[HourMark] = set()
    for part in fitting(sorted(units)):
        hours |= {HourMark(service, hour) for service, hour in await warehouse.rows(_CONFLICTING, {"units": part})}
    return hours


async def recompute_hours(warehouse: Warehouse, versions: Mapping[HourMark, int], *, zone: str) -> None:
    """Recompute slices (slice → version of its result); returns when the results are durable.

    Args:
        warehouse: where unit rows are, and results go.
        versions: what to recompute.
        zone: IANA zone in which days are cut.
    """
    for chunk in fitting(sorted(versions, key=lambda mark: (mark.hour, mark.service))):
        await warehouse.command(
            _RECOMPUTE, parameters(chunk) | {"versions": [versions[mark] for mark in chunk], "zone": zone}
        )


def parameters(chunk: Sequence[HourMark]) -> dict[str, Any]:
    """Of `COMPUTED`, but for `versions` (one per slice) and `zone`."""
    hours = [int(mark.hour.timestamp()) for mark in chunk]
    return {
        "first": min(hours),
        "last": max(hours),
        "names": sorted({mark.service for mark in chunk}),
        "services": [mark.service for mark in chunk],
        "hours": hours,
    }
