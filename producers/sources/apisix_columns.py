"""APISIX's records in bulk (`bulk.py`): the same rows that `apisix.py` makes, of records in the default format."""

from __future__ import annotations

import msgspec
import polars as pl

from producers.sources.bulk import Bulk, first, milliseconds


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


class _Consumer(msgspec.Struct, gc=False, frozen=True):
    username: str | None = None


class _Record(msgspec.Struct, gc=False, frozen=True):
    start_time: float
    request: _Request
    response: _Response
    latency: float | None = None
    service_id: str | None = None
    route_id: str | None = None
    consumer: _Consumer = _Consumer()


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    has_route = pl.col("route_id").str.strip_chars() != ""
    return frame.select(
        "line",
        milliseconds("start_time").alias("at"),
        pl.when(has_route).then(first("service_id", "route_id")).otherwise(pl.lit("")).alias("service"),
        pl.col("request.method").str.strip_chars().alias("method"),
        first("request.uri", "request.url").alias("path"),
        pl.col("response.status").alias("status"),
        pl.col("consumer.username").alias("consumer"),
        first("request.headers.agent", "request.headers.Agent").alias("agent"),
        (pl.col("latency") / 1000).alias("seconds"),
        pl.col("request.size").alias("request_bytes"),
        pl.col("response.size").alias("response_bytes"),
    )


BULK = Bulk(_Record, _rows)
