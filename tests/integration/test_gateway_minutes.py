"""Gateway minutes through the processors: each request in its minute once, whatever is replayed or late."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from math import ceil, log
from random import Random
from typing import Any

import pytest

from schemas.catalog import Service
from schemas.gateway import GatewayRequest, outcome_of, unit_id
from stream_processors.gateway import GAMMA
from tests.support.line import APPENDED, Line, event

HOUR = datetime(2026, 6, 1, 10, tzinfo=UTC)


def request(unit: str, at: datetime, **said: Any) -> GatewayRequest:
    status = said.pop("status", 200)
    return GatewayRequest(
        **{
            "unit": unit_id("//gateway", unit, b""),
            "at": at,
            "service": "api",
            "route": "/",
            "status": status,
            "outcome": outcome_of(status, limited_by_gateway=True),
            **said,
        }
    )


def unit(name: str, *minutes: int, **said: Any) -> list[GatewayRequest]:
    """A unit with one request in each of these minutes after `HOUR`."""
    return [request(name, HOUR + timedelta(minutes=minute), **said) for minute in minutes]


def minutes(pipeline: Line) -> dict[int, int]:
    """Minutes after `HOUR` → requests."""
    rows = pipeline.rows("SELECT minute, sum(requests) FROM gateway_minutes GROUP BY minute ORDER BY minute")
    return {(minute - HOUR) // timedelta(minutes=1): count for minute, count in rows}


def test_a_replay_changes_no_minute_and_a_late_unit_restates_it(pipeline: Line) -> None:
    pipeline.send_traffic(unit("u", 0, 0, 61))
    pipeline.send_traffic(unit("u", 0, 0, 61), on=APPENDED + timedelta(days=30))
    pipeline.recompute()
    assert minutes(pipeline) == {0: 2, 61: 1}
    down = "SELECT minute, state FROM reliability_minutes WHERE state = 'no_objective' AND error > 0"
    assert pipeline.rows(down) == []
    pipeline.send_traffic(unit("late", 0, 5, status=503), on=APPENDED + timedelta(days=60))
    pipeline.recompute()
    assert minutes(pipeline) == {0: 3, 5: 1, 61: 1}
    assert [minute for minute, _ in pipeline.rows(f"{down} ORDER BY minute")] == [HOUR, HOUR + timedelta(minutes=5)]


@pytest.mark.parametrize("first", [0, 1])
def test_minutes_of_a_content_that_lost_are_gone(pipeline: Line, first: int) -> None:
    contents = [unit("u", 0, 1), unit("u", 2, 62, 62)]
    pipeline.send_traffic(contents[first])
    pipeline.recompute()
    pipeline.send_traffic(contents[1 - first])
    pipeline.recompute()
    ((greatest,),) = pipeline.rows("SELECT toUInt8(requests) FROM gateway_units ORDER BY content DESC LIMIT 1")
    assert minutes(pipeline) == {2: {0: 1, 1: 1}, 3: {2: 1, 62: 2}}[greatest]


def test_callers_are_kept_of_errors_only(pipeline: Line) -> None:
    callers = [("web", "shop", 200), ("web", "shop", 503), ("cart", "", 404), ("cart", "", 0), ("cart", "", 429)]
    for number, (consumer, team, status) in enumerate(callers):
        pipeline.send_traffic(unit(f"u{number}", 7, consumer=consumer, team=team, status=status))
    pipeline.recompute()
    rows = pipeline.rows("SELECT outcome, consumer, named_team, requests FROM gateway_minutes ORDER BY ALL")
    assert rows == [
        ("client_error", "", "", 1), ("error", "cart", "", 1), ("error", "web", "shop", 1), ("limited", "", "", 1),
        ("ok", "", "", 1),
    ]  # fmt: skip


def test_a_minute_that_is_later_than_as_of_is_not_there_yet(pipeline: Line) -> None:
    pipeline.send_traffic([request("u", APPENDED), request("u", APPENDED + timedelta(minutes=1))])
    pipeline.recompute()
    assert pipeline.rows("SELECT minute FROM gateway_minutes") == [(APPENDED,)]


@pytest.fixture
def pin(pipeline: Line) -> Iterator[Callable[[datetime], None]]:
    """Pins now; afterwards it is where it was."""

    def pinned(instant: datetime) -> None:
        ((version,),) = pipeline.rows("SELECT max(version) + 1 FROM clock")
        statement = (
            "INSERT INTO clock (name, at, version) VALUES ('pinned', {at:DateTime64(6, 'UTC')}, {version:UInt64})"
        )
        asyncio.run(pipeline.warehouse.command(statement, {"at": instant, "version": version}))

    yield pinned
    pinned(APPENDED)


def test_a_now_within_an_hour_cuts_it_there(pipeline: Line, pin: Callable[[datetime], None]) -> None:
    """Of web's four requests in the hour two had come; the minute of now counts whole, as it does for reliability."""
    pipeline.send(event(Service(service="api", is_platform=True), HOUR))
    pipeline.send_traffic(unit("u", 10, 30, 31, 40, consumer="web"), unit("later", 40, consumer="cart"))
    pipeline.send_traffic(unit("next hour", 61, consumer="web"), unit("other", 10, service="pay"))
    pipeline.recompute()
    pin(HOUR + timedelta(minutes=30, seconds=30))
    ten, thirty = HOUR + timedelta(minutes=10), HOUR + timedelta(minutes=30)
    hours = "SELECT service, consumer, requests, first_at, last_at FROM gateway_hours ORDER BY service"
    assert pipeline.rows(hours) == [("api", "web", 2, ten, thirty), ("pay", "", 1, ten, ten)]
    assert pipeline.rows("SELECT consumer, uses, last_at FROM adoption_use") == [("web", 2, thirty)]
    minutes = "SELECT minute, requests FROM reliability_minutes WHERE service = 'api' ORDER BY minute"
    assert pipeline.rows(minutes) == [(ten, 1), (thirty, 1)]
    last = "SELECT last_at FROM gateway_services WHERE service = 'api'"
    assert pipeline.rows(last) == [(HOUR + timedelta(minutes=30, seconds=30),)]
    pin(HOUR)
    assert pipeline.rows("SELECT service FROM gateway_services") == []


