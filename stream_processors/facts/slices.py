"""Facts cut into months, each with the digest of its content: the address under which the warehouse keeps it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from stream_processors.facts.rows import Earlier, Facts

TABLES = tuple(f"facts_{field.name}" for field in fields(Facts))
"""The facts tables, in the order in which a slice is digested."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    """The facts of one service and month: rows per table, without service, month and digest."""

    digest: str
    rows: dict[str, list[Row]]


def slices(service: str, facts: Facts) -> dict[date, Slice]:
    """The facts by UTC month (its first day) of each row's `at`.

    Equal facts give equal digests, whatever the order of the events they were made of. `service` is part of the digest.
    """
    months: defaultdict[date, dict[str, list[Row]]] = defaultdict(lambda: {table: [] for table in TABLES})
    for table, field in zip(TABLES, fields(Facts), strict=True):
        for fact in getattr(facts, field.name):
            at = fact.at.astimezone(UTC)
            months[date(at.year, at.month, 1)][table].append(_row(fact))
    return {month: Slice(_digest(service, rows), rows) for month, rows in sorted(months.items())}


def _row(fact: Any) -> Row:
    row: Row = {}
    for name in fact.__slots__:
        value = getattr(fact, name)
        if type(value) is tuple:
            value = [_row(one) if isinstance(one, Earlier) else one for one in value]
        row[name] = value
    return row


def _digest(service: str, rows: dict[str, list[Row]]) -> str:
    canonical = json.dumps([service, rows], default=datetime.isoformat, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
