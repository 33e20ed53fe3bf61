"""Bills in a few words: charges as FOCUS rows, and their way through the mapper into the archive's table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from producers.sources import focus
from producers.sources.bills import Closing, Reading, exports
from schemas.envelope import Event, to_kafka
from schemas.streams import COSTS
from stream_processors import costs
from stream_processors.records import Record

SOURCE = "//focus"
READING = Reading(tags=("service",))


def charge(
    cost: str,
    start: str,
    end: str,
    *,
    period: str = "2026-06",
    account: str = "4711",
    currency: str = "EUR",
    category: str = "Usage",
    tags: dict[str, str] | None = None,
    **cells: Any,
) -> dict[str, Any]:
    """One row of a FOCUS bill, by column name in lower case; `period` is a month."""
    year, month = map(int, period.split("-"))
    following = f"{year + month // 12}-{month % 12 + 1:02}"
    return {
        "billingaccountid": account,
        "billingperiodstart": f"{period}-01T00:00:00Z",
        "billingperiodend": f"{following}-01T00:00:00Z",
        "chargeperiodstart": start,
        "chargeperiodend": end,
        "chargecategory": category,
        "billingcurrency": currency,
        "effectivecost": cost,
        "tags": json.dumps(tags or {}),
        **cells,
    }


def bill(
    rows: Sequence[dict[str, Any]],
    exported: str = "2026-07-05",
    *,
    is_closed: bool | None = None,
    source: str = SOURCE,
    reading: Reading = READING,
) -> list[Event]:
    """The events of an export of these rows."""
    charges = focus.charges(((f"row {number}", row) for number, row in enumerate(rows)), reading)
    at = datetime.fromisoformat(exported).replace(tzinfo=UTC)
    return exports(charges, source, Closing(at, is_closed))


def table(events: Iterable[Event]) -> pa.Table:
    """Rows of `cost_events`, as the processor writes them."""
    records = []
    for offset, event in enumerate(events):
        key, value, headers = to_kafka(event)
        records.append((Record(COSTS.topic, 0, offset, event.time, key, value, tuple(headers)), event))
    return costs.rows(records)