def test_a_cut_hour_counts_a_unit_once_and_of_two_contents_the_greatest(
    pipeline: Line, pin: Callable[[datetime], None]
) -> None:
    pipeline.send_traffic(unit("u", 0, 59))
    pipeline.send_traffic(unit("u", 0, 59), on=APPENDED + timedelta(days=30))
    pipeline.send_traffic(unit("two", 1, 1, 59))
    pipeline.send_traffic(unit("two", 2, 59))
    pipeline.recompute()
    ((whole,),) = pipeline.rows("SELECT toUInt8(sum(requests)) FROM gateway_hours")
    pin(HOUR + timedelta(minutes=30))
    assert pipeline.rows("SELECT sum(requests) FROM gateway_hours") == [(whole - 2,)]
    assert pipeline.rows("SELECT sum(requests) FROM gateway_minutes") == [(whole - 2,)]


@pytest.mark.parametrize("seed", [1, 2])
def test_minutes_and_hours_are_sums_of_the_same_requests(
    pipeline: Line, pin: Callable[[datetime], None], seed: int
) -> None:
    """Random units in random messages, a third of them twice, recomputed in between; counted here one by one."""
    rng = Random(seed)
    units = [
        [
            request(
                f"{seed}-{number}",
                HOUR + timedelta(seconds=rng.randrange(3 * 3600), microseconds=rng.randrange(10**6)),
                service=rng.choice(["api", "pay"]),
                route=rng.choice(["/a", "/b"]),
                environment=rng.choice(["", "production", "staging"]),
                consumer=rng.choice(["web", "cart", ""]),
                team=rng.choice(["", "shop"]),
                method=rng.choice(["GET", "POST"]),
                status=rng.choice([200, 201, 404, 429, 500, 503]),
                is_synthetic=rng.random() < 0.1,
                latency_us=rng.choice([None, 0, rng.randrange(1, 2_000_000)]),
            )
            for _ in range(rng.randrange(1, 40))
        ]
        for number in range(40)
    ]
    for sent in (rng.sample(units, 40), rng.sample(units, 13)):
        while sent:
            cut = rng.randrange(1, 9)
            pipeline.send_traffic(*sent[:cut])
            del sent[:cut]
            if rng.random() < 0.5:
                pipeline.recompute()
    pipeline.recompute()
    requests = [one for each in units for one in each]
    counted: Counter[tuple[Any, ...]] = Counter()
    histogram: Counter[tuple[Any, ...]] = Counter()
    for one in requests:
        failed = one.outcome == "error"
        caller = (one.consumer, one.team) if failed else ("", "")
        minute = one.at.replace(second=0, microsecond=0)
        counted[one.service, minute, one.environment, one.route, one.outcome, *caller] += 1
        if one.latency_us is not None:
            bucket = ceil(log(max(1, one.latency_us)) / log(GAMMA))
            histogram[one.service, minute, one.route, one.outcome, bucket] += 1
    key = "service, minute, environment, route, outcome, consumer, named_team"
    found = pipeline.rows(f"SELECT {key}, requests FROM gateway_minutes")
    assert {tuple(row[:-1]): row[-1] for row in found} == counted, "each group once, and no other"
    rows = pipeline.rows(
        "SELECT service, minute, route, outcome, bucket, sum(count) FROM gateway_minutes "
        "ARRAY JOIN latency_buckets AS bucket, latency_counts AS count GROUP BY ALL"
    )
    assert {tuple(row[:-1]): row[-1] for row in rows} == histogram
    sums = (
        "SELECT service, hour, environment, route, outcome, sum(requests), sumMap(latency_buckets, latency_counts) "
        "FROM {} GROUP BY ALL ORDER BY ALL"
    )
    assert pipeline.rows(sums.format("gateway_minutes")) == pipeline.rows(sums.format("gateway_hours"))
    for _ in range(5):
        now = HOUR + timedelta(seconds=rng.randrange(3 * 3600))
        pin(now)
        assert pipeline.rows(sums.format("gateway_minutes")) == pipeline.rows(sums.format("gateway_hours"))
        came = sum(one.at.replace(second=0, microsecond=0) <= now for one in requests)
        assert pipeline.rows("SELECT sum(requests) FROM gateway_hours") == [(came,)], f"seed {seed}, {now}"
