"""Requests as columns: what the log formats read, made rows of `schemas.gateway.SCHEMA`.

Last step of the log mappers (`line_mapper.py`). Work is done per distinct value where a value is costly (route, user
agent), so that a line costs a few microseconds. Nothing personal passes: addresses, queries and user agents end here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from producers.sources.common import Context
from producers.sources.gateway_rows import METHODS, OTHER_METHOD
from producers.sources.identity import actor
from producers.sources.probes import PATH_PATTERN, USER_AGENT_PATTERN
from producers.sources.redact import dimension
from producers.sources.routes import route_template
from schemas.base import EARLIEST, LATEST
from schemas.gateway import SCHEMA

READ: dict[str, pl.DataType] = {
    "at": pl.Datetime("us", "UTC"),
    "service": pl.String(),
    "route": pl.String(),
    "method": pl.String(),
    "path": pl.String(),
    "status": pl.Int64(),
    "is_limited": pl.Boolean(),
    "is_client_gone": pl.Boolean(),
    "consumer": pl.String(),
    "team": pl.String(),
    "environment": pl.String(),
    "agent": pl.String(),
    "seconds": pl.Float64(),
    "request_bytes": pl.Int64(),
    "response_bytes": pl.Int64(),
}
"""What a format reads of a line. `path` is raw, `route` a template if the line names one; texts are never NULL.

is_limited: the gateway itself refused, if the status is 429. is_client_gone: whoever asked left or spoke no HTTP, if
no status was sent: a mistake of the client, as the 499 and 460 of other gateways, not of the service."""

Wrong = tuple[str, str]
"""Why a line gave no row: reason code, and what was expected."""


class Read(NamedTuple):
    """What a format's reader gives.

    Attributes:
        rows: columns `READ`, `line` (index among the lines) and `ignored` (why a line is left out on purpose, or NULL).
            Of a format that logs local time `at` has no zone.
        wrong: what is wrong with the lines that gave no row, by index.
    """

    rows: pl.DataFrame
    wrong: dict[int, Wrong]


_PLAIN_ID = r"/(?:[0-9]+|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{24,})(/|$)"
_HIGHEST_STATUS = 999
_FURTHEST = 1e11
"""Seconds; what is beyond (milliseconds, say) is out of range anyway, and this still fits in microseconds."""
_LONGEST_US = 2**32 - 1


def complete(frame: pl.DataFrame) -> pl.DataFrame:
    """A `Read`'s rows of the columns that a format has: absent texts are empty, also as `-`; the rest is NULL or no."""
    blank: dict[Any, Any] = {pl.String(): "", pl.Boolean(): False}
    absent = {name: dtype for name, dtype in READ.items() if name not in frame.columns}
    texts = [name for name, dtype in READ.items() if dtype == pl.String() and name in frame.columns]
    if "ignored" not in frame.columns:
        absent["ignored"] = pl.String()
    return frame.with_columns(
        *(
            pl.lit(blank.get(dtype) if name != "ignored" else None, dtype=dtype).alias(name)
            for name, dtype in absent.items()
        ),
        *(pl.when(pl.col(name) != "-").then(name).otherwise(pl.lit("")).alias(name) for name in texts),
        *(pl.col(name).fill_null(value=False) for name in ("is_limited", "is_client_gone") if name in frame.columns),
    ).select("line", "ignored", *READ)


def from_epoch(seconds: pl.Expr) -> pl.Expr:
    """The moment that seconds since 1970 name, to the microsecond."""
    return (seconds.clip(-_FURTHEST, _FURTHEST) * 1_000_000).round().cast(pl.Int64).cast(READ["at"])


def problem() -> pl.Expr:
    """Why a row cannot be one, as a reason code; NULL where it can."""
    return (
        pl.when(pl.col("at").is_null())
        .then(pl.lit("malformed_time"))
        .when(~pl.col("at").is_between(EARLIEST, LATEST, closed="left"))
        .then(pl.lit("time_out_of_range"))
        .when(pl.col("status").is_null() | ~pl.col("status").is_between(0, _HIGHEST_STATUS))
        .then(pl.lit("wrong_status"))
    )


