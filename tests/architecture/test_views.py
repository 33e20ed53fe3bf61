"""What a view may read and call: views over replaceable tables are exact only with FINAL, and have one clock."""

from __future__ import annotations

import re

import pytest

from schemas import clickhouse
from schemas.clickhouse import View

PARAMETERS = clickhouse.Parameters()
VIEWS = clickhouse.views()
TABLES = {
    found[1]: statement
    for migration in clickhouse.migrations()
    for statement in migration.statements(PARAMETERS)
    if (found := re.match(r"CREATE TABLE IF NOT EXISTS (\w+)", statement))
}
NEVER_READ = {"gateway_unit_rows": "FINAL over them is 50 times slower; read gateway_hours"}
BEHIND_HEADS = {table for table in TABLES if table.startswith("facts_") and table != "facts_heads"}
CLOCKS = re.compile(
    r"\b(now|now64|today|yesterday|nowInBlock|now64InBlock|UTCTimestamp|curdate|current_date|current_timestamp|rand\w*|"
    r"generateUUID\w*)\b\s*(?=\()|\bcurrent_(?:date|timestamp)\b",
    re.IGNORECASE,
)
READ = re.compile(
    r"\b(?:FROM|JOIN)\s+(?:adoption\.)?(\w+)(?=((?:\s+(?:AS\s+)?\w+)?\s+FINAL\b)?)",
    re.IGNORECASE,
)
"""(table or view, its FINAL if it has one)."""


def _body(view: View) -> str:
    """The SELECT, without strings and comments."""
    statement = view.statement(PARAMETERS)
    statement = re.sub(r"'(?:[^'\\]|\\.|'')*'", "''", statement)
    statement = re.sub(r"--[^\n]*|/\*.*?\*/", " ", statement, flags=re.DOTALL)
    return statement.partition("\nAS\n")[2] or statement


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_asks_no_clock_but_as_of(view: View) -> None:
    found = CLOCKS.search(_body(view))
    assert not found, (
        f"{view.name} calls {found and found[0]}(): two rebuilds would differ; take the time from view as_of"
    )


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_reads_tables_with_final_only(view: View) -> None:
    for table, final in READ.findall(_body(view)):
        if table not in TABLES:
            continue
        # Of the hour of now what had come: one hour, its units grouped by content, as a recompute does.
        if view.name == "gateway_hours" and table in {"gateway_unit_rows", "gateway_units"}:
            continue
        assert table not in NEVER_READ, f"{view.name} reads {table}: {NEVER_READ[table]}"
        # Facts are addressed by digest and read through their head; their rows never change.
        assert final or table in BEHIND_HEADS, f"{view.name} reads {table} without FINAL: replays would count twice"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_reads_facts_through_the_heads(view: View) -> None:
    read = {table for table, _ in READ.findall(_body(view))}
    if read & BEHIND_HEADS:
        assert read & {"facts_slices", "facts_heads"}, (
            f"{view.name} reads {sorted(read & BEHIND_HEADS)} without a head: facts that no longer hold would show"
        )


def _sources(view: View) -> set[str]:
    return {table for table, _ in READ.findall(_body(view))}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_says_which_views_it_needs(view: View) -> None:
    names = {one.name for one in VIEWS}
    assert _sources(view) & names <= set(view.needs), (
        f"{view.name} reads {sorted(_sources(view) & names - set(view.needs))} and does not say so in -- needs:; on an "
        "empty database it would be created first, and fail"
    )
