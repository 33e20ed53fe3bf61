"""THE registry of log formats: name -> reader of whole lines; and the way from a chunk of a log to gateway rows.

`adoption tail` hands chunks to `map_lines`, the ingest service hands parsed objects to `map_records`. A format's module
reads lines into columns; what is the same for all is done here: where lines begin, what is wrong with a row, what is
left out, the local time of formats that log no zone. Modules are imported when a format is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from producers.sources.columns import Read
    from producers.sources.common import Context, GatewayMapped


@dataclass(frozen=True)
class LineFormat:
    """One format of access logs.

    Attributes:
        module: below `producers.sources`; its `SETUP` says what to configure.
        reader: the module's name for what reads it: whole lines -> `columns.Read`; a `JsonFormat` where `is_json`.
        is_json: its lines are JSON objects, which may be posted as well.
        is_local: it logs the time without a zone, which must be told.
    """

    module: str
    reader: str
    is_json: bool = False
    is_local: bool = False

    def load(self) -> Any:
        """What reads it."""
        return getattr(self._imported(), self.reader)

    def setup(self) -> str:
        """What to configure in the gateway, as a text to paste."""
        return str(self._imported().SETUP)

    def _imported(self) -> ModuleType:
        return import_module(f"producers.sources.{self.module}")


FORMATS = {
    "nginx-json": LineFormat("nginx.json_lines", "read"),
    "combined": LineFormat("nginx.text_lines", "read_combined"),
    "ingress": LineFormat("nginx.text_lines", "read_ingress"),
    "envoy": LineFormat("envoy", "ENVOY", is_json=True),
    "istio": LineFormat("envoy", "ISTIO", is_json=True),
    "traefik": LineFormat("traefik", "JSON", is_json=True),
    "traefik-clf": LineFormat("traefik", "read_clf"),
    "caddy": LineFormat("caddy", "FORMAT", is_json=True),
    "haproxy": LineFormat("haproxy", "read", is_local=True),
    "httpd": LineFormat("httpd", "read"),
    "linkerd": LineFormat("linkerd", "FORMAT", is_json=True),
    "alb": LineFormat("alb", "read"),
}

_CONTAINER = re.compile(rb"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d) std(?:out|err) F ")
"""What a container runtime of Kubernetes writes before each line of a container, where sidecars' logs are."""
_EXPECTED = {
    "malformed_time": "a time that exists",
    "time_out_of_range": "a time within 2000..2100",
    "wrong_status": "a status within 0..999",
}


def map_lines(
    chunk: bytes,
    *,
    unit: str,
    format: str,  # noqa: A002 - the word of the field
    context: Context,
    service: str | None = None,
    zone: str | None = None,
) -> GatewayMapped:
    """Gateway rows of a chunk of whole lines.

    Args:
        chunk: lines ending in a newline (the last may lack it); empty lines are passed over, and so is what a
            container runtime writes before a line.
        unit: identity of the chunk, on every row.
        format: one of `FORMATS`.
        context: salt of hashed persons.
        service: whom the log speaks of where a line names nobody.
        zone: name of the time zone (`Europe/Berlin`) in which a format that `is_local` was logged.

    Returns:
        Rows in the lines' order, and each bad line as a `Rejected` with its byte offset in the chunk. Of an hour that
        the clock shows twice, the first is meant.

    Raises:
        ValueError: such a format without its zone.
    """
    known = FORMATS[format]
    if known.is_local and not zone:
        raise ValueError(f"expected the time zone in which {format} logs, got none")
    every = chunk.split(b"\n")
    starts = accumulate((len(line) + 1 for line in every), initial=0)
    offsets = [start for start, line in zip(starts, every, strict=False) if line.strip()]
    lines = [line.rstrip(b"\r") for line in every if line.strip()]
    if b" F " in chunk:
        lines = [_CONTAINER.sub(b"", line, count=1) if _CONTAINER.match(line) else line for line in lines]
    read: Callable[[list[bytes]], Read] = known.load().read if known.is_json else known.load()
    return _mapped(read(lines), offsets, unit, context, service, zone if known.is_local else None)


def record_mapper(format: str) -> Callable[..., GatewayMapped]:  # noqa: A002
    """A mapper (`common.GatewayMapper`) of the same objects, parsed: for senders of JSON formats."""
    return partial(_map_records, format)


def request_id(record: Any) -> str | None:
    """The unique id of such an object, where its format has one: Envoy's; a codec error has none."""
    found = record.get("request_id") if isinstance(record, dict) else None
    return found if isinstance(found, str) and found not in {"", "-"} else None


def _map_records(format: str, records: list[Any], *, unit: str, context: Context) -> GatewayMapped:  # noqa: A002
    return _mapped(FORMATS[format].load().read_records(records), range(len(records)), unit, context)


def _mapped(  # noqa: PLR0917
    read: Read,
    positions: range | list[int],
    unit: str,
    context: Context,
    service: str | None = None,
    zone: str | None = None,
) -> GatewayMapped:
    import polars as pl  # noqa: PLC0415 - the command line's listing must not pay for it

    from producers.sources.columns import problem, table  # noqa: PLC0415
    from producers.sources.common import GatewayMapped, Rejected  # noqa: PLC0415
    from producers.sources.redact import dimension  # noqa: PLC0415

    rows, wrong = read.rows, dict(read.wrong)
    if zone:
        local = pl.col("at").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        rows = rows.with_columns(local.dt.convert_time_zone("UTC"))
    counted = rows.filter(pl.col("ignored").is_null()).with_columns(problem().alias("problem"))
    for index, reason in counted.filter(pl.col("problem").is_not_null()).select("line", "problem").iter_rows():
        wrong[index] = (reason, f"expected {_EXPECTED[reason]}, got another: check the format that is configured")
    good = counted.filter(pl.col("problem").is_null())
    if service:
        good = good.with_columns(pl.col("service").replace("", dimension(service)))
    return GatewayMapped(
        rows=table(good, unit=unit, context=context),
        ignored=tuple(rows["ignored"].drop_nulls().to_list()),
        rejected=tuple(Rejected(*wrong[index], position=positions[index]) for index in sorted(wrong)),
    )
