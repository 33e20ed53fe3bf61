"""From a chunk of a log to gateway rows, whatever its format.

The way in for `adoption tail`, and for objects of JSON formats that are posted. A format's module reads lines into
columns; what is the same for all is done here: where lines begin, what a container runtime writes before them, what is
wrong with a row, what is left out, the local time of formats that log no zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from producers.sources.columns import Read, Wrong, problem, table
from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.json_lines import read_each
from producers.sources.lines import FORMATS
from producers.sources.redact import dimension

_CONTAINER = re.compile(rb"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d) std(?:out|err) F ")
"""What a container runtime of Kubernetes writes before each line of a container, where sidecars' logs are."""
_EXPECTED = {
    "malformed_time": "a time that exists",
    "time_out_of_range": "a time within 2000..2100",
    "wrong_status": "a status within 0..999",
}


def map_lines(
    chunk: bytes,
    *,
    unit: str,
    format: str,  # noqa: A002 - the word of the field
    context: Context,
    service: str | None = None,
    zone: str | None = None,
) -> GatewayMapped:
    """Gateway rows of a chunk of whole lines.

    Args:
        chunk: lines ending in a newline (the last may lack it); empty lines are passed over, and so is what a
            container runtime writes before a line.
        unit: identity of the chunk, on every row.
        format: one of `lines.FORMATS`.
        context: salt of hashed persons.
        service: whom the log speaks of where a line names nobody.
        zone: name of the time zone (`Europe/Berlin`) in which a format that `is_local` was logged.

    Returns:
        Rows in the lines' order, and each bad line as a `Rejected` with its byte offset in the chunk. Of an hour that
        the clock shows twice, the first is meant.

    Raises:
        ValueError: such a format without its zone.
    """
    known = FORMATS[format]
    if known.is_local and not zone:
        raise ValueError(f"expected the time zone in which {format} logs, got none")
    every = chunk.split(b"\n")
    starts = accumulate((len(line) + 1 for line in every), initial=0)
    offsets = [start for start, line in zip(starts, every, strict=False) if line.strip()]
    lines = [line.rstrip(b"\r") for line in every if line.strip()]
    if b" F " in chunk:
        lines = [_CONTAINER.sub(b"", line, count=1) if _CONTAINER.match(line) else line for line in lines]
    if known.is_records:
        return _of_records(lines, offsets, known.load(), unit=unit, context=context, service=service)
    read: Read = known.load().read(lines) if known.is_json else known.load()(lines)
    if known.is_local:
        local = pl.col("at").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        read = read._replace(rows=read.rows.with_columns(local.dt.convert_time_zone("UTC")))
    return _mapped(read, offsets, unit=unit, context=context, service=service)


def map_records(records: list[Any], *, format: str, unit: str, context: Context) -> GatewayMapped:  # noqa: A002
    """Gateway rows of a JSON format's objects, parsed; a bad one comes back as `Rejected` with its index."""
    return _mapped(FORMATS[format].load().read_records(records), range(len(records)), unit=unit, context=context)


def _mapped(
    read: Read, positions: Sequence[int], *, unit: str, context: Context, service: str | None = None
) -> GatewayMapped:
    counted = read.rows.filter(pl.col("ignored").is_null()).with_columns(problem().alias("problem"))
    problems = counted.filter(pl.col("problem").is_not_null()).select("line", "problem")
    wrong = read.wrong | {
        index: (reason, f"expected {_EXPECTED[reason]}, got another: check the format that is configured")
        for index, reason in problems.iter_rows()
    }
    good = counted.filter(pl.col("problem").is_null())
    if service:
        good = good.with_columns(pl.col("service").replace("", dimension(service)))
    ignored = tuple(read.rows["ignored"].drop_nulls().to_list())
    return GatewayMapped(table(good, unit=unit, context=context), ignored, _rejected(wrong, positions))


def _of_records(
    lines: list[bytes], offsets: Sequence[int], mapper: Any, *, unit: str, context: Context, service: str | None
) -> GatewayMapped:
    records, indexes, wrong = read_each(lines, msgspec.json.decode)
    mapped: GatewayMapped = mapper(records, unit=unit, context=context)
    wrong |= {indexes[bad.position or 0]: (bad.reason, bad.detail) for bad in mapped.rejected}
    rows = _named(mapped.rows, dimension(service)) if service else mapped.rows
    return GatewayMapped(rows, mapped.ignored, _rejected(wrong, offsets))


def _named(rows: pa.Table, service: str) -> pa.Table:
    at = rows.schema.get_field_index("service")
    field, names = rows.schema.field(at), rows.column(at).cast("string")
    return rows.set_column(at, field, pc.if_else(pc.equal(names, ""), service, names).cast(field.type))


def _rejected(wrong: dict[int, Wrong], positions: Sequence[int]) -> tuple[Rejected, ...]:
    return tuple(Rejected(*wrong[index], position=positions[index]) for index in sorted(wrong))
