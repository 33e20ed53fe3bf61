"""Kong's http-log records, in arrays as its batch queue posts them, for the APIs that stand behind Kong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from deploy.local.demo.gateway import Request

ARRAY = 200
"""Records in one POST."""


@dataclass(frozen=True)
class Array:
    """One POST: its records, and the key that makes sending it again harmless."""

    key: str
    records: tuple[dict[str, Any], ...]


def arrays(seed: int, days: Iterable[list[Request]]) -> Iterator[Array]:
    """The records of all days in arrays of `ARRAY`, in the order of time."""
    waiting: list[dict[str, Any]] = []
    number = count()
    keys = count()
    for day in days:
        waiting += [_record(request, seed, next(number)) for request in day]
        while len(waiting) >= ARRAY:
            yield Array(f"kong-{seed}-{next(keys)}", tuple(waiting[:ARRAY]))
            del waiting[:ARRAY]
    if waiting:
        yield Array(f"kong-{seed}-{next(keys)}", tuple(waiting))


def _id(*name: object) -> str:
    return hashlib.sha256("/".join(map(str, name)).encode()).hexdigest()[:32]


def _record(request: Request, seed: int, number: int) -> dict[str, Any]:
    own = request.status == 429  # noqa: PLR2004 - the gateway's own answer: no upstream was asked
    record: dict[str, Any] = {
        "started_at": request.at_ms,
        "client_ip": "192.0.2.10",
        "workspace": "default",
        "request": {
            "id": _id(seed, "request", number),
            "method": request.method,
            "uri": request.path,
            "url": f"http://gateway.acme.example:8000{request.path}",
            "size": 180,
            "querystring": {},
            "headers": {
                "host": "gateway.acme.example",
                "user-agent": "blackbox-exporter/0.25" if request.is_probe else "client/2.4",
            },
        },
        "response": {"status": request.status, "size": request.sent, "headers": {"content-type": "application/json"}},
        "latencies": {"request": request.latency_ms, "kong": 1, "proxy": -1 if own else request.latency_ms - 1},
        "service": {"id": _id("service", request.service), "name": request.service, "protocol": "http"},
        "route": {"id": _id("route", request.service), "name": request.service, "paths": ["/v1", "/v2"]},
        "tries": [] if own else [{"ip": "198.51.100.7", "port": 8080, "balancer_latency": 0}],
    }
    if request.consumer:
        record["consumer"] = {"id": _id("consumer", request.consumer), "username": request.consumer}
    return record
