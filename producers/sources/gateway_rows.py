"""Gateway rows of JSON records: one row of `schemas.gateway.SCHEMA` per record, the bad ones put aside.

Used by mappers of gateways that send JSON; log lines take columns instead (`nginx.py`). What vendors write in several
ways (numbers as text, units of time, headers as lists, callers by address) is read by one function each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.identity import actor
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from schemas.gateway import SCHEMA, outcome_of

SECOND_US = 1_000_000
MILLISECOND_US = 1_000
TOO_MANY = 429
"""The status of a refusal for the rate."""
_LONGEST_US = 2**32 - 1
_HIGHEST_STATUS = 999
_LARGEST = 1e15
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
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


def number(it: Fields, key: str) -> float:
    """A number that must be there, as a number.

    Raises:
        Rejected: `missing_field`; `wrong_type`, also for what no time and no size can be.
    """
    value = it.raw(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        kind = "nothing" if value is None else type(value).__name__
        reason = "missing_field" if value is None else "wrong_type"
        raise Rejected(reason, f"expected {it.at(key)}, a number, got {kind}")
    return value


def written(it: Fields, key: str) -> float | None:
    """A number, or the same as text, as log formats write them; None where there is none (absent, empty, `-`)."""
    value = it.raw(key)
    if not isinstance(value, str):
        return None if value is None else number(it, key)
    if value.strip() in {"", "-"}:
        return None
    if not _NUMBER.fullmatch(value.strip()):
        raise Rejected("wrong_type", f"expected {it.at(key)}, a number, got another text")
    return float(value)


def status(it: Fields, key: str) -> int:
    """The status of the answer, as a whole number or the same as text."""
    value = written(it, key)
    if value is None:
        raise Rejected("missing_field", f"expected {it.at(key)}, got a record without it")
    if value != int(value):
        raise Rejected("wrong_type", f"expected {it.at(key)} to be a whole number, got a fraction")
    return int(value)


def microseconds(duration: float | None, unit: int) -> int | None:
    """A latency in microseconds, from one in units of `unit` of them; None where it is absent or below 0.

    A duration below 0 is how gateways say that a phase was not reached.
    """
    return None if duration is None or duration < 0 else min(round(duration * unit), _LONGEST_US)


def size(it: Fields, key: str) -> int | None:
    """Bytes, as a whole number or the same as text; None where it is absent or below 0 (not known)."""
    value = it.raw(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:  # noqa: PLR2004
        return int(value)
    if isinstance(value, str) and value.strip() in {"", "-"}:
        return None
    count = it.maybe_integer(key)
    return count if count is not None and count >= 0 else None


def caller(context: Context, *names: str | None) -> str:
    """Who called: the first of these names that is there; an e-mail address becomes a hash. Empty without one."""
    found = next((name for name in names if name and name.strip() not in {"", "-"}), "")
    return (actor(context, found) or "") if "@" in found else dimension(found)


def request_header(headers: Fields | None, name: str) -> str:
    """A request header of a record, by its lower-case name; the first value of several; empty without one."""
    if headers is None:
        return ""
    value = headers.raw(name)
    if value is None:
        value = next((headers.raw(key) for key in headers.names() if key.lower() == name), None)
    if isinstance(value, list):
        value = next(iter(value), None)
    return value if isinstance(value, str) else ""


def id_at(*path: str) -> Callable[[Any], str | None]:
    """Finds a record's own unique id at this path; None where it has none."""

    def find(record: Any) -> str | None:
        for key in path:
            record = record.get(key) if isinstance(record, dict) else None
        return record if isinstance(record, str) and record.strip() not in {"", "-"} else None

    return find


def are_unique(ids: Iterable[str | None]) -> bool:
    """Whether each record has an id of its own; where not, only the sender's Idempotency-Key makes a POST one."""
    found = list(ids)
    return None not in found and len(found) == len(set(found))


def mapped(records: list[Any], read: Callable[[Any], Row | str], *, unit: str) -> GatewayMapped:
    """Rows of all records that `read` accepts; those it refuses with `Rejected` come back with their index.

    A text in place of a row is the reason why the record is left out on purpose.
    """
    rows: list[Row] = []
    ignored: list[str] = []
    rejected: list[Rejected] = []
    for index, record in enumerate(records):
        try:
            row = read(record)
            if isinstance(row, str):
                ignored.append(row)
                continue
            if not 0 <= row.status <= _HIGHEST_STATUS:
                raise Rejected("wrong_status", f"expected a status within 0..{_HIGHEST_STATUS}, got {row.status}")  # noqa: TRY301
        except Rejected as bad:
            rejected.append(Rejected(bad.reason, bad.detail, index))
        else:
            rows.append(row)
    return GatewayMapped(rows=_table(rows, unit), ignored=tuple(ignored), rejected=tuple(rejected))


def _table(rows: list[Row], unit: str) -> pa.Table:
    taken = ("at", "service", "route", "method", "status", "consumer", "team", "environment", "is_synthetic")
    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in rows] for name in (*taken, "latency_us", "request_bytes", "response_bytes")
    }
    columns["unit"] = [unit] * len(rows)
    columns["outcome"] = [outcome_of(row.status, limited_by_gateway=row.is_limited) for row in rows]
    return pa.Table.from_pydict(columns, schema=SCHEMA)
