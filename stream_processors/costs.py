"""Charges and exports to rows of the raw archive. Pure. Amounts go from decimal text to decimal columns, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from schemas.costs import MONEY_DIGITS, Cost, CostExport
from schemas.envelope import Event
from stream_processors.delivery import COMMON, INSTANT, common
from stream_processors.records import Record

MONEY = pa.decimal128(38, MONEY_DIGITS)

SCHEMA = pa.schema([
    *COMMON,
    pa.field("export", pa.string()),
    pa.field("account", pa.string()),
    pa.field("period_start", INSTANT),
    pa.field("period_end", INSTANT),
    pa.field("exported_at", INSTANT),
    pa.field("lines", pa.uint64()),
    pa.field("is_closed", pa.uint8()),
    pa.field("final_from", INSTANT),
    pa.field("charge_start", INSTANT),
    pa.field("charge_end", INSTANT),
    pa.field("category", pa.string()),
    pa.field("currency", pa.string()),
    pa.field("effective_cost", MONEY),
    pa.field("billed_cost", MONEY),
    pa.field("provider", pa.string()),
    pa.field("product", pa.string()),
    pa.field("sub_account", pa.string()),
    pa.field("resource", pa.string()),
    pa.field("service", pa.string()),
    pa.field("is_idle", pa.uint8()),
])  # fmt: skip
"""Columns of `cost_events`."""

_TEXTS = ("category", "currency", "provider", "product", "sub_account", "resource", "service")


def rows(events: Iterable[tuple[Record, Event]]) -> pa.Table:
    """Rows of `cost_events`."""
    return pa.Table.from_pylist([_row(record, event) for record, event in events], schema=SCHEMA)


def _row(record: Record, event: Event) -> dict[str, Any]:
    data = event.data
    assert isinstance(data, Cost | CostExport)
    shared = {name: getattr(data, name) for name in ("export", "account", "period_start", "period_end")}
    return common(record, event) | shared | (_charge(data) if isinstance(data, Cost) else _export(data))


def _charge(cost: Cost) -> dict[str, Any]:
    return {
        "exported_at": None,
        "lines": 0,
        "is_closed": 0,
        "final_from": None,
        "charge_start": cost.charge_start,
        "charge_end": cost.charge_end,
        "effective_cost": Decimal(cost.effective_cost),
        "billed_cost": None if cost.billed_cost is None else Decimal(cost.billed_cost),
        "is_idle": int(cost.is_idle),
        **{name: getattr(cost, name) or "" for name in _TEXTS},
    }


def _export(export: CostExport) -> dict[str, Any]:
    return {
        "exported_at": export.exported_at,
        "lines": export.lines,
        "is_closed": int(export.is_closed),
        "final_from": export.final_from,
        "charge_start": None,
        "charge_end": None,
        "effective_cost": Decimal(0),
        "billed_cost": None,
        "is_idle": 0,
        **dict.fromkeys(_TEXTS, ""),
    }
