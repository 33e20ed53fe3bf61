"""Gateway batches to rows: each unit summed up by itself, and one ledger row per unit. Pure.

A unit's rows are a function of its requests alone, whatever else the message held: replayed, re-posted or packed
otherwise, a unit gives the same rows under the same keys. Many messages are summed in one pass, as a pass costs more
than the requests of a small one. Requests are sorted by one number that is their group and latency bucket: words are
compared once, when they are numbered, and all sums are of neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stream_processors.contents import digests
from stream_processors.marks import HourMark

GAMMA: Final = 1.04
"""Ratio of neighbouring latency buckets: the relative error of a quantile is at most (g-1)/(g+1) < 2 %."""

DIMENSIONS: Final = ["consumer", "team", "environment", "route", "method", "status", "outcome", "is_synthetic"]
_KEYS: Final = ["message", "unit", "service", "minute", *DIMENSIONS]
_WORDS: Final = ["unit", "service", "consumer", "team", "environment", "route", "method", "outcome"]
_BUCKETS: Final = 1024
"""More than there are: 2**32 us lie in bucket 566. The last stands for no latency."""
_KEY_BITS: Final = 64 - 10
_MINUTE: Final = 60_000_000
_INSTANT: Final = pa.timestamp("us", tz="UTC")
_WHERE: Final = {"source": pa.string(), "topic": pa.string(), "partition": pa.uint32(), "offset": pa.uint64()}

Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Message:
    """A batch and where it was read.

    Attributes:
        batch: requests of one or more units, of `schemas.gateway.SCHEMA`.
        source: who sent it.
        day: partition of the unit rows: the day the record was appended, so that a replay meets its own partition.
        topic: where it was read, for the ledger.
        partition: where it was read.
        offset: where it was read.
    """

    batch: pa.Table
    source: str
    day: date
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Units:
    """What the units of messages become.

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


