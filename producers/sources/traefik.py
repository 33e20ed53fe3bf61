"""Traefik's access log, as JSON (`traefik`) and as its common format (`traefik-clf`): gateway rows.

`Duration` is nanoseconds in JSON; the common format ends in whole milliseconds (`247ms`). Services and routers lose
their provider (`pay@docker`); where a middleware refused, no service was reached and the router names it. Traefik's own
pages and pings (`…@internal`) are left out. A 429 without an answer from the origin is Traefik's own.
"""

from __future__ import annotations

import msgspec
import polars as pl

from producers.sources.columns import Read, complete, each
from producers.sources.json_lines import JsonFormat
from producers.sources.text_lines import CLF_HEAD, QUOTED, clf_times, groups, iso_times, malformed, request_line

SETUP = """\
# Traefik's static configuration.
accessLog:
  filePath: /var/log/traefik/access.log
  format: json
  fields:
    defaultMode: keep
    names:
      ClientAddr: drop
      ClientHost: drop
      ClientPort: drop
    headers:
      defaultMode: drop
      names:
        User-Agent: keep
"""

SETUP_CLF = """\
# Traefik's static configuration; common is the default format. JSON (format `traefik`) tells more, and no address.
accessLog:
  filePath: /var/log/traefik/access.log
  format: common
"""


class Line(msgspec.Struct, gc=False):
    """One line. `DownstreamStatus` and a time must be there."""

    status: int | str = msgspec.field(name="DownstreamStatus")
    start: str | None = msgspec.field(name="StartUTC", default=None)
    time: str | None = None
    method: str | None = msgspec.field(name="RequestMethod", default=None)
    path: str | None = msgspec.field(name="RequestPath", default=None)
    service: str | None = msgspec.field(name="ServiceName", default=None)
    router: str | None = msgspec.field(name="RouterName", default=None)
    consumer: str | None = msgspec.field(name="ClientUsername", default=None)
    nanoseconds: float | str | None = msgspec.field(name="Duration", default=None)
    origin: int | str | None = msgspec.field(name="OriginStatus", default=None)
    request_bytes: int | str | None = msgspec.field(name="RequestContentSize", default=None)
    response_bytes: int | str | None = msgspec.field(name="DownstreamContentSize", default=None)
    agent: str | None = msgspec.field(name="request_User-Agent", default=None)


_LINE = (
    rf"^{CLF_HEAD}(?<status>[0-9]{{1,3}}) (?<bytes>[0-9]{{1,18}}|-)"
    rf'(?: (?:"{QUOTED}"|-) (?:"(?<agent>{QUOTED})"|-)'
    rf'(?: (?:[0-9]+|-) (?:"(?<router>{QUOTED})"|-) (?:"(?<server>{QUOTED})"|-) (?<millis>[0-9]{{1,12}})ms)?)?\s*$'
)
_NO_ROUTER = ("-", "backend not found")


def _of_json(frame: pl.DataFrame) -> pl.DataFrame:
    start = pl.when(pl.col("start") == "").then("time").otherwise("start")
    service = pl.when(pl.col("service") == "").then("router").otherwise("service")
    return frame.select(
        "line",
        iso_times(frame.select(start).to_series()).alias("at"),
        each(service, _without_provider).alias("service"),
        *("method", "path", "status", "consumer", "agent", "request_bytes", "response_bytes"),
        (pl.col("origin").fill_null(0) == 0).alias("is_limited"),
        (pl.col("nanoseconds") / 1_000_000_000).alias("seconds"),
        _internal(service).alias("ignored"),
    )


def read_clf(lines: list[bytes]) -> Read:
    """Rows of whole lines of the common format, also of the generic one, which ends before the router."""
    parts = groups(lines, _LINE)
    fits = parts.filter(pl.col("time").is_not_null())
    others = parts.filter(pl.col("time").is_null())["line"]
    router = pl.col("router").fill_null("-")
    rows = fits.select(
        "line",
        clf_times(fits["time"]).alias("at"),
        *request_line("request"),
        pl.when(router.is_in(_NO_ROUTER)).then(pl.lit("")).otherwise(each(router, _without_provider)).alias("service"),
        pl.col("status").cast(pl.Int64, strict=False),
        pl.col("bytes").cast(pl.Int64, strict=False).alias("response_bytes"),
        pl.col("millis").cast(pl.Float64, strict=False).alias("seconds") / 1000,
        *("consumer", "agent"),
        (pl.col("router").is_not_null() & pl.col("server").fill_null("-").is_in(["-", ""])).alias("is_limited"),
        _internal(router).alias("ignored"),
    )
    return Read(complete(rows), malformed(others, "traefik-clf"))


def _without_provider(name: str) -> str:
    return name.rpartition("@")[0] or name


def _internal(name: pl.Expr) -> pl.Expr:
    return pl.when(name.str.ends_with("@internal")).then(pl.lit("traefik:internal"))


JSON = JsonFormat(Line, _of_json)
