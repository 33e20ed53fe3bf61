"""Gateway hours and minutes: unit rows of the dirty (service, hour) slices, summed up into one row per slice.

The engine does it, in one statement: groups by hour with everything we keep of a request, and groups by minute with
what availability and latency need, in parallel arrays of one row that is replaced whole.

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

STANDING = (
    "hour >= fromUnixTimestamp({first:UInt32}) AND hour <= fromUnixTimestamp({last:UInt32}) "
    "AND service IN {names:Array(String)} "
    "AND (service, toUInt32(hour)) IN arrayZip({services:Array(String)}, {hours:Array(UInt32)})"
)
"""Of `gateway_hour_slices` those that `parameters` name."""

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
     request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at,
     minute_number, minute_environment, minute_route, minute_outcome, minute_consumer, minute_team, minute_requests,
     minute_latency_buckets, minute_latency_counts)"""
"""Of `gateway_hour_slices`, as `COMPUTED` gives them."""

COMPUTED = f"""
SELECT slice.1, fromUnixTimestamp(slice.2), slice.3, consumers, teams, environments, routes, methods, statuses,
    outcomes, synthetics, counts, request_sizes, response_sizes, buckets, bucket_counts, firsts, lasts,
    numbers, minute_environments, minute_routes, minute_outcomes, minute_consumers, minute_teams, minute_counts,
    minute_buckets, minute_bucket_counts
FROM
(
    SELECT arrayJoin(arrayZip({{services:Array(String)}}, {{hours:Array(UInt32)}}, {{versions:Array(UInt64)}})) AS slice
) AS wanted
LEFT JOIN
(
SELECT
    service, hour,
    groupArrayIf(consumer, of_hour) AS consumers, groupArrayIf(team, of_hour) AS teams,
    groupArrayIf(environment, of_hour) AS environments, groupArrayIf(route, of_hour) AS routes,
    groupArrayIf(method, of_hour) AS methods, groupArrayIf(status, of_hour) AS statuses,
    groupArrayIf(outcome, of_hour) AS outcomes, groupArrayIf(is_synthetic, of_hour) AS synthetics,
    groupArrayIf(requests, of_hour) AS counts, groupArrayIf(request_bytes, of_hour) AS request_sizes,
    groupArrayIf(response_bytes, of_hour) AS response_sizes,
    groupArrayIf(latency.1, of_hour) AS buckets, groupArrayIf(latency.2, of_hour) AS bucket_counts,
    groupArrayIf(first_at, of_hour) AS firsts, groupArrayIf(last_at, of_hour) AS lasts,
    groupArrayIf(toUInt8(toMinute(minute)), NOT of_hour) AS numbers,
    groupArrayIf(environment, NOT of_hour) AS minute_environments, groupArrayIf(route, NOT of_hour) AS minute_routes,
    groupArrayIf(outcome, NOT of_hour) AS minute_outcomes,
    groupArrayIf(failed_consumer, NOT of_hour) AS minute_consumers,
    groupArrayIf(failed_team, NOT of_hour) AS minute_teams,
    groupArrayIf(requests, NOT of_hour) AS minute_counts,
    groupArrayIf(latency.1, NOT of_hour) AS minute_buckets, groupArrayIf(latency.2, NOT of_hour) AS minute_bucket_counts
FROM
(
    SELECT
        service, toStartOfHour(minute) AS hour, toDate(minute, {{zone:String}}) AS day, minute, consumer, team,
        environment, route, method, status, outcome, is_synthetic,
        if(outcome = 'error', consumer, '') AS failed_consumer, if(outcome = 'error', team, '') AS failed_team,
        grouping(day) = 0 AS of_hour,
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
    -- Two sums of one read: looking at the units is the dear part.
    GROUP BY GROUPING SETS
    (
        (service, hour, day, consumer, team, environment, route, method, status, outcome, is_synthetic),
        (service, hour, minute, environment, route, outcome, failed_consumer, failed_team)
    )
    ORDER BY service, hour, minute, consumer, team, environment, route, method, status, outcome, is_synthetic,
             failed_consumer, failed_team, first_at
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
