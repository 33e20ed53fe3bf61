"""NGINX's access log as JSON lines, in the format that `SETUP` configures.

A chunk that is well-formed is parsed whole; where one line is not, each line is read by itself, numbers in quotes are
taken, and the bad ones are named. The log holds neither addresses nor queries: `$uri` has none.
"""

from __future__ import annotations

import io
from typing import Any

import msgspec
import polars as pl

from producers.sources.columns import Read, complete, from_epoch
from producers.sources.json_lines import read_each

SETUP = """\
# Requests for the adoption tracker: one JSON object a line. In the http block of nginx.conf.
# service, route, consumer, team and environment are yours to set per server or location, e.g.
#   set $adoption_service pay;   set $adoption_route /payments/{id};
# and default to nothing through these maps:
map '' $adoption_service { default ''; }
map '' $adoption_route { default ''; }
map '' $adoption_team { default ''; }
map '' $adoption_environment { default ''; }
log_format adoption escape=json
  '{"at":$msec,"request_id":"$request_id","service":"$adoption_service","route":"$adoption_route",'
  '"method":"$request_method","path":"$uri","status":$status,"seconds":$request_time,'
  '"request_bytes":$request_length,"response_bytes":$bytes_sent,"consumer":"$remote_user",'
  '"team":"$adoption_team","environment":"$adoption_environment","user_agent":"$http_user_agent",'
  '"limit":"$limit_req_status"}';
access_log /var/log/nginx/adoption.log adoption;
"""


class Line(msgspec.Struct, gc=False):
    """One line. Only `at` and `status` must be there; unknown fields are ignored.

    Attributes:
        at: `$msec`, seconds since 1970 when the request ended, with milliseconds.
        status: `$status`.
        seconds: `$request_time`.
        limit: `$limit_req_status`; REJECTED with status 429 is the gateway's own limit.
    """

    at: float
    status: int
    service: str | None = None
    route: str | None = None
    method: str | None = None
    path: str | None = None
    seconds: float | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None
    consumer: str | None = None
    team: str | None = None
    environment: str | None = None
    user_agent: str | None = None
    limit: str | None = None


_TEXTS = ("service", "route", "method", "path", "consumer", "team", "environment", "user_agent", "limit")
_RAW: dict[str, pl.DataType] = {
    "at": pl.Float64(),
    "status": pl.Int64(),
    "seconds": pl.Float64(),
    "request_bytes": pl.Int64(),
    "response_bytes": pl.Int64(),
    **{name: pl.String() for name in _TEXTS},
}
_DECODER = msgspec.json.Decoder(Line, strict=False)
_BIGGEST = 2**63


def read(lines: list[bytes]) -> Read:
    """Rows of whole lines."""
    raw = _whole(lines)
    if raw is not None:
        return Read(_typed(raw), {})
    kept, indexes, wrong = read_each(lines, _DECODER.decode)
    columns = {name: [_bounded(getattr(line, name)) for line in kept] for name in _RAW}
    frame = pl.DataFrame(columns, schema=_RAW).with_columns(pl.Series("line", indexes, dtype=pl.UInt32))
    return Read(_typed(frame), wrong)


def _whole(lines: list[bytes]) -> pl.DataFrame | None:
    """The chunk parsed at once; None where a line is malformed, or a text is none (an object, a list)."""
    try:
        frame = pl.read_ndjson(io.BytesIO(b"\n".join(lines)), schema=_RAW)
    except pl.exceptions.PolarsError:
        return None
    if len(frame) != len(lines) or frame["at"].null_count() or frame["status"].null_count():
        return None
    texts = pl.col(_TEXTS).str
    if frame.select(pl.any_horizontal((texts.starts_with("{") | texts.starts_with("[")).any())).item():
        return None
    return frame.with_row_index("line")


def _typed(raw: pl.DataFrame) -> pl.DataFrame:
    typed = raw.with_columns(pl.col(_TEXTS).fill_null("")).select(
        "line",
        from_epoch(pl.col("at")).alias("at"),
        *("service", "route", "method", "path", "status", "consumer", "team", "environment"),
        *("seconds", "request_bytes", "response_bytes"),
        (pl.col("limit") == "REJECTED").alias("is_limited"),
        pl.col("user_agent").alias("agent"),
    )
    return complete(typed)


def _bounded(value: Any) -> Any:
    return None if isinstance(value, int) and not -_BIGGEST <= value < _BIGGEST else value
