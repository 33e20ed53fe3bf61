"""Caddy's access log, one JSON object a line: gateway rows.

`ts` and `duration` are seconds as floats (Caddy's defaults; another `time_format` or `duration_format` is not read). A
service is what the site's block appends or how its logger is named, else the host asked for. Lines of other loggers in
the same file are left out. Whether Caddy itself refused with 429 is known where the block appends `upstream`.
"""

from __future__ import annotations

import msgspec
import polars as pl

from producers.sources import mesh
from producers.sources.columns import each, from_epoch
from producers.sources.json_lines import JsonFormat

SETUP = """\
# In a site's block of the Caddyfile. What is appended is yours to set, and may be left away (Caddy 2.8 and later has
# log_append); route, consumer, team and environment may be appended likewise. Without it, the logger's name (here pay)
# is the service.
log pay {
    output file /var/log/caddy/access.log
    format filter {
        wrap json
        fields {
            request>remote_ip delete
            request>remote_port delete
            request>client_ip delete
            resp_headers delete
        }
    }
}
log_append service pay
log_append upstream {http.reverse_proxy.upstream.hostport}
"""


class Headers(msgspec.Struct, gc=False):
    """Of the request's headers, who asks."""

    agents: list[str] | None = msgspec.field(name="User-Agent", default=None)


class Request(msgspec.Struct, gc=False):
    """Of the request, what is read."""

    method: str | None = None
    host: str | None = None
    uri: str | None = None
    headers: Headers = msgspec.field(default_factory=Headers)


class Line(msgspec.Struct, gc=False):
    """One line. Only `ts` and `status` must be there; `upstream` is `?` where nothing appends it."""

    ts: float
    status: int | str | None = None
    logger: str | None = None
    request: Request = msgspec.field(default_factory=Request)
    user_id: str | None = None
    duration: float | str | None = None
    size: int | str | None = None
    bytes_read: int | str | None = None
    service: str | None = None
    route: str | None = None
    consumer: str | None = None
    team: str | None = None
    environment: str | None = None
    upstream: str | None = "?"


_ACCESS = "http.log.access"
_NAMED_BY_NUMBER = r"^log[0-9]+$"


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    logger = pl.col("logger")
    name = logger.str.strip_prefix(_ACCESS).str.strip_prefix(".")
    named = pl.when(name.str.contains(_NAMED_BY_NUMBER)).then(pl.lit("")).otherwise(name)
    return frame.select(
        "line",
        from_epoch(pl.col("ts")).alias("at"),
        pl.when(pl.col("service") != "")
        .then("service")
        .when(named != "")
        .then(named)
        .otherwise(each(pl.col("request.host"), mesh.service_of))
        .alias("service"),
        pl.when(pl.col("consumer") == "").then("user_id").otherwise("consumer").alias("consumer"),
        *("route", "team", "environment", "status"),
        pl.col("request.method").alias("method"),
        pl.col("request.uri").alias("path"),
        pl.col("request.headers.agents").list.first().alias("agent"),
        pl.col("duration").alias("seconds"),
        pl.col("bytes_read").alias("request_bytes"),
        pl.col("size").alias("response_bytes"),
        (pl.col("upstream") == "").alias("is_limited"),
        pl.when((logger != "") & ~logger.str.starts_with(_ACCESS)).then(pl.lit("caddy:no_access_log")).alias("ignored"),
    )


FORMAT = JsonFormat(Line, _rows)
