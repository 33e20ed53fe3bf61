"""What log formats that are lines of text share: parts of a line by one expression, requests, times.

First step of the text formats, beside `json_lines.py`. The expressions are of the column engine, which has no
look-around and whose time grows with the line's length, whatever is in it.
"""

from __future__ import annotations

import polars as pl

from producers.sources.columns import READ, Wrong

QUOTED = r'(?:[^"\\]|\\.)*'
"""What is between two quotes."""
CLF_HEAD = (
    r'(?:"[^"]*" )?[^"\[]*?(?<consumer>[^ ]+) '
    r"\[(?<time>[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4})\] "
    rf'"(?<request>{QUOTED})" '
)
"""The common log format as far as the request: addresses, however many; who signed in, in one word; time; request."""


def groups(lines: list[bytes], pattern: str) -> pl.DataFrame:
    """The named groups of a pattern in each line, NULL where it does not fit, beside `line` (index) and `text`."""
    texts = pl.Series("text", [line.decode(errors="replace") for line in lines], dtype=pl.String)
    return texts.str.extract_groups(pattern).struct.unnest().with_columns(texts).with_row_index("line")


def malformed(lines: pl.Series, name: str) -> dict[int, Wrong]:
    """What is wrong with lines that do not fit, by index."""
    said = f"expected a line of the {name} log format, got another: check the format that is configured"
    return dict.fromkeys(lines.to_list(), ("malformed_line", said))


def request_line(column: str) -> tuple[pl.Expr, pl.Expr]:
    """Method and path of `GET /orders HTTP/1.1`, both empty where it is none; an address loses its host."""
    words = pl.col(column).str.splitn(" ", 3).struct
    method, target = words.field("field_0").fill_null(""), words.field("field_1").fill_null("")
    is_request = method.str.contains(r"^[A-Za-z]{1,20}$") & target.str.contains(r"^(?:/|\*|[a-z]+:/)")
    nothing = pl.lit("")
    return (
        pl.when(is_request).then(method).otherwise(nothing).alias("method"),
        pl.when(is_request).then(without_host(target)).otherwise(nothing).alias("path"),
    )


def without_host(target: pl.Expr) -> pl.Expr:
    """The path and query of an absolute address; what begins with a slash stays."""
    return target.str.replace(r"^[a-z]+://[^/?]*", "")


def clf_times(texts: pl.Series) -> pl.Series:
    """Times like `02/May/2024:09:50:00 +0000`, read once per distinct text; NULL where there is no such time."""
    distinct = texts.unique()
    at = distinct.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", strict=False, time_unit="us").cast(READ["at"])
    return texts.replace_strict(distinct, at, return_dtype=READ["at"]) if len(texts) else texts.cast(READ["at"])


def iso_times(texts: pl.Series) -> pl.Series:
    """ISO 8601 times with a zone, cut to microseconds; NULL where there is no such time."""
    at = texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", strict=False, time_unit="us").dt.replace_time_zone("UTC")
    if not at.null_count():
        return at
    ahead = texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", strict=False, time_unit="us").cast(READ["at"])
    return at.fill_null(ahead)
