"""Kong's records in bulk (`bulk.py`): the same rows that `kong.py` makes, of the records as Kong documents them."""

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


class _Latencies(msgspec.Struct, gc=False, frozen=True):
    request: float | None = None


class _Named(msgspec.Struct, gc=False, frozen=True):
    id: str | None = None
    name: str | None = None


class _Route(msgspec.Struct, gc=False, frozen=True):
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


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    path = first("request.uri", "request.url")
    paths = pl.col("route.paths")
    only = paths.list.get(0, null_on_oob=True)
    is_named = (paths.list.len() == 1).fill_null(value=False) & ~only.str.starts_with("~")
    # Without a path of its own or of the request a route may still have a name: kong.py knows.
    is_left = ~(is_named | path.str.starts_with("/"))
    return frame.select(
        "line",
        milliseconds("started_at").alias("at"),
        first("service.name", "service.id").alias("service"),
        pl.when(is_named).then(only).otherwise(pl.lit("")).alias("route"),
        pl.col("request.method").str.strip_chars().alias("method"),
        path.alias("path"),
        pl.col("response.status").alias("status"),
        first(
            *(f"consumer.{name}" for name in ("username", "custom_id", "id")),
            *(f"authenticated_entity.{name}" for name in ("consumer_id", "id")),
        ).alias("consumer"),
        first("request.headers.agent", "request.headers.Agent").alias("agent"),
        (pl.col("latencies.request") / 1000).alias("seconds"),
        pl.col("request.size").alias("request_bytes"),
        pl.col("response.size").alias("response_bytes"),
        pl.when(is_left).then(pl.lit("left")).alias("ignored"),
    )


BULK = Bulk(_Record, _rows)
