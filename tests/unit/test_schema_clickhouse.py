"""Migrations and views as files: numbered, in order, rendered for one installation or a cluster."""

from __future__ import annotations

import pytest

from schemas import clickhouse
from schemas.clickhouse import Parameters


def test_migrations_are_numbered_without_a_gap_and_their_checksum_is_of_the_file() -> None:
    found = clickhouse.migrations()
    assert [migration.number for migration in found] == list(range(1, len(found) + 1))
    assert found[0].name == "0001_events"
    assert len({migration.checksum for migration in found}) == len(found)


def test_each_statement_can_be_run_again() -> None:
    for migration in clickhouse.migrations():
        statements = migration.statements(Parameters())
        assert statements
        for statement in statements:
            is_again = statement.startswith("CREATE TABLE IF NOT EXISTS ") or (
                statement.startswith("ALTER TABLE ")
                and 0 < statement.count("ADD COLUMN ") == statement.count("ADD COLUMN IF NOT EXISTS ")
            )
            assert is_again, migration.name


def test_a_semicolon_in_a_comment_ends_no_statement() -> None:
    names = [statement.split()[5] for statement in clickhouse.migrations()[0].statements(Parameters())]
    assert names == ["delivery_events", "catalog_events"]


def test_one_server_and_a_cluster_come_from_the_same_files() -> None:
    one = "\n".join(clickhouse.migrations()[0].statements(Parameters()))
    assert "ENGINE = ReplacingMergeTree\n" in one
    assert "ON CLUSTER" not in one
    many = "\n".join(clickhouse.migrations()[2].statements(Parameters(cluster="main")))
    assert "ENGINE = ReplicatedReplacingMergeTree(version)" in many
    assert "CREATE TABLE IF NOT EXISTS facts_heads ON CLUSTER main" in many
    view = clickhouse.views()[0].statement(Parameters(cluster="main"))
    assert f"CREATE OR REPLACE VIEW {clickhouse.views()[0].name} ON CLUSTER main" in view


def test_no_placeholder_is_left_and_the_zone_is_a_literal() -> None:
    parameters = Parameters(zone="Europe/Berlin")
    statements = [view.statement(parameters) for view in clickhouse.views()]
    statements += [one for migration in clickhouse.migrations() for one in migration.statements(parameters)]
    statements.append(clickhouse.ledger(parameters))
    assert not any("${" in statement for statement in statements)
    assert any("'Europe/Berlin'" in statement for statement in statements)


def test_every_view_comes_after_those_it_needs() -> None:
    seen: set[str] = set()
    for view in clickhouse.views():
        assert set(view.needs) <= seen, view.name
        seen.add(view.name)


@pytest.mark.parametrize("zone", ["Mars/Base", "UTC'; DROP TABLE clock; --", "../etc/passwd", ""])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="expected an IANA time zone"):
        Parameters(zone=zone)


@pytest.mark.parametrize("name", ["adoption; DROP", "a-b", ""])
def test_a_database_name_that_is_no_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected letters"):
        Parameters(database=name)


def test_every_views_quarters_begin_with_the_fiscal_year() -> None:
    for view in clickhouse.views():
        quarters = view.statement(Parameters(fiscal_start=4)).count("toStartOfQuarter(")
        moved = view.statement(Parameters(fiscal_start=2)).count("addMonths(toStartOfQuarter(addMonths(")
        assert moved == quarters, view.name


@pytest.mark.parametrize("month", [0, 13])
def test_a_fiscal_year_begins_in_a_month(month: int) -> None:
    with pytest.raises(ValueError, match="expected a month"):
        Parameters(fiscal_start=month)
