"""HAProxy's HTTP log (`option httplog`): gateway rows.

The accept date has no zone: the shipper is told it. Timers are milliseconds, `-1` where a phase was not reached; the
last is the whole request's, unless a `+` says that the line was written before its end. Status -1 means that nothing
was answered: the first letter of the termination state tells whether the client left. A backend is the service. A 429
that no server was asked for is HAProxy's own. What is before the client's address (a syslog header) is passed over;
lines of connections, of health checks and of HAProxy itself are left out.
"""

from __future__ import annotations

import polars as pl

from producers.sources.columns import Read, complete
from producers.sources.text_lines import groups, malformed, request_line

SETUP = """\
# In the frontend (or the defaults) of haproxy.cfg. The first capture lets health checks be known by their user agent.
# HAProxy logs local time without a zone: adoption tail needs --zone, the time zone of HAProxy's machine.
option httplog
capture request header User-Agent len 64
"""

_TIME = r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}"
_TIMER = r"-?[0-9]{1,12}"
_LINE = (
    rf"^(?:.*? )??[^ ]+ \[(?<time>{_TIME})\] [^ ]+ (?<backend>[^ ]+)/(?<server>[^ /]+) "
    rf"(?:{_TIMER}/){{4}}(?<early>\+?)(?<millis>{_TIMER}) (?<status>-1|[0-9]{{3}}) \+?(?<bytes>[0-9]{{1,18}}) "
    r"[^ ]+ [^ ]+ (?<state>[A-Za-z-]{4}) [0-9+/-]+ [0-9/]+ (?:\{(?<captured>[^}]*)\} (?:\{[^}]*\} )?)?"
    r'"(?<request>[^"]*)"?\s*$'
)
_NO_SERVER = "<NOSRV>"
_OWN_PAGES = "<STATS>"
_OTHER_LINE = rf"haproxy\[[0-9]+\]: |\[{_TIME}\] "
"""What HAProxy writes that is no request: of connections, of its servers, of itself."""


def read(lines: list[bytes]) -> Read:
    """Rows of whole lines; `at` is local time."""
    parts = groups(lines, _LINE)
    fits, is_other = pl.col("time").is_not_null(), pl.col("text").str.contains(_OTHER_LINE)
    server = pl.col("server").fill_null("")
    known = parts.filter(fits | is_other).select(
        "line",
        pl.col("time").str.to_datetime("%d/%b/%Y:%H:%M:%S%.3f", strict=False, time_unit="us").alias("at"),
        pl.col("backend").alias("service"),
        *request_line("request"),
        pl.col("status").cast(pl.Int64, strict=False).replace(-1, 0),
        pl.col("bytes").cast(pl.Int64, strict=False).alias("response_bytes"),
        pl.when(pl.col("early") == "").then(pl.col("millis").cast(pl.Float64, strict=False)).alias("seconds") / 1000,
        pl.col("captured").alias("agent"),
        (server == _NO_SERVER).alias("is_limited"),
        pl.col("state").str.contains("^[Cc]").alias("is_client_gone"),
        pl.when(~fits)
        .then(pl.lit("haproxy:no_request"))
        .when(server == _OWN_PAGES)
        .then(pl.lit("haproxy:stats"))
        .alias("ignored"),
    )
    return Read(complete(known), malformed(parts.filter(~(fits | is_other))["line"], "haproxy"))
