"""Traffic for benchmarks: batches whose cardinality is stated and whose sums are known.

Two cardinalities, because aggregation shrinks the one and not the other: `pairs` has 900 (consumer, route) pairs under
a Zipf distribution, `hard` has 40 services x 60 consumers x 20 routes x 4 methods x 10 statuses, evenly, so that 10,000
requests still make thousands of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa

from schemas import gateway
from schemas.base import event_id
from schemas.streams import GATEWAY
from tests.support.plant import Message

Cardinality = Literal["pairs", "hard"]
START: Final = np.datetime64("2026-06-01T10:00:00", "us")
STATUSES: Final = np.array([200, 201, 204, 301, 304, 400, 404, 429, 500, 503], np.uint16)
METHODS: Final = ["GET", "POST", "PUT", "DELETE"]
SOURCES: Final = 16
"""Senders: a message's key is its sender, so that partitions are shared out."""


@dataclass(frozen=True)
class Shape:
    """One kind of traffic.

    Attributes:
        cardinality: see above.
        requests: in one message.
        units: in one message.
    """

    cardinality: Cardinality
    requests: int
    units: int = 20

    def __str__(self) -> str:
        return f"{self.cardinality}, {self.requests:,} requests a message, {self.units} units"


def messages(shape: Shape, total: int, seed: int = 1) -> Iterator[Message]:
    """Messages of at least `total` requests."""
    for number in range(-(-total // shape.requests)):
        value = gateway.encode(table(shape, number, np.random.default_rng([seed, number])))
        sender = f"//gateway/{number % SOURCES}"
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", event_id("benchmark", seed, number).encode()),
            ("ce_source", sender.encode()),
            ("ce_type", gateway.TYPE.encode()),
            ("content-type", gateway.ARROW.encode()),
        ]
        yield GATEWAY.topic, sender.encode(), value, headers


def table(shape: Shape, number: int, rng: np.random.Generator) -> pa.Table:
    """The requests of message `number`: ten seconds of traffic."""
    count = shape.requests
    if shape.cardinality == "pairs":
        pair = np.minimum(rng.zipf(1.2, count) - 1, 899)
        service, consumer, route = pair % 5, pair // 5 % 60, pair % 3
        method, status = np.zeros(count, np.int64), np.zeros(count, np.int64)
    else:
        service, consumer, route = (rng.integers(0, most, count) for most in (40, 60, 20))
        method, status = rng.integers(0, 4, count), rng.integers(0, 10, count)
    moment = np.sort(rng.integers(0, 10_000_000, count)) + number * 1_000
    statuses = STATUSES[status]
    units = [gateway.unit_id("//gateway/benchmark", f"{number}#{unit}", b"") for unit in range(shape.units)]
    outcomes = ["ok", "client_error", "error"]
    columns: dict[str, Any] = {
        "unit": _words(units, np.sort(rng.integers(0, shape.units, count))),
        "at": pa.array(START + moment.astype("timedelta64[us]")),
        "service": _words([f"service-{one}" for one in range(40)], service),
        "route": _words([f"/things/{{id}}/{one}" for one in range(20)], route),
        "method": _words(METHODS, method),
        "status": pa.array(statuses),
        "outcome": _words(outcomes, np.where(statuses < 400, 0, np.where(statuses < 500, 1, 2))),
        "consumer": _words([f"consumer-{one}" for one in range(60)], consumer),
        "team": _words([""], np.zeros(count, np.int64)),
        "environment": _words(["production"], np.zeros(count, np.int64)),
        "is_synthetic": pa.array(np.zeros(count, bool)),
        "latency_us": pa.array(rng.lognormal(10, 1, count).astype(np.uint32)),
        "request_bytes": pa.array(rng.integers(100, 2_000, count).astype(np.uint64)),
        "response_bytes": pa.array(rng.integers(100, 20_000, count).astype(np.uint64)),
    }
    return pa.table([pa.array(columns[field.name]).cast(field.type) for field in gateway.SCHEMA], gateway.SCHEMA)


def totals(sent: list[Message]) -> Counter[tuple[str, str]]:
    """(service, consumer) -> requests of these messages."""
    counted: Counter[tuple[str, str]] = Counter()
    for _, _, value, _ in sent:
        rows = gateway.decode(value, gateway.ARROW).group_by(["service", "consumer"]).aggregate([([], "count_all")])
        for row in rows.to_pylist():
            counted[row["service"], row["consumer"]] += row["count_all"]
    return counted


def _words(words: list[str], numbers: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(words))
