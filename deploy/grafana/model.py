"""What a dashboard is made of, typed: variables and panels, laid out left to right, as Grafana's JSON.

A panel shows one named view as it is: `SELECT columns FROM view WHERE …`. No joins, sums or defaults in a dashboard:
what a number means is the view's business, and an absent value is shown as "no data", never as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

COLUMNS = 24
"""Width of Grafana's grid."""
DATA_SOURCE = {"type": "grafana-clickhouse-datasource", "uid": "adoption"}
NO_DATA = "no data"

Kind = Literal["table", "timeseries", "stat", "barchart", "trend"]
Json = dict[str, Any]


@dataclass(frozen=True)
class Variable:
    """A choice at the top of the dashboard, filled by a query on a view."""

    name: str
    label: str
    sql: str
    multi: bool = True

    def json(self) -> Json:
        """As Grafana's `templating.list` entry; "All" where several may be chosen."""
        return {
            "name": self.name,
            "label": self.label,
            "type": "query",
            "datasource": DATA_SOURCE,
            "definition": self.sql,
            "query": {"rawSql": self.sql, "editorType": "sql", "queryType": "table", "refId": "variable"},
            "refresh": 1,
            "multi": self.multi,
            "includeAll": self.multi,
            "current": {"text": ["All"], "value": ["$__all"]} if self.multi else {},
            "sort": 1,
        }


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        kind: how it is drawn.
        title: a few words.
        description: what it says, with its traps; shown at the panel's corner.
        sql: `SELECT columns FROM view WHERE …`.
        width: of 24 columns.
        height: rows of about 30 pixels.
        unit: Grafana's unit of the values: percentunit, s, short, …
        units: column -> unit, where they differ.
        options: of the panel kind, over the defaults.
        stack: areas or bars on top of each other.
    """

    kind: Kind
    title: str
    description: str
    sql: str
    width: int = 12
    height: int = 9
    unit: str = "short"
    units: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    stack: bool = False

    def json(self, number: int, x: int, y: int) -> Json:
        """As Grafana's panel at a place of the grid."""
        series = self.kind == "timeseries"
        defaults: Json = {"unit": self.unit, "noValue": NO_DATA}
        if self.stack:
            defaults["custom"] = {"stacking": {"mode": "normal"}, "fillOpacity": 60}
        elif series:
            # A gap is a gap: nothing was observed there.
            defaults["custom"] = {"spanNulls": False, "showPoints": "auto", "lineWidth": 2}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATA_SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {
                "defaults": defaults,
                "overrides": [
                    {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
                    for name, unit in self.units.items()
                ],
            },
            "options": dict(self.options),
            "targets": [
                {
                    "refId": "A",
                    "datasource": DATA_SOURCE,
                    "editorType": "sql",
                    "queryType": "timeseries" if series else "table",
                    "format": 0 if series else 1,
                    "rawSql": self.sql,
                }
            ],
        }


@dataclass(frozen=True)
class Dashboard:
    """One dashboard: a family of metrics."""

    uid: str
    title: str
    description: str
    variables: Sequence[Variable]
    panels: Sequence[Panel]
    since: str = "now-6M"

    def json(self) -> Json:
        """As Grafana's dashboard; panels flow left to right, a row is as high as its highest."""
        placed: list[Json] = []
        x = y = row = 0
        for number, panel in enumerate(self.panels, 1):
            if x + panel.width > COLUMNS:
                x, y, row = 0, y + row, 0
            placed.append(panel.json(number, x, y))
            x, row = x + panel.width, max(row, panel.height)
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["adoption"],
            "editable": False,
            "graphTooltip": 1,
            "schemaVersion": 41,
            "time": {"from": self.since, "to": "now"},
            "timezone": "utc",
            "refresh": "1m",
            "templating": {"list": [variable.json() for variable in self.variables]},
            "panels": placed,
            "annotations": {"list": []},
            "links": [
                {
                    "title": "Platform adoption",
                    "type": "dashboards",
                    "tags": ["adoption"],
                    "asDropdown": False,
                    "keepTime": True,
                }
            ],
        }
