"""NGINX's access logs to gateway rows: chooses the format's reader, names bad lines by their place in the chunk."""

from __future__ import annotations

from itertools import accumulate
from typing import Literal

import polars as pl

from producers.sources.common import Context, GatewayMapped, Rejected
from producers.sources.nginx import json_lines, text_lines
from producers.sources.nginx.columns import problem, table
from producers.sources.redact import dimension

Format = Literal["json", "combined", "ingress"]

_EXPECTED = {
    "malformed_time": "a time that exists",
    "time_out_of_range": "a time within 2000..2100",
    "wrong_status": "a status within 0..999",
}


def map_lines(
    chunk: bytes,
    *,
    unit: str,
    format: Format,  # noqa: A002 - the word of the field
    context: Context,
    service: str | None = None,
) -> GatewayMapped:
    """Gateway rows of a chunk of whole lines.

    Args:
        chunk: lines ending in a newline (the last may lack it); empty lines are passed over.
        unit: identity of the chunk, on every row.
        format: `json` (`LOG_FORMAT`), `combined`, or `ingress` (ingress-nginx's default).
        context: salt of hashed persons.
        service: whom the log speaks of where a line names nobody.

    Returns:
        Rows in the lines' order, and each bad line as a `Rejected` with its byte offset in the chunk. Raises nothing.
    """
    every = chunk.split(b"\n")
    starts = list(accumulate((len(line) + 1 for line in every), initial=0))
    offsets = [start for start, line in zip(starts, every, strict=False) if line.strip()]
    lines = [line.rstrip(b"\r") for line in every if line.strip()]
    rows, wrong = json_lines.read(lines) if format == "json" else text_lines.read(lines, format)
    checked = rows.with_columns(problem().alias("problem"))
    for index, reason in checked.filter(pl.col("problem").is_not_null()).select("line", "problem").iter_rows():
        wrong[index] = (reason, f"expected {_EXPECTED[reason]}, got another: check the format that is configured")
    good = checked.filter(pl.col("problem").is_null())
    if service:
        good = good.with_columns(pl.col("service").replace("", dimension(service)))
    return GatewayMapped(
        rows=table(good, unit=unit, context=context),
        rejected=tuple(Rejected(*wrong[index], position=offsets[index]) for index in sorted(wrong)),
    )
