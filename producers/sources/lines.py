"""THE registry of log formats: name -> what reads it. A new format is a module, its example and a row.

`adoption tail` and the ingest service ask here which formats exist; `line_mapper.py` makes rows of their lines. Modules
are imported when a format is used, for the command line's listing and a service that never sees such a log pay nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from producers.sources.common import Context, GatewayMapped, GatewayMapper


@dataclass(frozen=True)
class LineFormat:
    """One format of access logs.

    Attributes:
        module: below `producers.sources`.
        reader: the module's name for what reads it: whole lines -> `columns.Read`; a `JsonFormat` where `is_json`.
        is_json: its lines are JSON objects, which may be posted as well.
        is_records: its lines are the records of a gateway that posts them as well, and the reader is their mapper.
        is_local: it logs the time without a zone, which must be told.
        text: the module's name for what to configure in the gateway; a mapper of records may have none.
    """

    module: str
    reader: str
    is_json: bool = False
    is_records: bool = False
    is_local: bool = False
    text: str = "SETUP"

    def load(self) -> Any:
        """What reads it."""
        return getattr(self._imported(), self.reader)

    def setup(self) -> str:
        """What to configure in the gateway, as a text to paste."""
        return str(getattr(self._imported(), self.text, ""))

    def _imported(self) -> ModuleType:
        return import_module(f"producers.sources.{self.module}")


FORMATS = {
    "nginx-json": LineFormat("nginx.json_lines", "read"),
    "combined": LineFormat("nginx.text_lines", "read_combined"),
    "ingress": LineFormat("nginx.text_lines", "read_ingress", text="SETUP_INGRESS"),
    "envoy": LineFormat("envoy", "ENVOY", is_json=True),
    "istio": LineFormat("envoy", "ISTIO", is_json=True, text="SETUP_ISTIO"),
    "traefik": LineFormat("traefik", "JSON", is_json=True),
    "traefik-clf": LineFormat("traefik", "read_clf", text="SETUP_CLF"),
    "caddy": LineFormat("caddy", "FORMAT", is_json=True),
    "haproxy": LineFormat("haproxy", "read", is_local=True),
    "httpd": LineFormat("httpd", "read"),
    "linkerd": LineFormat("linkerd", "FORMAT", is_json=True),
    "alb": LineFormat("alb", "read"),
    "kong": LineFormat("kong", "map_records", is_records=True),
    "apisix": LineFormat("apisix", "map_records", is_records=True),
    "krakend": LineFormat("krakend", "map_records", is_records=True),
}


def record_mapper(format: str) -> GatewayMapper:  # noqa: A002 - the word of the field
    """The mapper of a JSON format's objects that somebody parsed already, for the ingest service."""

    def map_records(records: list[Any], *, unit: str, context: Context) -> GatewayMapped:
        from producers.sources import line_mapper  # noqa: PLC0415

        return line_mapper.map_records(records, format=format, unit=unit, context=context)

    return map_records


def request_id(record: Any) -> str | None:
    """The unique id of such an object, where its format has one: Envoy's; a codec error has none."""
    found = record.get("request_id") if isinstance(record, dict) else None
    return found if isinstance(found, str) and found not in {"", "-"} else None
