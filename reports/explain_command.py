"""`adoption explain`: why a number is what it is, on the command line."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reports.explanation import Explanation

Row = dict[str, Any]

_HIDDEN = {"metric", "counted", "latency_buckets", "latency_counts"}
"""Columns that say the same in every row, or too much for a line."""


@click.command()
@click.argument("metric")
@click.option("--service", default="", help="Whose number: a service.")
@click.option(
    "--team",
    default="",
    help="Or a team's, over the services that it had; of adoption and failed_requests the callers', beside --service.",
)
@click.option(
    "--period", default="", help="2026-W27, 2026-07, 2026-Q3, 2026-07-01 or 2026-07-01..2026-07-08 (the 8th not in it)."
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
def explain(*, metric: str, service: str, team: str, period: str, as_json: bool) -> None:
    r"""Say which events make METRIC, by which rule, and which were looked at and not counted, and why.

    METRIC is a measure as the views name it (change_fail_ratio, change_lead_time_p50_seconds, …), or short:

    \b
    deployment_frequency, change_lead_time, change_fail, deployment_rework,
    failed_deployment_recovery_time, change_lead_time_{coding,review,merge,deploy}
    ci_success, ci_flaky, ci_duration, ci_queue_time
    incidents, incident_duration, time_to_production (of the whole way: needs no period)
    availability, uptime, latency, slo (the error budget on the last day of the period),
    slo_burn (of now: needs no period), blast_radius, failed_requests
    cost, cost_per_transaction
    adoption

    Or the name of a view: then it says which measures explain it, or why none does.

    Events are (source, event) of the raw archive: source and id of table delivery_events; of cost cost_events; of what
    the catalog says catalog_events.

    Of gateway traffic the archive keeps units (what a sender would send again whole), not single requests. So the event
    ids of a number made of traffic are unit ids, listed with the hours that they have; a row of the explanation is an
    hour and what its requests have in common, and names the minutes of it. The two meet in table gateway_unit_rows: the
    rows of those units, of this service, these minutes, environment and outcome, add up to the row.
    """
    from reports import explanation  # noqa: PLC0415 - heavy imports only for this command
    from reports.period import days  # noqa: PLC0415
    from reports.warehouse import WarehouseError, connect  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    try:
        window = days(period, settings().fiscal_year_start) if period else None
        with connect(settings()) as warehouse:
            found = explanation.explain(warehouse, metric, service, team, window)
    except (WarehouseError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(dataclasses.asdict(found), default=str, indent=2) if as_json else "\n".join(written(found)))


def written(found: Explanation) -> Iterator[str]:
    """The explanation, line by line, for people."""
    whose = " by team ".join(one for one in (found.service, found.team) if one)
    yield f"{found.metric} of {whose}" + (f", {found.since} to {found.until} (not in it)" if found.since else "")
    for row in found.values:
        yield "  " + ", ".join(
            f"{name} {_word(value)}" for name, value in row.items() if value is not None and value != ""
        )
    if not found.values:
        yield "  no value: nothing was observed"
    yield f"Counted: {len(found.counted)}"
    yield from _tables(found.counted, _HIDDEN | {"reason"} | ({"service"} if found.service else set()))
    why = Counter(row["reason"] for row in found.not_counted)
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(why.items()))
    yield f"Looked at and not counted: {len(found.not_counted)}" + (f" ({reasons})" if reasons else "")
    yield from _tables(found.not_counted, _HIDDEN | {"part", "rule"} | ({"service"} if found.service else set()))
    if found.others.get("teams"):
        yield "Of other teams, not listed: " + ", ".join(f"{name} {value:,}" for name, value in found.others.items())
    if found.units:
        yield f"Units behind the traffic: {len(found.units)}"
        yield from _tables(found.units, {"service"} if found.service else set())
    for row in found.coverage:
        of = f" of {row['denominator']:,}" if row["denominator"] else ""
        yield f"Coverage, all services: {row['reason'].replace('_', ' ')} {row['numerator']:,}{of} {row['unit']}"


def _tables(rows: Iterable[Row], hidden: set[str]) -> Iterator[str]:
    """A table for each kind of row: events, hours, charges."""
    kinds: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        kinds.setdefault(tuple(row), []).append(row)
    for alike in kinds.values():
        yield from _table(alike, hidden)


def _table(rows: Iterable[Row], hidden: set[str]) -> Iterator[str]:
    """Columns with something in them, as wide as their widest cell."""
    shown = [{name: _cell(name, value) for name, value in row.items() if name not in hidden} for row in rows]
    names = [name for name in (shown[0] if shown else {}) if any(row[name] for row in shown)]
    widths = {name: max(len(name), *(len(row[name]) for row in shown)) for name in names}
    if names:
        yield "  " + "  ".join(name.ljust(widths[name]) for name in names).rstrip()
    for row in shown:
        yield "  " + "  ".join(row[name].ljust(widths[name]) for name in names).rstrip()


def _cell(name: str, value: Any) -> str:
    if name in {"minutes", "days"} and isinstance(value, list | tuple) and value:
        return ", ".join(_runs(value))
    return _word(value)


def _runs(values: Sequence[Any]) -> Iterator[str]:
    """Numbers or days in order, neighbours as `first-last`."""
    step = timedelta(days=1) if isinstance(values[0], date) else 1
    begin = last = values[0]
    for value in [*values[1:], None]:
        if value is None or value != last + step:
            yield f"{begin}" if begin == last else f"{begin} to {last}"
            begin = value
        last = value


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_word, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


COMMANDS: list[click.Command] = [explain]
