"""Slices: rows by UTC month, addressed by the digest of their content."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from stream_processors.facts import TABLES, Facts, rows, slices
from tests.histories import START, History, at, commit

MIGRATIONS = Path(__file__).parents[2] / "schemas" / "clickhouse" / "migrations"


def test_months_are_cut_in_utc_by_each_rows_own_time() -> None:
    march_end = (datetime(2026, 4, 1, tzinfo=UTC) - START) / timedelta(hours=1)
    history = History()
    history.push(march_end - 1, "c1", before=None)
    history.deploy("1", march_end, commit="c1")
    cut = slices("pay", history.facts())
    assert list(cut) == [date(2026, 3, 1), date(2026, 4, 1)]
    march, april = cut.values()
    assert [len(march.rows[table]) for table in ("facts_evidence", "facts_milestones", "facts_commits")] == [1, 1, 0]
    assert [len(april.rows[table]) for table in ("facts_attempts", "facts_releases", "facts_commits")] == [1, 1, 1]


def test_an_event_elsewhere_leaves_the_digest_of_a_month_alone() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    before = slices("pay", history.facts())
    history.deploy("2", 24 * 60, "v2")
    after = slices("pay", history.facts())
    assert after[date(2026, 3, 1)].digest == before[date(2026, 3, 1)].digest
    assert len(after) == 2


def test_a_changed_fact_changes_the_digest() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    (before,) = slices("pay", history.facts()).values()
    history.deploy("1", 0.5, "v1", status="started")
    (after,) = slices("pay", history.facts()).values()
    assert before.digest != after.digest
    assert len(before.digest) == 32


def test_rows_are_plain_values() -> None:
    history = History()
    history.deploy("1", 1, "v1", commits=(commit("c1", 0),))
    (only,) = slices("pay", history.facts()).values()
    (row,) = only.rows["facts_releases"]
    assert row["environments"] == ["production"]
    assert row["finished_at"] == at(1)


def test_no_facts_no_slices() -> None:
    assert slices("pay", Facts()) == {}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("facts_attempts", rows.Attempt),
        ("facts_releases", rows.Release),
        ("facts_commits", rows.CommitRow),
        ("facts_incidents", rows.Episode),
        ("facts_milestones", rows.Milestone),
        ("facts_ci_runs", rows.CiRunRow),
        ("facts_evidence", rows.EvidenceRow),
    ],
)
def test_rows_have_the_columns_of_their_table(table: str, row: type) -> None:
    assert table in TABLES
    migrations = "".join(path.read_text() for path in sorted(MIGRATIONS.glob("*.sql")))
    statement = migrations.split(f"CREATE TABLE IF NOT EXISTS {table} ")[1].split("\n)\n")[0]
    columns = [line.split()[0] for line in statement.splitlines()[2:] if line.startswith("    ")]
    columns += re.findall(rf"ALTER TABLE {table} \S+\s+ADD COLUMN IF NOT EXISTS (\w+)", migrations)
    assert columns[:3] == ["service", "month", "digest"]
    assert [field.name for field in fields(row)] == columns[3:]