def table(read: pl.DataFrame, *, unit: str, context: Context) -> pa.Table:
    """Rows of `schemas.gateway.SCHEMA` from rows of `READ` that have no problem, in their order."""
    clean = read.with_columns(
        each(_without_ids(pl.col("path")), route_template).alias("template"),
        *(each(pl.col(name), dimension) for name in ("service", "route", "team", "environment")),
        each(pl.col("consumer"), lambda text: _consumer(text, context)),
        pl.col("method").str.to_uppercase().replace("-", ""),
    ).select(
        pl.lit(unit).alias("unit"),
        "at",
        "service",
        pl.when(pl.col("route") == "").then("template").otherwise("route").alias("route"),
        pl.when(pl.col("method").is_in(["", *METHODS])).then("method").otherwise(pl.lit(OTHER_METHOD)).alias("method"),
        pl.col("status").cast(pl.UInt16),
        _outcome().alias("outcome"),
        "consumer",
        "team",
        "environment",
        _is_synthetic().alias("is_synthetic"),
        _latency().alias("latency_us"),
        *(
            pl.when(pl.col(name) >= 0).then(name).cast(pl.UInt64).alias(name)
            for name in ("request_bytes", "response_bytes")
        ),
    )
    return pa.table([_arrow(clean[field.name], field) for field in SCHEMA], schema=SCHEMA)


def _without_ids(path: pl.Expr) -> pl.Expr:
    """The path with its plainest ids replaced, as `route_template` would: few distinct ones are left for it."""
    bare = path.str.split_exact("?", 1).struct.field("field_0")
    # A match takes the slash after it, so that of two neighbours the first pass sees one.
    return bare.str.replace_all(_PLAIN_ID, "/{id}$1").str.replace_all(_PLAIN_ID, "/{id}$1")


def each(column: pl.Expr, function: Callable[[str], str]) -> pl.Expr:
    """A function of a text that is never NULL, called once per distinct text."""

    def mapped(texts: pl.Series) -> pl.Series:
        distinct = texts.unique()
        made = pl.Series([function(text) for text in distinct.to_list()], dtype=pl.String)
        if len(distinct) == 1:
            return pl.Series(made.head(1)).new_from_index(0, len(texts))
        return texts.replace_strict(distinct, made, return_dtype=pl.String)

    return column.map_batches(mapped, return_dtype=pl.String)


def _consumer(text: str, context: Context) -> str:
    if "@" in text:
        return actor(context, text) or ""
    return "" if text == "-" else dimension(text)


def _outcome() -> pl.Expr:
    status = pl.col("status")
    return (
        pl.when(pl.col("is_limited") & (status == 429))  # noqa: PLR2004
        .then(pl.lit("limited"))
        .when(pl.col("is_client_gone") & (status == 0))
        .then(pl.lit("client_error"))
        .when(status.is_between(100, 399))
        .then(pl.lit("ok"))
        .when(status.is_between(400, 499))
        .then(pl.lit("client_error"))
        .otherwise(pl.lit("error"))
    )


def _is_synthetic() -> pl.Expr:
    def watched(texts: pl.Series) -> pl.Series:
        distinct = texts.unique()
        probes = distinct.filter(distinct.str.contains(USER_AGENT_PATTERN))
        return texts.is_in(probes.implode())

    by_agent = pl.col("agent").map_batches(watched, return_dtype=pl.Boolean)
    return by_agent | pl.col("path").str.contains(PATH_PATTERN)


def _latency() -> pl.Expr:
    micros = (pl.col("seconds") * 1_000_000).round()
    return pl.when(micros >= 0).then(micros.clip(upper_bound=_LONGEST_US)).cast(pl.UInt32)


def _arrow(column: pl.Series, field: pa.Field) -> Any:
    array = column.to_arrow()
    if pa.types.is_dictionary(field.type):
        return array.cast(pa.string()).dictionary_encode()
    return array.cast(field.type)
