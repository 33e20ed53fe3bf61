"""`adoption rebuild`: a full recompute out of the raw archive beside what stands; differences are told or mended.

With --as-of, the past as it was, in a database of its own.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from schemas.settings import Settings
    from stream_processors.marks import Mark
    from stream_processors.rebuild import Difference, Rebuild

_AGAIN = 1.0
"""Seconds between two looks at slices that differ: a stream that runs is a moment ahead of its facts."""
_DIFFERENT = 1
"""Exit status when something differs."""


@click.command()
@click.option("--verify", is_flag=True, help="Only compare: exit status 1 when something differs.")
@click.option("--service", "services", multiple=True, help="Only this service (or gateway service); may be repeated.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=15,
    show_default=True,
    help="Seconds that workers may take for what has just arrived before it counts as a difference.",
)
@click.option(
    "--as-of",
    "at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"]),
    metavar="YYYY-MM-DDTHH:MMZ",
    help="Make another database of all that had happened by this instant (UTC), as it was known then.",
)
@click.option("--database", metavar="NAME", help="Which: a new one, with --as-of.")
def rebuild(
    *, verify: bool, services: Sequence[str], patience: float, at: datetime | None, database: str | None
) -> None:
    """Compute all facts and gateway hours again from the raw archive and compare them with what stands.

    With --verify differences are only printed. Without it they are put right: marks ask the recompute worker for each
    slice that differs; rows that are damaged under the right digest are written again.

    With --as-of nothing is compared: the database NAME gets the archive up to that instant, the facts that follow from
    it alone, and the same views, their clock pinned there. A pinned clock by itself shows today's facts of that time.
    """
    from producers.kafka import Unavailable  # noqa: PLC0415 - heavy imports only for this command
    from reports.warehouse import WarehouseError  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    if (at is None) != (database is None) or (at and (verify or services)):
        raise click.UsageError("expected --as-of and --database together, and without --verify and --service")
    if at and database:
        _remake(settings(), at.replace(tzinfo=UTC), database)
        return
    try:
        found = asyncio.run(_run(settings(), services, patience, verify=verify))
    except (WarehouseError, Unavailable) as error:
        raise click.ClickException(str(error)) from error
    for one in found:
        click.echo(f"{one.slice or '(no service)'}  {one.month}  {one.what}")
    click.echo(f"{len(found)} slices differ" if found else "nothing differs: what stands is what the archive gives")
    if found and verify:
        sys.exit(_DIFFERENT)


def _remake(settings: Settings, at: datetime, database: str) -> None:
    from reports.warehouse import WarehouseError, connect  # noqa: PLC0415
    from stream_processors.migrations import migrate  # noqa: PLC0415
    from stream_processors.past import NotEmptyError, remake  # noqa: PLC0415
    from stream_processors.warehouse import Warehouse  # noqa: PLC0415
    from stream_processors.warehouse import connect as connect_writer  # noqa: PLC0415

    past = settings.model_copy(update={"clickhouse_database": database})

    async def run() -> tuple[int, int]:
        warehouse = Warehouse(past)
        try:
            return await remake(warehouse, past, settings.clickhouse_database, at)
        finally:
            await warehouse.close()

    try:
        with connect(settings, as_writer=True):
            pass
        client = connect_writer(past, database="default")
        try:
            migrate(client, past)
        finally:
            client.close()
        services, hours = asyncio.run(run())
    except (WarehouseError, NotEmptyError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{database}: {services} services and {hours} gateway hours as of {at:%Y-%m-%d %H:%M:%S}Z; reports and queries "
        f"read it with ADOPTION_CLICKHOUSE_DATABASE={database}"
    )


async def _run(settings: Settings, services: Sequence[str], patience: float, *, verify: bool) -> list[Difference]:
    from reports.warehouse import connect  # noqa: PLC0415
    from stream_processors.rebuild import Rebuild  # noqa: PLC0415
    from stream_processors.warehouse import Warehouse  # noqa: PLC0415

    with connect(settings, as_writer=True):
        pass  # the workers' connection waits for a warehouse that is away; here that is an error
    warehouse = Warehouse(settings)
    try:
        found = Rebuild(warehouse, settings)
        differences = await found.differences(services, _show)
        differences = await _lasting(found, differences, patience)
        if differences and not verify:
            marks = await found.mend(differences)
            await _ask(settings, marks)
            click.echo(f"asked for {len(marks)} recomputes: look again with adoption rebuild --verify", err=True)
    finally:
        await warehouse.close()
    return differences


async def _lasting(rebuild: Rebuild, differences: list[Difference], patience: float) -> list[Difference]:
    """Those that are still there when the workers have had time."""
    deadline = time.monotonic() + patience
    while differences and time.monotonic() < deadline:
        await asyncio.sleep(_AGAIN)
        differences = await rebuild.again(differences)
    return differences


async def _ask(settings: Settings, marks: Iterable[Mark]) -> None:
    from producers.kafka import KafkaSink, Record, client_config  # noqa: PLC0415
    from schemas.streams import DIRTY  # noqa: PLC0415

    sink = KafkaSink(client_config(settings))
    await sink.start()
    try:
        await sink.send([Record(DIRTY.topic, key, b"{}", ()) for key in sorted(mark.key() for mark in marks)])
    finally:
        await sink.stop()


def _show(what: str, done: int, total: int) -> None:
    end = "\r" if sys.stderr.isatty() and done < total else "\n"
    if sys.stderr.isatty() or done == total:
        click.echo(f"{what}: {done} of {total}{end}", nl=False, err=True)


COMMANDS: list[click.Command] = [rebuild]
