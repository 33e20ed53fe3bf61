"""NGINX's `combined` and ingress-nginx's default access log: text lines, split at their quotes.

Ordinary lines are split as columns; a line that does not fit (a list of forwarded addresses before it, escaped quotes,
Apache's common format) is read by one expression instead, and what that refuses is no line of the format.
A client's address is no consumer: only the name given with basic authentication is.
"""

from __future__ import annotations

import re
from typing import Literal

import polars as pl

from producers.sources.columns import READ, Read, Wrong, complete

Kind = Literal["combined", "ingress"]

SETUP = """\
# Nothing to configure: it is NGINX's default. It names no consumer but who signed in by basic authentication, and
# neither a service nor durations: the format nginx-json does.
"""

SETUP_INGRESS = """\
# Nothing to configure: it is ingress-nginx's default. It names no consumer but who signed in by basic authentication.
# Nodes keep the log in /var/log/pods/NAMESPACE_POD_UID/controller/0.log.
"""

_TIME = r"\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    rf'(?:"[^"]*" )?[^"\[]*?(?:\[[^\]"]*\] - )?(?P<user>\S+) \[(?P<time>{_TIME})\] '
    rf"{_QUOTED.replace('(', '(?P<request>', 1)} (?P<status>\d{{3}}) (?P<bytes>\d{{1,18}}|-)"
    rf"(?: {_QUOTED} {_QUOTED.replace('(', '(?P<agent>', 1)}(?P<tail>.*))?\s*",
    re.ASCII,
)
_TAIL = r"^ (\d{1,18}|-) (\d{1,9}\.\d{1,9}|-) \[([^\]]*)\] (?:\[[^\]]*\] )?(\S+) "
"""Of ingress-nginx: request length, seconds, upstream name, first upstream address."""
_STAMP = len("[07/Dec/2016:10:34:43 +0100] ")
_NO_SERVICE = ("", "upstream-default-backend", "default-backend")


def read_combined(lines: list[bytes]) -> Read:
    """Rows of whole lines of `combined`, or of Apache's common format."""
    return _read(lines, "combined")


def read_ingress(lines: list[bytes]) -> Read:
    """Rows of whole lines of ingress-nginx's default."""
    return _read(lines, "ingress")


def _read(lines: list[bytes], kind: Kind) -> Read:
    texts = [line.decode(errors="replace") for line in lines]
    parts = _split(texts)
    usual = parts.filter("fits").drop("fits")
    wrong: dict[int, Wrong] = {}
    odd = []
    for index in parts.filter(~pl.col("fits"))["line"].to_list():
        match = _LINE.fullmatch(texts[index])
        if match is None:
            wrong[index] = _malformed(kind)
        else:
            odd.append({"line": index, **match.groupdict(default="")})
    if odd:
        usual = pl.concat([usual, pl.DataFrame(odd, schema=usual.schema)]).sort("line")
    typed = _requests(usual)
    if kind == "ingress":
        typed = _upstreams(typed)
        wrong |= dict.fromkeys(typed.filter(pl.col("upstream").is_null())["line"].to_list(), _malformed(kind))
        typed = typed.filter(pl.col("upstream").is_not_null())
    return Read(complete(typed), wrong)


def _malformed(kind: Kind) -> Wrong:
    return (
        "malformed_line",
        f"expected a line of the {kind} log format, got another: check the format that is configured",
    )


def _split(texts: list[str]) -> pl.DataFrame:
    """Parts of the lines that have three quoted texts and nothing odd before them; `fits` says which have."""
    between = pl.col("text").str.split_exact('"', 6).struct
    head = pl.col("head")
    answer = pl.col("answer").struct
    return (
        pl.DataFrame({"text": texts}, schema={"text": pl.String})
        .with_row_index("line")
        .with_columns(
            between.field("field_0").alias("head"),
            between.field("field_1").alias("request"),
            between.field("field_2").str.strip_chars(" ").str.split_exact(" ", 1).alias("answer"),
            between.field("field_5").fill_null("").alias("agent"),
            between.field("field_6").alias("tail"),
        )
        .select(
            "line",
            head.str.head(-_STAMP - 1).str.split(" ").list.last().alias("user"),
            head.str.tail(_STAMP).str.slice(1, _STAMP - 3).alias("time"),
            "request",
            answer.field("field_0").alias("status"),
            answer.field("field_1").alias("bytes"),
            "agent",
            pl.col("tail").fill_null(""),
            (
                head.str.contains(rf"^[^\[]*[^\[ ] \[{_TIME}\] $")
                & answer.field("field_0").str.contains(r"^\d{3}$")
                & answer.field("field_1").str.contains(r"^(?:\d{1,18}|-)$")
                & pl.col("tail").is_not_null()
                & ~pl.col("text").str.contains("\\", literal=True)
            )
            .fill_null(value=False)
            .alias("fits"),
        )
    )


def _requests(parts: pl.DataFrame) -> pl.DataFrame:
    words = pl.col("request").str.splitn(" ", 3).struct
    line = words.field("field_1").fill_null("")
    is_request = words.field("field_0").str.contains(r"^[A-Za-z]{1,20}$") & line.str.contains(r"^(?:/|\*|[a-z]+:/)")
    if parts.is_empty():  # a mapping of nothing has no type
        return parts.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in READ.items())
    times = parts["time"].unique()
    at = times.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", strict=False, time_unit="us").cast(READ["at"])
    return parts.with_columns(
        pl.col("time").replace_strict(times, at, return_dtype=READ["at"]).alias("at"),
        pl.when(is_request).then(words.field("field_0")).otherwise(pl.lit("")).alias("method"),
        pl.when(is_request).then(line).otherwise(pl.lit("")).alias("path"),
        pl.col("status").cast(pl.Int64, strict=False),
        pl.col("bytes").cast(pl.Int64, strict=False).alias("response_bytes"),
        pl.col("user").alias("consumer"),
    )


def _upstreams(typed: pl.DataFrame) -> pl.DataFrame:
    """What ingress-nginx adds. Its upstream is `namespace-service-port`, so a service is `namespace-service`."""
    tail = pl.col("tail").str.extract_groups(_TAIL).struct
    name = pl.col("upstream")
    named = typed.with_columns(
        tail.field("1").cast(pl.Int64, strict=False).alias("request_bytes"),
        tail.field("2").cast(pl.Float64, strict=False).alias("seconds"),
        tail.field("3").str.strip_prefix("upstream-").alias("upstream"),
        (tail.field("4") == "-").fill_null(value=True).alias("is_limited"),  # no upstream was asked
    )
    is_service = ~name.is_in(_NO_SERVICE) & name.str.contains("-", literal=True)
    return named.with_columns(
        pl.when(is_service).then(name.str.replace(r"-[^-]*$", "")).otherwise(pl.lit("")).alias("service")
    )