def units(messages: Sequence[Message]) -> Units:
    """Sum up batches, unit by unit; a unit that lies in two of them is summed in each."""
    requests, words = _numbered([message.batch for message in messages])
    cells = _key(requests) * _BUCKETS + requests["bucket"]
    order = np.argsort(cells)
    cells = cells[order]
    groups = _begins(cells // _BUCKETS)
    keys = {name: requests[name][order[groups]] for name in _KEYS}
    summed = pa.table(
        {name: _at(words[name], keys[name]) if name in words else keys[name] for name in ("service", *DIMENSIONS)}
        | {"minute": (keys["minute"] * 60).astype(np.uint32)}
        | _sums(requests, order, groups)
        | _latencies(cells, groups)
    )
    entries = _begins(keys["message"], keys["unit"])
    names = _at(words["unit"], keys["unit"][entries]).to_pylist()
    identity = {
        "unit": pa.array(map(bytes.fromhex, names), pa.binary()),
        "content": pa.array(digests(summed, [*entries[1:].tolist(), len(groups)]), pa.binary()),
    }
    entry = np.repeat(np.arange(len(entries)), np.diff(entries, append=len(groups)))
    rows = {name: _at(column, entry) for name, column in identity.items()}
    rows["ingest_day"] = _at(_of(messages, "day", pa.date32()), keys["message"])
    touched, marks = _touched(keys, entries, words["service"])
    ledger = identity | touched | _totals(summed, entries)
    for name, type_ in _WHERE.items():
        ledger[name] = _at(_of(messages, name, type_), keys["message"][entries])
    return Units(
        rows=pa.table(rows | dict(zip(summed.column_names, summed.columns, strict=True))),
        ledger=pa.table(ledger),
        marks=marks,
        names=frozenset(names),
    )


def _numbered(batches: Sequence[pa.Table]) -> tuple[dict[str, Numbers], dict[str, pa.Array]]:
    """The requests with numbers in place of words, and the words of the numbers; their order is the words' own."""
    table = pa.concat_tables(batches).unify_dictionaries().combine_chunks()
    requests: dict[str, Numbers] = {}
    words: dict[str, pa.Array] = {}
    for name in _WORDS:
        column = table.column(name).chunk(0)
        said = column.dictionary.to_pylist()
        ordered = sorted(set(said))
        number = {word: place for place, word in enumerate(ordered)}
        requests[name] = np.array([number[word] for word in said])[column.indices.to_numpy()]
        words[name] = pa.array(ordered, pa.string())
    for name in ("status", "request_bytes", "response_bytes"):
        requests[name] = table.column(name).fill_null(0).to_numpy()
    latency = table.column("latency_us")
    bucket = np.ceil(np.log(np.maximum(latency.fill_null(0).to_numpy(), 1)) / math.log(GAMMA)).astype(np.uint64)
    bucket[latency.is_null().to_numpy()] = _BUCKETS - 1
    at = table.column("at").cast(pa.int64()).to_numpy()
    return requests | {
        "message": np.repeat(np.arange(len(batches)), [batch.num_rows for batch in batches]),
        "is_synthetic": table.column("is_synthetic").to_numpy().astype(np.uint8),
        "bucket": bucket,
        "at": at,
        "minute": at // _MINUTE,
    }, words


def _key(requests: Mapping[str, Numbers]) -> Numbers:
    """A number per request that is its group's, in the order of `_KEYS`: their numbers side by side."""
    key, bits = np.zeros(len(requests["at"]), np.uint64), 0
    for name in _KEYS:
        column = requests[name].astype(np.int64)
        column -= column.min()
        width = int(column.max()).bit_length()
        if bits + width > _KEY_BITS:  # numbers far apart: those so far are made dense
            key = np.unique(key, return_inverse=True)[1].astype(np.uint64)
            bits = int(key.max()).bit_length()
        key = (key << np.uint64(width)) | column.astype(np.uint64)
        bits += width
    return key


def _begins(*columns: Numbers) -> Numbers:
    """Where a row differs from the one before, the first included."""
    differs = np.ones(len(columns[0]), bool)
    differs[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return np.flatnonzero(differs)


def _sums(requests: Mapping[str, Numbers], order: Numbers, groups: Numbers) -> dict[str, Any]:
    at = requests["at"][order]
    return {
        "requests": np.diff(groups, append=len(order)).astype(np.uint64),
        **{name: np.add.reduceat(requests[name][order], groups) for name in ("request_bytes", "response_bytes")},
        "first_at": pa.array(np.minimum.reduceat(at, groups)).cast(_INSTANT),
        "last_at": pa.array(np.maximum.reduceat(at, groups)).cast(_INSTANT),
    }


def _latencies(cells: Numbers, groups: Numbers) -> dict[str, pa.Array]:
    """Histogram per group; empty where none of its requests has a latency."""
    begins = _begins(cells)
    buckets, counts = cells[begins] % _BUCKETS, np.diff(begins, append=len(cells))
    is_known = buckets != _BUCKETS - 1
    known = np.concatenate(([0], np.cumsum(is_known)))
    starts = known[np.append(np.searchsorted(begins, groups), len(begins))].astype(np.int32)
    return {
        "latency_buckets": pa.ListArray.from_arrays(starts, buckets[is_known].astype(np.uint16)),
        "latency_counts": pa.ListArray.from_arrays(starts, counts[is_known].astype(np.uint32)),
    }


def _touched(
    keys: Mapping[str, Numbers], entries: Numbers, services: pa.Array
) -> tuple[dict[str, pa.Array], frozenset[HourMark]]:
    """Hours of services per ledger row, and all of them."""
    hour = keys["minute"] // 60
    begins = _begins(keys["message"], keys["unit"], keys["service"], hour)
    hours, service = (hour[begins] * 3600).astype(np.uint32), _at(services, keys["service"][begins])
    starts = np.searchsorted(begins, [*entries, len(hour)]).astype(np.int32)
    touched = {"services": pa.ListArray.from_arrays(starts, service), "hours": pa.ListArray.from_arrays(starts, hours)}
    pairs = set(zip(service.to_pylist(), hours.tolist(), strict=True))
    return touched, frozenset(HourMark(name, datetime.fromtimestamp(at, UTC)) for name, at in pairs)


def _totals(summed: pa.Table, entries: Numbers) -> dict[str, Any]:
    first, last = (summed.column(name).cast(pa.int64()).to_numpy() for name in ("first_at", "last_at"))
    first_at = pa.array(np.minimum.reduceat(first, entries)).cast(_INSTANT)
    return {
        "requests": np.add.reduceat(summed.column("requests").to_numpy(), entries),
        "first_at": first_at,
        "last_at": pa.array(np.maximum.reduceat(last, entries)).cast(_INSTANT),
        "first_day": first_at.cast(pa.date32()),
    }


def _of(messages: Sequence[Message], name: str, type_: pa.DataType) -> pa.Array:
    return pa.array([getattr(message, name) for message in messages], type_)


def _at(values: pa.Array, places: Numbers) -> pa.Array:
    """The values at these places."""
    return pa.DictionaryArray.from_arrays(places.astype(np.int32), values).dictionary_decode()
