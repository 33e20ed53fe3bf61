"""AWS Application Load Balancers' access log: gateway rows.

Fields are separated by spaces, the free ones quoted. Three times in seconds make a request's: until it was handed to a
target, until the target answered, until the client had it; -1 where it did not come so far, and then the whole is not
known. The target group is the service. The log knows no consumer but an address. A 429 that no target answered (a fixed
response, the firewall) is the load balancer's own.
"""

from __future__ import annotations

import polars as pl

from producers.sources.columns import Read, complete
from producers.sources.text_lines import QUOTED, groups, iso_times, malformed, request_line

SETUP = """\
# Turn on access logs of the load balancer; they arrive in the bucket every five minutes, compressed. Then, once each:
aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN \\
  --attributes Key=access_logs.s3.enabled,Value=true Key=access_logs.s3.bucket,Value=BUCKET
aws s3 sync s3://BUCKET/AWSLogs/ACCOUNT/elasticloadbalancing/ logs && gunzip --recursive logs
find logs -name '*.log' -exec adoption tail --once --format alb '{}' ';'
"""

_SECONDS = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"
_LINE = (
    r"^(?:https?|h2|grpcs?|wss?) (?<time>[^ ]+) [^ ]+ [^ ]+ [^ ]+ "
    rf"(?<waiting>{_SECONDS}) (?<asking>{_SECONDS}) (?<answering>{_SECONDS}) "
    r"(?<status>[0-9]{3}|-) (?<target>[0-9]{3}|-) (?<received>[0-9]{1,18}) (?<sent>[0-9]{1,18}) "
    rf'"(?<request>{QUOTED})" "(?<agent>{QUOTED})" [^ ]+ [^ ]+ (?<group>[^ ]+)(?: .*)?$'
)
_PHASES = ("waiting", "asking", "answering")


def read(lines: list[bytes]) -> Read:
    """Rows of whole lines."""
    parts = groups(lines, _LINE)
    fits = parts.filter(pl.col("time").is_not_null())
    phases = [pl.col(name).cast(pl.Float64, strict=False) for name in _PHASES]
    rows = fits.select(
        "line",
        iso_times(fits["time"]).alias("at"),
        pl.col("group").str.extract(r":targetgroup/([^/]+)/").alias("service"),
        *request_line("request"),
        pl.col("status").cast(pl.Int64, strict=False),
        (pl.col("target") == "-").alias("is_limited"),
        pl.when(pl.all_horizontal(phase >= 0 for phase in phases)).then(pl.sum_horizontal(phases)).alias("seconds"),
        pl.col("received").cast(pl.Int64, strict=False).alias("request_bytes"),
        pl.col("sent").cast(pl.Int64, strict=False).alias("response_bytes"),
        "agent",
    )
    return Read(complete(rows), malformed(parts.filter(pl.col("time").is_null())["line"], "alb"))
