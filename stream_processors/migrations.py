"""Brings a warehouse to the shape that `schemas.clickhouse` describes; shared by every engine, run before any worker.

Each statement is idempotent and what was applied is written down, so that a run that died half-way is simply run again,
and a second run does nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from schemas import clickhouse

if TYPE_CHECKING:
    from schemas.settings import Settings


class MigrationError(Exception):
    """The warehouse and the files contradict each other; nothing was changed."""


def migrate(client: Any, settings: Settings, *, dry_run: bool = False) -> list[str]:
    """Creates the database, its tables and views, as far as they are not there yet.

    Args:
        client: a clickhouse_connect client of a user who may create; its current database need not exist.
        settings: names the database, the zone and the cluster.
        dry_run: only say what would be done.

    Returns:
        What was (or would be) applied, in order, e.g. `migration 0001_events`, `view as_of`; empty when up to date.

    Raises:
        MigrationError: an applied migration's file changed, the warehouse is newer than these files, or was made for
            another time zone.
    """
    parameters = clickhouse.Parameters(
        settings.clickhouse_database,
        settings.time_zone,
        settings.clickhouse_cluster,
        settings.tier_edition,
        settings.fiscal_year_start,
    )
    database, client.database = client.database, None  # a server refuses every statement to a database it lacks
    try:
        return _Run(client, parameters).run(dry_run=dry_run)
    finally:
        client.database = database


class _Run:
    def __init__(self, client: Any, parameters: clickhouse.Parameters) -> None:
        self._client = client
        self._parameters = parameters

    def run(self, *, dry_run: bool) -> list[str]:
        applied = self._applied()
        self._check(applied)
        todo = [migration for migration in clickhouse.migrations() if ("migration", migration.name) not in applied]
        views = self._stale_views(applied)
        if not dry_run and (todo or views):
            self._create_database()
            self._record("setting", "time_zone", self._parameters.zone, unless=applied)
            for migration in todo:
                for statement in migration.statements(self._parameters):
                    self._client.command(statement)
                self._record("migration", migration.name, migration.checksum)
            for view, statement in views:
                self._client.command(statement)
                self._record("view", view.name, _checksum(statement))
        return [f"migration {migration.name}" for migration in todo] + [f"view {view.name}" for view, _ in views]

    def _applied(self) -> dict[tuple[str, str], str]:
        """(kind, name) -> checksum of what is there; nothing when there is no database yet."""
        exists = self._client.query(
            "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
            parameters={"database": self._parameters.database},
        )
        if not exists.result_rows[0][0]:
            return {}
        self._client.database = self._parameters.database
        rows = self._client.query("SELECT kind, name, checksum FROM schema_migrations FINAL").result_rows
        return {(kind, name): checksum for kind, name, checksum in rows}

    def _check(self, applied: dict[tuple[str, str], str]) -> None:
        ours = {migration.name: migration for migration in clickhouse.migrations()}
        for (kind, name), checksum in sorted(applied.items()):
            if kind != "migration":
                continue
            if name not in ours:
                raise MigrationError(
                    f"the warehouse has migration {name}, these files do not: a newer version made it; use that one"
                )
            if ours[name].checksum != checksum:
                raise MigrationError(
                    f"migration {name} was applied with checksum {checksum[:12]}, its file now has "
                    f"{ours[name].checksum[:12]}: an applied one never changes; put the file back and add a new one"
                )
        zone = applied.get(("setting", "time_zone"), self._parameters.zone)
        if zone != self._parameters.zone:
            raise MigrationError(
                f"the warehouse was made for time zone {zone}, the setting says {self._parameters.zone}: the zone is "
                f"fixed at creation; set ADOPTION_TIME_ZONE={zone} or make a new database"
            )

    def _stale_views(self, applied: dict[tuple[str, str], str]) -> list[tuple[clickhouse.View, str]]:
        """Views whose text as rendered is not the one applied, or that somebody dropped."""
        rows = self._client.query(
            "SELECT name FROM system.tables WHERE database = {database:String} AND engine = 'View'",
            parameters={"database": self._parameters.database},
        ).result_rows
        present = {name for (name,) in rows}
        rendered = [(view, view.statement(self._parameters)) for view in clickhouse.views()]
        return [
            (view, statement)
            for view, statement in rendered
            if view.name not in present or applied.get(("view", view.name)) != _checksum(statement)
        ]

    def _create_database(self) -> None:
        fill = self._parameters.fill
        self._client.command(fill("CREATE DATABASE IF NOT EXISTS ${database} ${on_cluster}"), use_database=False)
        self._client.database = self._parameters.database
        self._client.command(clickhouse.ledger(self._parameters))

    def _record(self, kind: str, name: str, checksum: str, *, unless: dict[tuple[str, str], str] | None = None) -> None:
        if (kind, name) not in (unless or {}):
            self._client.insert(
                "schema_migrations", [[kind, name, checksum]], column_names=["kind", "name", "checksum"]
            )


def _checksum(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()
