"""Kong's records in bulk: many records' bytes to columns at once, for the bridge.

The same rows that `kong.py` makes, several times as fast, of the records that are written as Kong documents them. What
is not (another type somewhere, a 429, a route by name alone) is left to `kong.py`, which decides.
"""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl
import pyarrow as pa

from producers.sources.columns import READ, problem, table
from producers.sources.common import Context
from producers.sources.gateway_rows import TOO_MANY
from producers.sources.json_lines import JsonFormat

_FURTHEST = 1e14
_LEFT = "left"


class _Headers(msgspec.Struct, gc=False, frozen=True, rename={"agent": "user-agent", "Agent": "User-Agent"}):
    agent: str | None = None
    Agent: str | None = None


class _Request(msgspec.Struct, gc=False, frozen=True):
    method: str | None = None
    uri: str | None = None
    url: str | None = None
    size: int | None = None
    headers: _Headers = _Headers()


class _Response(msgspec.Struct, gc=False, frozen=True):
    status: int
    size: int | None = None


class _Latencies(msgspec.Struct, gc=False, frozen=True):
    request: float | None = None


class _Named(msgspec.Struct, gc=False, frozen=True):
    id: str | None = None
    name: str | None = None


class _Route(msgspec.Struct, gc=False, frozen=True):
    name: str | None = None
    paths: list[str] | None = None


class _Consumer(msgspec.Struct, gc=False, frozen=True):
    id: str | None = None
    username: str | None = None
    custom_id: str | None = None


class _Entity(msgspec.Struct, gc=False, frozen=True):
    id: str | None = None
    consumer_id: str | None = None


class _Record(msgspec.Struct, gc=False, frozen=True):
    started_at: float
    request: _Request
    response: _Response
    latencies: _Latencies = _Latencies()
    service: _Named = _Named()
    route: _Route = _Route()
    consumer: _Consumer = _Consumer()
    authenticated_entity: _Entity = _Entity()


def map_bytes(values: list[bytes], *, unit: str, context: Context) -> tuple[pa.Table, list[int]]:
    """Rows of the records among `values`, and the indexes of those that are left to the mapper of records."""
    read = _FORMAT.read(values)
    is_good = problem().is_null() & pl.col("ignored").is_null()
    rows = read.rows.with_columns(is_good.alias("is_good"))
    left = rows.filter(~pl.col("is_good"))["line"].to_list()
    return table(rows.filter("is_good"), unit=unit, context=context), sorted([*read.wrong, *left])


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    path = _first("request.uri", "request.url")
    paths = pl.col("route.paths")
    only = paths.list.get(0, null_on_oob=True)
    is_named = (paths.list.len() == 1).fill_null(value=False) & ~only.str.starts_with("~")
    # Without a path of its own or of the request a route may still have a name: kong.py knows.
    is_left = (pl.col("response.status") == TOO_MANY) | ~(is_named | path.str.starts_with("/"))
    return frame.select(
        "line",
        (pl.col("started_at").clip(-_FURTHEST, _FURTHEST) * 1000).round().cast(pl.Int64).cast(READ["at"]).alias("at"),
        _first("service.name", "service.id").alias("service"),
        pl.when(is_named).then(only).otherwise(pl.lit("")).alias("route"),
        pl.col("request.method").str.strip_chars().alias("method"),
        path.alias("path"),
        pl.col("response.status").alias("status"),
        _first(
            *(f"consumer.{name}" for name in ("username", "custom_id", "id")),
            *(f"authenticated_entity.{name}" for name in ("consumer_id", "id")),
        ).alias("consumer"),
        _first("request.headers.agent", "request.headers.Agent").alias("agent"),
        (pl.col("latencies.request") / 1000).alias("seconds"),
        pl.col("request.size").alias("request_bytes"),
        pl.col("response.size").alias("response_bytes"),
        pl.when(is_left).then(pl.lit(_LEFT)).alias("ignored"),
    )


def _first(*names: str) -> Any:
    """The first of these texts that says something."""
    said = (pl.when(pl.col(name).str.strip_chars() != "").then(name) for name in names)
    return pl.coalesce(*said, pl.lit(""))


_FORMAT = JsonFormat(_Record, _rows, strict=True)
