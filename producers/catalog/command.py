"""`adoption catalog`: the command line around the import; imports it only when it runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click


@click.group()
def catalog() -> None:
    """Tell which services, teams and repositories there are."""


@catalog.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--csv", "is_csv", is_flag=True, help="CSV, not descriptors (*.csv files are taken as CSV anyway).")
@click.option("--source", help="The catalog's name; default: //backstage, //cortex, //opslevel or //catalog-csv.")
@click.option("--complete", is_flag=True, help="PATH is the whole catalog: what it no longer says is closed today.")
@click.option("--state", type=click.Path(path_type=Path), help="Folder of the memory; default: <data dir>/catalog.")
@click.option("--dry-run", is_flag=True, help="Print the facts and send nothing.")
def import_(*, path: Path, is_csv: bool, source: str | None, complete: bool, state: Path | None, dry_run: bool) -> None:
    """Import a catalog: a file, or all descriptors of a folder (Backstage's, Cortex's, OpsLevel's).

    A service without an owner gets the team that the folder's CODEOWNERS gives its descriptor to.

    Descriptors carry no dates: a fact holds from when it was first imported (the first value of all holds back to the
    beginning). What was imported is remembered in <state>, per --source; importing the same again changes nothing.

    --complete closes what the last import from the same --source said and this one does not: a service, an owner, a
    repository that vanished. It needs that memory, so run it on one machine or keep its <state>; and it refuses to run
    when a file cannot be read, since that would close what the file says.
    """
    from producers.catalog import files  # noqa: PLC0415 - a group's listing must not pay for it
    from producers.catalog.memory import BrokenMemoryError, plan  # noqa: PLC0415
    from producers.client import IngestError, deliver, structured  # noqa: PLC0415
    from schemas.settings import data_dir, settings  # noqa: PLC0415

    now = datetime.now(UTC).replace(microsecond=0)
    found = files.read(path, is_csv=is_csv, now=now)
    named = source or ("//catalog-csv" if is_csv or path.suffix == ".csv" else found.source)
    memory_file = files.memory_path(state or data_dir() / "catalog", named)
    for mistake in found.mistakes:
        click.echo(f"not imported: {mistake}", err=True)
    if complete and found.mistakes:
        raise click.ClickException("nothing was sent: a complete import needs every file to be readable")
    try:
        memory = files.remembered(memory_file)
        planned = plan(found.events, memory, named, now, is_complete=complete)
        if complete and memory is None:
            click.echo(
                f"no earlier import of {named} is remembered in {memory_file.parent}: nothing is closed", err=True
            )
        if dry_run:
            for event in planned.events:
                click.echo(json.dumps(structured(event), ensure_ascii=False))
        else:
            deliver(planned.events, settings())
            files.remember(memory_file, planned.memory)
    except (BrokenMemoryError, IngestError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{found.files:,} files: {planned.new:,} new or changed facts, {planned.same:,} as before, "
        f"{planned.gone:,} closed{'; nothing was sent' if dry_run else ''}",
        err=dry_run,
    )
    for reason in sorted(set(found.ignored)):
        click.echo(f"left out: {found.ignored.count(reason):,} with {reason}", err=True)
    if found.mistakes:
        raise click.exceptions.Exit(1)
