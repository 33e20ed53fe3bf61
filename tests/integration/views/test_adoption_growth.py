"""Growth accounting at every grain: against a slow computation from single events, and on a million of them."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

import pytest

from tests.integration.views.adoption_by_hand import History, Service, random_history
from tests.integration.views.warehouse_rows import Warehouse

GRAINS = ("day", "week", "month", "quarter")
STEPS = ("active", "new", "retained", "resurrected", "reassigned_in", "churned", "reassigned_out")


def load(warehouse: Warehouse, history: History) -> None:
    """A history as recompute and pipeline would have stored it."""
    warehouse.now(f"{history.now:%Y-%m-%d %H:%M}")
    for service, active_min in history.active_min.items():
        warehouse.platform(service, active_min=active_min)
    for consumer, owners in history.owners.items():
        for day, team in owners:
            warehouse.owner(consumer, team, f"{day} 12:00", entity="consumer")
    slices: dict[tuple[str, Any], list[dict[str, Any]]] = defaultdict(list)
    for call in history.calls:
        hour = call.at.replace(minute=0, second=0)
        # Groups are cut at the tenant's midnight, also within an hour.
        slices[call.service, hour].append(
            {
                "consumer": call.consumer,
                "team": call.named_team,
                "outcome": call.outcome,
                "requests": call.requests,
                "first_at": call.at,
                "last_at": call.at,
            }
        )
    rows = []
    for version, ((service, hour), groups) in enumerate(sorted(slices.items()), 1):
        columns = {name: [group[name] for group in groups] for name in groups[0]}
        columns |= {"environment": [""] * len(groups), "route": ["/"] * len(groups), "method": ["GET"] * len(groups)}
        columns |= {name: [0] * len(groups) for name in ("status", "is_synthetic", "request_bytes", "response_bytes")}
        columns |= {name: [[]] * len(groups) for name in ("latency_buckets", "latency_counts")}
        rows.append({"service": service, "hour": hour, "version": version, **columns})
    warehouse.insert("gateway_hour_slices", rows)


def grown(warehouse: Warehouse, grain: str) -> list[dict[str, Any]]:
    return warehouse.rows(
        f"SELECT * FROM adoption_growth_by(grain = '{grain}') ORDER BY service, consumer_set, period_start"
    )


def identity(rows: list[dict[str, Any]]) -> int:
    """Fails where a closed period does not add up; returns how many were checked."""
    checked = 0
    for _, slice_ in groupby(rows, key=lambda row: (row["service"], row["consumer_set"])):
        periods = list(slice_)
        for before, row in pairwise([{"active": 0}, *periods]):
            entered = row["new"] + row["resurrected"] + row["reassigned_in"]
            assert row["active"] == row["retained"] + entered, row
            if row["is_partial"]:
                assert (row["churned"], row["reassigned_out"], row["quick_ratio"]) == (None, None, None)
            else:
                assert row["active"] == before["active"] + entered - row["churned"] - row["reassigned_out"], row
                checked += 1
    return checked


@pytest.mark.parametrize(
    ("place", "zone", "seed"),
    [("warehouse", "UTC", 1), ("in_berlin", "Europe/Berlin", 2), ("in_kolkata", "Asia/Kolkata", 3)],
    ids=["seed 1, UTC", "seed 2, Berlin: the clock goes forward in it", "seed 3, Kolkata: half an hour off"],
)
def test_growth_is_what_a_slow_computation_from_single_events_says(
    request: pytest.FixtureRequest, place: str, zone: str, seed: int
) -> None:
    warehouse: Warehouse = request.getfixturevalue(place)
    history = random_history(seed, zone)
    load(warehouse, history)
    for grain in GRAINS:
        rows = grown(warehouse, grain)
        found = {
            (row["service"], row["consumer_set"], row["period_start"]): {name: row[name] for name in STEPS}
            for row in rows
        }
        expected = {
            (service, consumer_set, period): counts
            for service in history.active_min
            for period, consumer_set, counts in Service(history, service, grain).growth()
        }
        assert found == expected, grain
        identity(rows)
        if grain == "week":  # a random history that never gets there proves nothing
            assert all(sum(counts[name] or 0 for counts in expected.values()) > 10 for name in STEPS)


MILLION = """
    INSERT INTO gateway_hour_slices (
        service, hour, version, consumer, team, environment, route, method, status, outcome, is_synthetic, requests,
        request_bytes, response_bytes, latency_buckets, latency_counts, first_at, last_at
    )
    SELECT
        service, hour, 1, groupArray(consumer), groupArray(named), groupArray(''), groupArray('/'), groupArray('GET'),
        groupArray(200), groupArray('ok'), groupArray(0), groupArray(events), groupArray(0), groupArray(0),
        groupArray(CAST([], 'Array(UInt16)')), groupArray(CAST([], 'Array(UInt64)')),
        groupArray(first), groupArray(last)
    FROM
    (
        SELECT service, hour, consumer, named, count() AS events, min(instant) AS first, max(instant) AS last
        FROM
        (
            SELECT
                concat('svc-', toString(number % 4)) AS service,
                cityHash64(number, {seed}) % 400 AS caller,
                if(caller = 0, '', concat('app-', toString(caller))) AS consumer,
                if(cityHash64(number, {seed}, 'n') % 33 = 0, concat('team-', toString(number % 12)), '') AS named,
                toDateTime64('2025-01-06 00:00:00', 6, 'UTC')
                    + toIntervalMicrosecond(cityHash64(number, {seed}, 't') % (400 * 86400000000)) AS instant,
                toStartOfHour(instant) AS hour
            FROM numbers(3000000)
            -- Callers come and go: each is there in one of three spells of nine days, by chance.
            WHERE cityHash64(caller, service, intDiv(toUInt32(toDate(instant)), 9), {seed}) % 3 = 0
        )
        GROUP BY service, hour, consumer, named
    )
    GROUP BY service, hour
"""


def test_the_identity_holds_in_every_slice_on_a_million_random_events(warehouse: Warehouse) -> None:
    seed = 4
    rng = random.Random(seed)
    warehouse.now("2026-02-05 12:00")
    for number in range(4):
        warehouse.platform(f"svc-{number}", active_min=number + 1)
    moves = [
        {"entity": "consumer", "name": f"app-{caller}", "team": f"team-{rng.randrange(12)}"}
        for caller in range(1, 390)  # the others are unknown
        for _ in range(3)
    ]
    days = [datetime(2025, 1, 6, tzinfo=UTC) + timedelta(days=rng.randrange(400)) for _ in moves]
    warehouse.insert(
        "catalog_events",
        [
            {
                "source": "moves",
                "id": f"{number}",
                "kind": "ownership",
                "time": day,
                "at": day,
                "data": json.dumps(move),
            }
            for number, (day, move) in enumerate(zip(days, moves, strict=True))
        ],
    )
    warehouse.client.command(MILLION.format(seed=seed))
    assert warehouse.column("SELECT sum(uses) FROM adoption_use")[0] > 990_000
    checked = {grain: identity(grown(warehouse, grain)) for grain in GRAINS}
    # 4 services x 2 sets x closed periods: 395 days, 56 weeks, 13 months, 4 quarters.
    assert checked == {"day": 3160, "week": 448, "month": 104, "quarter": 32}, seed
