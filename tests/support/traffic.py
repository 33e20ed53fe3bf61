"""Gateway traffic made for tests: units whose sums are known."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from schemas import gateway
from schemas.base import event_id
from schemas.gateway import GatewayRequest
from schemas.streams import GATEWAY
from tests.support.plant import Message

START = datetime(2026, 6, 1, tzinfo=UTC)
Totals = Counter[tuple[str, str, str]]
"""(service, consumer, outcome) → requests."""


def unit(seed: int, requests: int = 50) -> list[GatewayRequest]:
    """A unit: the same seed gives the same requests."""
    rnd = random.Random(seed)
    name = gateway.unit_id("//gateway/test", f"unit-{seed}", b"")
    return [
        GatewayRequest(
            unit=name,
            at=START + timedelta(seconds=rnd.randrange(14 * 86400), microseconds=rnd.randrange(10**6)),
            service=f"api-{rnd.randrange(4)}",
            route=f"/things/{{id}}/{rnd.randrange(3)}",
            method=rnd.choice(["GET", "POST"]),
            status=(status := rnd.choice([200, 200, 200, 404, 503])),
            outcome=gateway.outcome_of(status),
            consumer=f"caller-{rnd.randrange(6)}",
            latency_us=rnd.randrange(1, 2_000_000),
        )
        for _ in range(requests)
    ]


def message(units: list[list[GatewayRequest]]) -> Message:
    """One Kafka message that packs these units."""
    requests = [request for one in units for request in one]
    value = gateway.encode(gateway.to_table(requests))
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id(*(one[0].unit for one in units)).encode()),
        ("ce_source", b"//gateway/test"),
        ("ce_type", gateway.TYPE.encode()),
        ("content-type", gateway.ARROW.encode()),
    ]
    return GATEWAY.topic, b"//gateway/test", value, headers


def totals(units: list[list[GatewayRequest]]) -> Totals:
    """What these units must sum up to, each counted once."""
    counted: Totals = Counter()
    for requests in {one[0].unit: one for one in units}.values():
        for request in requests:
            counted[request.service, request.consumer, request.outcome] += 1
    return counted


def packed(units: list[list[GatewayRequest]], seed: int, most: int = 20) -> Iterator[Message]:
    """The units in messages of random sizes, as an edge with other timing would pack them."""
    rnd = random.Random(seed)
    rest = list(units)
    while rest:
        cut = rnd.randint(1, most)
        yield message(rest[:cut])
        rest = rest[cut:]


HOURS = """
    SELECT service, consumer, outcome, sum(requests) FROM adoption.gateway_hours
    GROUP BY service, consumer, outcome ORDER BY ALL
"""
"""Totals as the view has them."""
