"""Envoy's JSON access log, and Istio's, which is Envoy's: gateway rows.

Two formats. `envoy` counts every line: an edge, an ingress gateway. `istio` is for sidecars, which log one request
twice, at the client and at the server, under one request id: the server's line is counted, the client's left out.
`duration` is milliseconds. Older versions write numbers as texts and `-` for nothing; a codec error has neither method
nor path. Services are named by what the operator configured (cluster, server name) before what the client claims
(authority). A request is limited where Envoy itself refused it (flag RL); code 0 with the client gone is its own doing.
"""

from __future__ import annotations

import re
from textwrap import indent

import msgspec
import polars as pl

from producers.sources import mesh
from producers.sources.columns import each
from producers.sources.json_lines import JsonFormat
from producers.sources.text_lines import iso_times

_LABELS = """\
start_time: "%START_TIME%"
request_id: "%REQ(X-REQUEST-ID)%"
method: "%REQ(:METHOD)%"
path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"
protocol: "%PROTOCOL%"
authority: "%REQ(:AUTHORITY)%"
response_code: "%RESPONSE_CODE%"
response_flags: "%RESPONSE_FLAGS%"
response_code_details: "%RESPONSE_CODE_DETAILS%"
duration: "%DURATION%"
bytes_received: "%BYTES_RECEIVED%"
bytes_sent: "%BYTES_SENT%"
user_agent: "%REQ(USER-AGENT)%"
upstream_cluster: "%UPSTREAM_CLUSTER%"
requested_server_name: "%REQUESTED_SERVER_NAME%"
downstream_peer: "%DOWNSTREAM_PEER_URI_SAN%"
"""

SETUP = f"""\
# An access logger of the HTTP connection manager. service, route, consumer, team and environment may be added, e.g.
# consumer: "%REQ(X-CONSUMER)%"; where they are not, the cluster is the service, the peer's SPIFFE id the consumer.
access_log:
- name: envoy.access_loggers.file
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
    path: /var/log/envoy/adoption.log
    log_format:
      json_format:
{indent(_LABELS, " " * 8)}"""

SETUP_ISTIO = f"""\
# The mesh's configuration, and what switches the log on: at servers alone. Istio's own JSON format
# (meshConfig.accessLogEncoding: JSON) is read as well; it names no consumer, and clients' lines are left out.
meshConfig:
  extensionProviders:
  - name: adoption
    envoyFileAccessLog:
      path: /dev/stdout
      logFormat:
        labels:
{indent(_LABELS, " " * 10)}---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {{name: adoption, namespace: istio-system}}
spec:
  accessLogging:
  - providers: [{{name: adoption}}]
    match: {{mode: SERVER}}
# Nodes keep the logs in /var/log/pods/NAMESPACE_POD_UID/istio-proxy/0.log. An ingress gateway is shipped as `envoy`
# where the sidecars behind it are not.
"""


class Line(msgspec.Struct, gc=False):
    """One line. Only `start_time` and `response_code` must be there; `-` is nothing."""

    start_time: str
    response_code: int | str | None = None
    response_flags: str | None = None
    response_code_details: str | None = None
    duration: float | str | None = None
    method: str | None = None
    path: str | None = None
    protocol: str | None = None
    authority: str | None = None
    user_agent: str | None = None
    bytes_received: int | str | None = None
    bytes_sent: int | str | None = None
    upstream_cluster: str | None = None
    requested_server_name: str | None = None
    downstream_peer: str | None = None
    consumer: str | None = None
    service: str | None = None
    route: str | None = None
    team: str | None = None
    environment: str | None = None


_LIMITED_DETAILS = ("request_rate_limited", "local_rate_limited")
_CLIENT_GONE = frozenset({"DC", "DPE", "DR"})
"""Downstream connection closed, protocol error, reset."""
_PASSED_ON = ("inbound|", "outbound|", "InboundPassthroughCluster", "PassthroughCluster", "BlackHoleCluster")
"""Clusters of the mesh that are named after no service."""
_SERVER_NAME = re.compile(r"outbound_\.\d+_\.[^.]*_\.(.+)", re.ASCII)


def _any(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of every line that is of a request."""
    named = frame.with_columns(
        each(pl.concat_str("upstream_cluster", "requested_server_name", "authority", separator="\n"), _host).alias(
            "host"
        ),
        each(pl.concat_str("response_flags", "response_code_details", separator="\n"), _doing).alias("doing"),
    )
    spoke_no_http = (pl.col("protocol") == "") & (pl.col("method") == "") & (pl.col("response_code").fill_null(0) == 0)
    is_tcp = spoke_no_http & (pl.col("doing") == "")
    return named.select(
        "line",
        iso_times(frame["start_time"]).alias("at"),
        _else("service", each(pl.col("host"), mesh.service_of)),
        *("route", "method", "path", "team", "upstream_cluster", "requested_server_name"),
        pl.col("response_code").alias("status"),
        (pl.col("doing") == "limited").alias("is_limited"),
        (pl.col("doing") == "client_gone").alias("is_client_gone"),
        _else("consumer", each(pl.col("downstream_peer"), mesh.workload)),
        _else("environment", each(pl.col("host"), mesh.namespace_of)),
        pl.col("user_agent").alias("agent"),
        (pl.col("duration") / 1000).alias("seconds"),
        pl.col("bytes_received").alias("request_bytes"),
        pl.col("bytes_sent").alias("response_bytes"),
        pl.when(is_tcp).then(pl.lit("envoy:tcp")).alias("ignored"),
    )


def _server_side(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of the lines that a server's sidecar wrote; where no cluster was chosen, its name for the server tells."""
    cluster = pl.col("upstream_cluster")
    is_server = (
        cluster.str.starts_with("inbound")  # of a sidecar `inbound|`, of a waypoint `inbound-vip|`
        | cluster.str.starts_with("InboundPassthroughCluster")
        | ((cluster == "") & pl.col("requested_server_name").str.starts_with("outbound_."))
    )
    side = pl.when(cluster == "").then(pl.lit("istio:side_unknown")).otherwise(pl.lit("istio:client_side"))
    return _any(frame).with_columns(
        pl.when(pl.col("ignored").is_not_null()).then("ignored").when(~is_server).then(side).alias("ignored")
    )


def _else(said: str, found: pl.Expr) -> pl.Expr:
    return pl.when(pl.col(said) == "").then(found).otherwise(said).alias(said)


def _host(names: str) -> str:
    """What names the service: the mesh's cluster, a cluster of the operator's, the server's name, the authority."""
    cluster, server, authority = names.split("\n")[:3]
    *_, of_mesh = cluster.split("|") if cluster.count("|") >= 3 else [""]  # noqa: PLR2004 - side|port|subset|host
    if of_mesh:
        return of_mesh
    if cluster and not cluster.startswith(_PASSED_ON):
        return cluster
    match = _SERVER_NAME.fullmatch(server)
    if match:
        return match[1]
    return authority if cluster else ""


def _doing(flags_and_details: str) -> str:
    """Whose doing a failure was, where Envoy says so."""
    flags, _, details = flags_and_details.partition("\n")
    found = set(flags.split(","))
    if "RL" in found or details in _LIMITED_DETAILS:
        return "limited"
    return "client_gone" if found & _CLIENT_GONE else ""


ENVOY = JsonFormat(Line, _any)
ISTIO = JsonFormat(Line, _server_side)
