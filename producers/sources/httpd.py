"""Apache httpd's access logs: gateway rows.

`SETUP` is what to configure; common, combined and vhost_combined are read, too. After the parts of `combined` the
documented format has the time that a request took in microseconds (`%D`), its bytes (`%I`) and the virtual host
(`%v`), which is the service. Only who signed in is a consumer; addresses are not kept. httpd limits no rates by itself,
so that no 429 is taken for its own.
"""

from __future__ import annotations

import polars as pl

from producers.sources import mesh
from producers.sources.columns import Read, complete, each
from producers.sources.text_lines import CLF_HEAD, QUOTED, clf_times, groups, malformed, request_line

SETUP = """\
# In httpd.conf or the virtual host; %I and %O need mod_logio. No address and no query is logged.
LogFormat "- - %u %t \\"%m %U %H\\" %>s %O \\"-\\" \\"%{User-Agent}i\\" %D %I %v" adoption
CustomLog logs/adoption.log adoption
"""

_LINE = (
    rf"^(?:(?<vhost>[A-Za-z][A-Za-z0-9.-]*):[0-9]+ )?{CLF_HEAD}(?<status>[0-9]{{3}}) (?<sent>[0-9]{{1,18}}|-)"
    rf'(?: "{QUOTED}" "(?<agent>{QUOTED})"(?: "{QUOTED}")*)?'
    r"(?: (?<micros>[0-9]{1,15}|-))?(?: (?<received>[0-9]{1,18}|-))?(?: (?<host>[A-Za-z0-9][A-Za-z0-9.:-]*))?\s*$"
)


def read(lines: list[bytes]) -> Read:
    """Rows of whole lines."""
    parts = groups(lines, _LINE)
    fits = parts.filter(pl.col("time").is_not_null())
    rows = fits.select(
        "line",
        clf_times(fits["time"]).alias("at"),
        each(pl.coalesce("host", "vhost", pl.lit("")), mesh.service_of).alias("service"),
        *request_line("request"),
        *("consumer", "agent"),
        pl.col("status").cast(pl.Int64, strict=False),
        (pl.col("micros").cast(pl.Float64, strict=False) / 1_000_000).alias("seconds"),
        pl.col("received").cast(pl.Int64, strict=False).alias("request_bytes"),
        pl.col("sent").cast(pl.Int64, strict=False).alias("response_bytes"),
    )
    return Read(complete(rows), malformed(parts.filter(pl.col("time").is_null())["line"], "httpd"))
