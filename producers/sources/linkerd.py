"""Linkerd's JSON access log: gateway rows.

A Linkerd proxy writes it for what comes in, so that each request is logged once, at its server. Durations are
nanoseconds, as texts; sizes are texts too, empty for none. The consumer is the client's service account by its
certificate, `-` without one (a probe, somebody outside of the mesh). The log does not tell who answered with 429: none
is taken for the proxy's own.
"""

from __future__ import annotations

import msgspec
import polars as pl

from producers.sources import mesh
from producers.sources.columns import each
from producers.sources.json_lines import JsonFormat
from producers.sources.text_lines import iso_times, without_host

SETUP = """\
# An annotation of a namespace, or of a workload's pods; the proxy writes the log to its standard error.
metadata:
  annotations:
    config.linkerd.io/access-log: json
"""


class Line(msgspec.Struct, gc=False):
    """One line. Only `timestamp` and `status` must be there."""

    timestamp: str
    status: int | str
    client: str | None = msgspec.field(name="client.id", default=None)
    host: str | None = None
    method: str | None = None
    uri: str | None = None
    total_ns: float | str | None = None
    request_bytes: int | str | None = None
    response_bytes: int | str | None = None
    user_agent: str | None = None


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "line",
        iso_times(frame["timestamp"]).alias("at"),
        each(pl.col("host"), mesh.service_of).alias("service"),
        each(pl.col("host"), mesh.namespace_of).alias("environment"),
        each(pl.col("client"), mesh.workload).alias("consumer"),
        *("method", "status", "request_bytes", "response_bytes"),
        without_host(pl.col("uri")).alias("path"),
        (pl.col("total_ns") / 1_000_000_000).alias("seconds"),
        pl.col("user_agent").alias("agent"),
    )


FORMAT = JsonFormat(Line, _rows)
