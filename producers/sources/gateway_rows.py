"""Gateway rows of JSON records: one row of `schemas.gateway.SCHEMA` per record, the bad ones put aside.

Used by mappers of gateways that send JSON; log lines take columns instead (`nginx.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from producers.sources.common import GatewayMapped, Rejected
from schemas.gateway import SCHEMA, outcome_of

_HIGHEST_STATUS = 999
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"})
OTHER_METHOD = "OTHER"


class Row(NamedTuple):
    """One request as its mapper read it; `is_limited`: the gateway itself refused it for its rate."""

    at: datetime
    service: str
    route: str
    method: str
    status: int
    is_limited: bool
    consumer: str
    is_synthetic: bool
    latency_us: int | None
    request_bytes: int | None
    response_bytes: int | None
    team: str = ""
    environment: str = ""


def method_of(text: str) -> str:
    """A request's method in upper case; `OTHER` for what is none of HTTP's (scanners send anything), empty stays so."""
    method = text.strip().upper()
    return method if method in METHODS or not method else OTHER_METHOD


def mapped(records: list[Any], read: Callable[[Any], Row], *, unit: str) -> GatewayMapped:
    """Rows of all records that `read` accepts; those it refuses with `Rejected` come back with their index."""
    rows: list[Row] = []
    rejected: list[Rejected] = []
    for index, record in enumerate(records):
        try:
            row = read(record)
            if not 0 <= row.status <= _HIGHEST_STATUS:
                raise Rejected("wrong_status", f"expected a status within 0..{_HIGHEST_STATUS}, got {row.status}")  # noqa: TRY301
        except Rejected as bad:
            rejected.append(Rejected(bad.reason, bad.detail, index))
        else:
            rows.append(row)
    return GatewayMapped(rows=_table(rows, unit), rejected=tuple(rejected))


def _table(rows: list[Row], unit: str) -> pa.Table:
    taken = ("at", "service", "route", "method", "status", "consumer", "team", "environment", "is_synthetic")
    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in rows] for name in (*taken, "latency_us", "request_bytes", "response_bytes")
    }
    columns["unit"] = [unit] * len(rows)
    columns["outcome"] = [outcome_of(row.status, limited_by_gateway=row.is_limited) for row in rows]
    return pa.Table.from_pydict(columns, schema=SCHEMA)
