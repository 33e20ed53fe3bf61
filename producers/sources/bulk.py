"""Records of one gateway in bulk: many records' bytes to columns at once, where the bridge has thousands.

For records that are written as their vendor documents them; the rows are those of the vendor's mapper, several times as
fast. Whatever is unusual is left to that mapper, which decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import polars as pl
import pyarrow as pa

from producers.sources.columns import READ, problem, table
from producers.sources.common import Context
from producers.sources.gateway_rows import TOO_MANY
from producers.sources.json_lines import JsonFormat

_FURTHEST_MS = 1e14
_LONGEST = 1e9
"""Seconds. A latency below 0 (a phase not reached) or beyond this is for the mapper."""


class Bulk:
    """A `common.BytesMapper` of one structure."""

    def __init__(self, record: type[msgspec.Struct], rows: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
        """As `JsonFormat`; what `rows` says to ignore is left, and so is every 429: whose it is needs a closer look."""
        self._format = JsonFormat(record, rows, strict=True)

    def map_bytes(self, values: list[bytes], *, unit: str, context: Context) -> tuple[pa.Table, list[int]]:
        """Rows of the records among `values`, and the indexes of those that are left to the mapper of records."""
        read = self._format.read(values)
        took = pl.col("seconds")
        is_plain = (pl.col("status") != TOO_MANY) & (took.is_null() | took.is_between(0, _LONGEST))
        is_good = is_plain & problem().is_null() & pl.col("ignored").is_null()
        rows = read.rows.with_columns(is_good.fill_null(value=False).alias("is_good"))
        left = rows.filter(~pl.col("is_good"))["line"].to_list()
        return table(rows.filter("is_good"), unit=unit, context=context), sorted([*read.wrong, *left])


def first(*names: str) -> Any:
    """The first of these texts that says something."""
    said = (pl.when(pl.col(name).str.strip_chars() != "").then(name) for name in names)
    return pl.coalesce(*said, pl.lit(""))


def milliseconds(name: str) -> pl.Expr:
    """The moment that milliseconds since 1970 name, to the microsecond."""
    return (pl.col(name).clip(-_FURTHEST_MS, _FURTHEST_MS) * 1000).round().cast(pl.Int64).cast(READ["at"])
