"""Rows for view tests: what a recompute would have written, in as few words as a test can say it."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any


def at(text: str) -> datetime:
    """An instant in UTC: `2026-06-01` or `2026-06-01 10:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Warehouse:
    """One database that a test fills and reads."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._ids = itertools.count(1)

    def empty(self) -> None:
        """No rows, whoever wrote them."""
        filled = "SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0"
        for table in self.column(f"{filled} AND name != 'schema_migrations'"):
            self.client.command(f"TRUNCATE TABLE {table}")

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Rows by column name; what a row leaves out is the column's default."""
        for names, group in itertools.groupby(rows, key=tuple):
            self.client.insert(table, [list(row.values()) for row in group], column_names=list(names))

    def now(self, text: str, *, pinned: bool = False) -> None:
        self.insert("clock", [{"name": "pinned" if pinned else "live", "at": at(text), "version": next(self._ids)}])

    def catalog(self, kind: str, time: str, **data: Any) -> None:
        """A catalog event as the pipeline stores it."""
        declared = data.get("valid_from")
        identity = f"{next(self._ids):08}"
        self.insert(
            "catalog_events",
            [
                {
                    "source": "test",
                    "id": identity,
                    "kind": kind,
                    "time": at(time),
                    "at": at(declared) if declared else at(time),
                    "removed": int(data.get("removed", False)),
                    "data": json.dumps({"kind": kind, **{name: _json(value) for name, value in data.items()}}),
                    "version": 1,
                }
            ],
        )

    def owner(self, service: str, team: str, time: str, **data: Any) -> None:
        self.catalog("ownership", time, **{"entity": "service", "name": service, "team": team, **data})

    def team(self, *names: str, time: str = "2026-01-01") -> None:
        for name in names:
            self.catalog("team", time, team=name)

    def platform(self, service: str, time: str = "2026-01-01", **data: Any) -> None:
        self.catalog("service", time, service=service, is_platform=True, **data)

    def traffic(self, service: str, hour: str, *groups: dict[str, Any]) -> None:
        """One slice: the groups of requests of one service in one hour; a group's default is 1 ok request.

        `minute` in a group says in which minute of the hour; else its place does.
        """
        start = at(hour).replace(minute=0)
        moments = [start + timedelta(minutes=group.get("minute", index)) for index, group in enumerate(groups)]
        rows = [
            {
                "consumer": "",
                "team": "",
                "environment": "",
                "route": "/",
                "method": "GET",
                "status": 200,
                "outcome": "ok",
                "is_synthetic": 0,
                "requests": 1,
                "request_bytes": 0,
                "response_bytes": 0,
                "latency_buckets": [],
                "latency_counts": [],
                "first_at": moment,
                "last_at": moment,
                **{name: value for name, value in group.items() if name != "minute"},
            }
            for moment, group in zip(moments, groups, strict=True)
        ]
        columns = {name: [row[name] for row in rows] for name in rows[0]} | _minutes(rows)
        self.insert("gateway_hour_slices", [{"service": service, "hour": start, "version": next(self._ids), **columns}])

    def facts(self, service: str, **tables: list[dict[str, Any]]) -> None:
        """Replaces the facts of a service: slices by month, and the head that names them."""
        version = next(self._ids)
        digest = f"digest-{version}"
        months: set[date] = set()
        for table, rows in tables.items():
            complete = []
            for row in rows:
                instants = {name: at(value) if name in _INSTANTS and value else value for name, value in row.items()}
                month = instants["at"].date().replace(day=1)
                months.add(month)
                complete.append({"service": service, "month": month, "digest": digest, **instants})
            self.insert(f"facts_{table}", complete)
        head = {"service": service, "version": version, "months": sorted(months), "digests": [digest] * len(months)}
        self.insert("facts_heads", [head])

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return list(self.client.query(sql).named_results())

    def column(self, sql: str) -> list[Any]:
        return [row[0] for row in self.client.query(sql).result_rows]


_INSTANTS = {
    "at",
    "told_at",
    "queued_at",
    "started_at",
    "finished_at",
    "failed_at",
    "recovered_at",
    "resolved_at",
    "committed_at",
}


def _minutes(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The minute tier of these groups, a group of its own each; callers stay with errors only."""
    kept = ("environment", "route", "outcome", "requests", "latency_buckets", "latency_counts")
    columns = {f"minute_{name}": [row[name] for row in rows] for name in kept}
    for name in ("consumer", "team"):
        columns[f"minute_{name}"] = [row[name] if row["outcome"] == "error" else "" for row in rows]
    return {"minute_number": [row["first_at"].minute for row in rows], **columns}


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
