"""Writes a report as tables, CSV, JSON or Markdown: the same rows; formats for people write units and reasons out."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from reports.columns import Column, cell, duration
from reports.report import Part, Report, Row

_RIGHT = frozenset({"count", "money", "price", "number", "ratio", "fine_ratio", "seconds", "latency"})


def footer(report: Report) -> list[str]:
    """What stands under every report: until when there is data, and what of it could not be used."""
    as_of = f"{report.as_of:%Y-%m-%d %H:%M} UTC" if report.as_of else "no clock yet"
    pinned = " (pinned)" if any(row["is_pinned"] for row in report.freshness) else ""
    streams = "; ".join(_fresh(row) for row in report.freshness)
    lines = [f"As of {as_of}{pinned}. Data: {streams}."]
    if report.coverage:
        lines.append("Not used, or in part: " + "; ".join(_uncovered(row) for row in report.coverage) + ".")
    else:
        lines.append("Coverage: nothing of the input was left out.")
    return lines


def _fresh(row: Row) -> str:
    if row["data_until"] is None:
        return f"{row['stream']} none"
    return f"{row['stream']} until {row['data_until']:%Y-%m-%d %H:%M} ({duration(row['lag_seconds'])} behind)"


def _uncovered(row: Row) -> str:
    share = (
        f" of {row['denominator']:,} {row['unit']} ({row['value']:.1%})"
        if row["value"] is not None
        else f" {row['unit']}"
    )
    return f"{row['reason'].replace('_', ' ')} {row['numerator']:,}{share}"


_PIPE_WIDTH = 180


def as_table(report: Report) -> str:
    """Boxes for a terminal, as wide as it is; a file or a pipe has no width to fit into."""
    out = io.StringIO()
    screen = Console()
    width = screen.width if screen.is_terminal or "COLUMNS" in os.environ else _PIPE_WIDTH
    console = Console(file=out, width=width, highlight=False, force_terminal=screen.is_terminal)
    console.print(f"[bold]{report.family}[/bold]  {report.question}")
    for part in report.parts:
        if part.rows:
            console.print(_boxed(part))
    for line in [report.hint] if report.hint else []:
        console.print(line, style="yellow", markup=False)
    for line in footer(report):
        console.print(line, style="dim", markup=False)
    return out.getvalue()


def _boxed(part: Part) -> Table:
    table = Table(title=part.title, title_justify="left", title_style="", header_style="bold")
    shown = _shown(part)
    for column in shown:
        right = column.kind in _RIGHT
        table.add_column(column.label, justify="right" if right else "left", overflow="fold")
    for row in part.rows:
        table.add_row(*(cell(column, row) for column in shown))
    return table


def _shown(part: Part) -> tuple[Column, ...]:
    """Columns with something in them: a list that is empty in every row is left out for people."""
    return tuple(
        column for column in part.columns if column.kind != "names" or any(row[column.name] for row in part.rows)
    )


def as_markdown(report: Report) -> str:
    """A heading, a table per part, and the footer as a list."""
    lines = [f"## {report.family}", "", report.question, ""]
    for part in report.parts:
        if part.rows:
            shown = _shown(part)
            lines += [f"### {part.title}", "", _line([column.label for column in shown])]
            lines.append(_line(["---:" if column.kind in _RIGHT else "---" for column in shown]))
            lines += [_line([cell(column, row) for column in shown]) for row in part.rows]
            lines.append("")
    lines += [f"- {line}" for line in ([report.hint] if report.hint else []) + footer(report)]
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"


def as_csv(report: Report) -> str:
    """The first table that has rows, every column of its answer under its own name; NULL is empty."""
    rows = next((part.rows for part in report.parts if part.rows), ())
    out = io.StringIO()
    if rows:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([_plain(value) for value in row.values()] for row in rows)
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def as_json(report: Report) -> str:
    """Everything: window, parts with all columns, freshness, coverage."""
    document = {
        "family": report.family,
        "question": report.question,
        "as_of": report.as_of,
        "since": report.since,
        "until": report.until,
        "parts": [{"title": part.title, "rows": part.rows} for part in report.parts],
        "freshness": report.freshness,
        "coverage": report.coverage,
        "hint": report.hint,
    }
    return json.dumps(document, default=_json, ensure_ascii=False, indent=2) + "\n"


def _json(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"  # as text: a binary fraction would not be the amount any more
    raise TypeError(f"expected a value that JSON has, a day or an instant, got {type(value).__name__}")


FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "table": as_table,
    "csv": as_csv,
    "json": as_json,
    "markdown": as_markdown,
}
"""Writer by the name of its format."""
