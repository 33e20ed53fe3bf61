"""`adoption explain`: why a number is what it is, on the command line."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reports.explanation import Explanation

Row = dict[str, Any]

_HIDDEN = {"service", "metric", "counted"}
"""Columns that say the same in every row."""


@click.command()
@click.argument("metric")
@click.option("--service", default="", help="Whose number: a service.")
@click.option("--team", default="", help="Or a team's, over the services that it had; of adoption, the users'.")
@click.option("--period", required=True, help="2026-W27, 2026-07, 2026-Q3, 2026-07-01 or 2026-07-01..2026-07-08.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
def explain(*, metric: str, service: str, team: str, period: str, as_json: bool) -> None:
    """Say which events make METRIC, by which rule, and which were looked at and not counted, and why.

    METRIC is a measure as the views name it (change_fail_ratio, change_lead_time_p50_seconds, …), or short:
    deployment_frequency, change_lead_time, change_fail, deployment_rework, failed_deployment_recovery_time, ci_success,
    incidents, time_to_production, adoption. Events are (source, id) of the raw archive, table delivery_events.
    """
    from reports import explanation  # noqa: PLC0415 - heavy imports only for this command
    from reports.period import days  # noqa: PLC0415
    from reports.warehouse import WarehouseError, connect  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    try:
        window = days(period, settings().fiscal_year_start)
        with connect(settings()) as warehouse:
            found = explanation.explain(warehouse, metric, service, team, window)
    except (WarehouseError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(dataclasses.asdict(found), default=str, indent=2) if as_json else "\n".join(written(found)))


def written(found: Explanation) -> Iterator[str]:
    """The explanation, line by line, for people."""
    yield f"{found.metric} of {found.service or found.team}, {found.since} to {found.until} (not in it)"
    for row in found.values:
        yield "  " + ", ".join(
            f"{name} {_word(value)}" for name, value in row.items() if value is not None and value != ""
        )
    if not found.values:
        yield "  no value: nothing was observed"
    yield f"Counted: {len(found.counted)}"
    yield from _table(found.counted, _HIDDEN | {"reason"})
    why = Counter(row["reason"] for row in found.not_counted)
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(why.items()))
    yield f"Looked at and not counted: {len(found.not_counted)}" + (f" ({reasons})" if reasons else "")
    yield from _table(found.not_counted, _HIDDEN | {"part", "rule", "team_rule"})
    if found.units:
        yield f"Units behind the traffic: {len(found.units)}"
        yield from _table(found.units, {"service"})
    for row in found.coverage:
        of = f" of {row['denominator']:,}" if row["denominator"] else ""
        yield f"Coverage, all services: {row['reason'].replace('_', ' ')} {row['numerator']:,}{of} {row['unit']}"


def _table(rows: Iterable[Row], hidden: set[str]) -> Iterator[str]:
    """Columns with something in them, as wide as their widest cell."""
    shown = [{name: _word(value) for name, value in row.items() if name not in hidden} for row in rows]
    names = [name for name in (shown[0] if shown else {}) if any(row[name] for row in shown)]
    widths = {name: max(len(name), *(len(row[name]) for row in shown)) for name in names}
    if names:
        yield "  " + "  ".join(name.ljust(widths[name]) for name in names).rstrip()
    for row in shown:
        yield "  " + "  ".join(row[name].ljust(widths[name]) for name in names).rstrip()


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_word, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


COMMANDS: list[click.Command] = [explain]
