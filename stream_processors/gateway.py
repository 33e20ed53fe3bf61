"""Gateway batches to rows: each unit summed up by itself, and one ledger row per unit. Pure.

A unit's rows are a function of its requests alone, whatever else the message held: replayed, re-posted or packed
otherwise, a unit gives the same rows under the same keys.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import date
from typing import cast

import polars as pl
import pyarrow as pa

from stream_processors.marks import HourMark

GAMMA = 1.04
"""Ratio of neighbouring latency buckets: the relative error of a quantile is at most (g-1)/(g+1) < 2 %."""

DIMENSIONS = ["consumer", "team", "environment", "route", "method", "status", "outcome", "is_synthetic"]
_GROUP = ["unit", "service", "minute", *DIMENSIONS]


@dataclass(frozen=True)
class Units:
    """What the units of one message become.

    Attributes:
        rows: of `gateway_unit_rows`.
        ledger: of `gateway_units`.
        marks: hours touched.
        names: the units, 32 hex digits each.
    """

    rows: pa.Table
    ledger: pa.Table
    marks: frozenset[HourMark]
    names: frozenset[str]


def units(batch: pa.Table, *, source: str, day: date, topic: str, partition: int, offset: int) -> Units:
    """Sum up a batch (`schemas.gateway.SCHEMA`), unit by unit.

    Args:
        batch: requests of one or more units.
        source: who sent it.
        day: partition of the unit rows: the day the record was appended, so that a replay meets its own partition.
        topic: where it was read, for the ledger.
        partition: where it was read.
        offset: where it was read.
    """
    grouped = _grouped(cast("pl.DataFrame", pl.from_arrow(batch)))
    contents = _contents(grouped)
    grouped = grouped.join(contents, on="unit", how="left")
    ledger = _ledger(grouped).with_columns(
        source=pl.lit(source),
        topic=pl.lit(topic),
        partition=pl.lit(partition, pl.UInt32),
        offset=pl.lit(offset, pl.UInt64),
    )
    touched = grouped.select("service", pl.col("minute").dt.truncate("1h")).unique()
    marks = frozenset(HourMark(service, hour) for service, hour in touched.iter_rows())
    rows = grouped.with_columns(ingest_day=pl.lit(day), minute=pl.col("minute").dt.epoch("s").cast(pl.UInt32))
    return Units(_arrow(_binary(rows)), _arrow(_binary(ledger)), marks, frozenset(ledger["unit"]))


def _grouped(frame: pl.DataFrame) -> pl.DataFrame:
    words = ["unit", "service", "consumer", "team", "environment", "route", "method", "outcome"]
    frame = frame.with_columns(
        pl.col(words).cast(pl.String),
        pl.col("is_synthetic").cast(pl.UInt8),
        minute=pl.col("at").dt.truncate("1m"),
        bucket=(pl.col("latency_us").clip(1).log() / math.log(GAMMA)).ceil().cast(pl.UInt16),
    )
    sums = frame.group_by(_GROUP).agg(
        requests=pl.len().cast(pl.UInt64),
        request_bytes=pl.col("request_bytes").sum(),
        response_bytes=pl.col("response_bytes").sum(),
        first_at=pl.col("at").min(),
        last_at=pl.col("at").max(),
    )
    histograms = (
        frame.filter(pl.col("bucket").is_not_null())
        .group_by([*_GROUP, "bucket"])
        .agg(count=pl.len().cast(pl.UInt32))
        .group_by(_GROUP)
        .agg(
            latency_buckets=pl.col("bucket").sort(),
            latency_counts=pl.col("count").sort_by("bucket"),
        )
    )
    empty = pl.lit([], pl.List(pl.UInt16)), pl.lit([], pl.List(pl.UInt32))
    return (
        sums.join(histograms, on=_GROUP, how="left")
        .with_columns(
            pl.col("latency_buckets").fill_null(empty[0]),
            pl.col("latency_counts").fill_null(empty[1]),
        )
        .sort(_GROUP)
    )


def _contents(grouped: pl.DataFrame) -> pl.DataFrame:
    """Digest of each unit's rows; polars' own hashes change with its version, so it is made of their text."""
    columns = [
        pl.col(column).cast(pl.List(pl.String)).list.join(",")
        if grouped.schema[column].is_nested()
        else pl.col(column).dt.epoch("us").cast(pl.String)
        if grouped.schema[column].is_temporal()
        else pl.col(column).cast(pl.String)
        for column in grouped.columns
        if column != "unit"
    ]
    lines = grouped.select("unit", line=pl.concat_str(columns, separator="\x1f"))
    texts = lines.group_by("unit").agg(pl.col("line").str.join("\x1e"))
    digests = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts["line"]]
    return texts.select("unit", content=pl.Series("content", digests, pl.String))


def _ledger(grouped: pl.DataFrame) -> pl.DataFrame:
    slices = grouped.select("unit", "service", hour=pl.col("minute").dt.truncate("1h")).unique().sort("service", "hour")
    touched = slices.group_by("unit", maintain_order=True).agg(
        services=pl.col("service"), hours=pl.col("hour").dt.epoch("s").cast(pl.UInt32)
    )
    return (
        grouped.group_by("unit", "content", maintain_order=True)
        .agg(requests=pl.col("requests").sum(), first_at=pl.col("first_at").min(), last_at=pl.col("last_at").max())
        .join(touched, on="unit", how="left")
        .with_columns(first_day=pl.col("first_at").dt.date())
    )


def _binary(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("unit", "content").str.decode("hex"))


def _arrow(frame: pl.DataFrame) -> pa.Table:
    """Arrow as the engine reads it: plain strings and lists, no views."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
