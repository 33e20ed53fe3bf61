"""The runner on the engine: apply twice is a no-op, a half-done run goes on, contradictions stop before any change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.local.engine.process import EngineProcess
from schemas import clickhouse
from schemas import settings as settings_module
from schemas.settings import Settings
from stream_processors.migrate_command import migrate as migrate_command
from stream_processors.migrations import MigrationError, migrate
from stream_processors.warehouse import connect

EVERYTHING = [
    *(f"migration {migration.name}" for migration in clickhouse.migrations()),
    *(f"view {view.name}" for view in clickhouse.views()),
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    process = EngineProcess.start(tmp_path_factory.mktemp("engine"))
    yield process
    process.stop()


@pytest.fixture
def settings(engine: EngineProcess, request: pytest.FixtureRequest) -> Settings:
    """A database of its own for each test."""
    user, password = engine.writer
    name = "t_" + "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    return Settings(
        clickhouse_url=engine.url, clickhouse_user=user, clickhouse_password=password, clickhouse_database=name
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[Any]:
    with connect(settings, database="default") as made:
        yield made


def test_a_second_run_is_a_no_op(client: Any, settings: Settings) -> None:
    assert migrate(client, settings, dry_run=True) == EVERYTHING
    assert migrate(client, settings) == EVERYTHING
    assert migrate(client, settings) == []
    assert client.database == "default"
    tables = client.query(
        "SELECT count() FROM system.tables WHERE database = {name:String} AND engine = 'View'",
        parameters={"name": settings.clickhouse_database},
    ).result_rows
    assert tables == [(len(clickhouse.views()),)]


def test_a_run_that_died_half_way_goes_on(client: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run = type(client).command
    left = 4

    def dies(self: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise ConnectionError("the server went away")
        return run(self, *arguments, **options)

    monkeypatch.setattr(type(client), "command", dies)
    with pytest.raises(ConnectionError):
        migrate(client, settings)
    monkeypatch.undo()
    assert migrate(client, settings) == EVERYTHING[1:]
    assert migrate(client, settings) == []


def test_a_dropped_view_and_one_whose_text_changed_are_made_again(client: Any, settings: Settings) -> None:
    migrate(client, settings)
    database = settings.clickhouse_database
    client.command(f"DROP VIEW {database}.freshness")
    client.command(
        f"INSERT INTO {database}.schema_migrations (kind, name, checksum) VALUES ('view', 'as_of', 'of an older text')"
    )
    assert migrate(client, settings, dry_run=True) == ["view as_of", "view freshness"]
    assert migrate(client, settings) == ["view as_of", "view freshness"]
    assert migrate(client, settings) == []


@pytest.mark.parametrize(
    ("applied", "message"),
    [
        (("migration", "0001_events", "another"), "its file now has"),
        (("migration", "9999_from_the_future", "any"), "a newer version made it"),
        (("setting", "time_zone", "Europe/Berlin"), "set ADOPTION_TIME_ZONE=Europe/Berlin"),
    ],
)
def test_a_contradiction_stops_before_any_change(
    client: Any, settings: Settings, applied: tuple[str, str, str], message: str
) -> None:
    migrate(client, settings)
    database = settings.clickhouse_database
    client.command(f"INSERT INTO {database}.schema_migrations (kind, name, checksum) VALUES {applied}")
    client.command(f"DROP VIEW {database}.freshness")
    with pytest.raises(MigrationError, match=message):
        migrate(client, settings)
    views = client.query(f"SELECT count() FROM system.tables WHERE database = '{database}' AND name = 'freshness'")
    assert views.result_rows == [(0,)]


def test_the_command_says_what_it_did_and_what_it_would_do(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("clickhouse_url", "clickhouse_user", "clickhouse_database"):
        monkeypatch.setenv(f"ADOPTION_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_PASSWORD", settings.clickhouse_password.get_secret_value())
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path))
    settings_module.settings.cache_clear()
    try:
        assert "would apply migration 0001_events" in CliRunner().invoke(migrate_command, ["--dry-run"]).output
        assert "applied view as_of" in CliRunner().invoke(migrate_command, []).output
        assert CliRunner().invoke(migrate_command, []).output == "up to date\n"
    finally:
        settings_module.settings.cache_clear()
