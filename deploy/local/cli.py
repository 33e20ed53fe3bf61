"""`adoption up`: the embedded stack in the foreground."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.settings import data_dir

if TYPE_CHECKING:
    from deploy.local.stack import Stack


@click.command()
@click.option("--data-dir", "folder", type=click.Path(path_type=Path), help="Data of this install.")
@click.option("--ingest-port", default=8080, show_default=True, help="Port of the ingest service; 0: a free one.")
@click.option("--clickhouse-port", default=8123, show_default=True, help="Port of ClickHouse's HTTP interface.")
@click.option(
    "--time-zone",
    envvar="ADOPTION_TIME_ZONE",
    default="UTC",
    show_default=True,
    help="Zone of days and weeks; fixed on first start (ADOPTION_TIME_ZONE).",
)
def up(folder: Path | None, ingest_port: int, clickhouse_port: int, time_zone: str) -> None:
    """Run the whole tracker on this machine until Ctrl-C: broker, ClickHouse engine, ingest service, workers."""
    import logging  # noqa: PLC0415

    from deploy.local.engine.process import EngineStartError  # noqa: PLC0415 - heavy
    from deploy.local.install import FolderInUseError  # noqa: PLC0415
    from deploy.local.stack import Stack, StackError  # noqa: PLC0415
    from stream_processors.migrations import MigrationError  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    place = folder or data_dir()
    try:
        stack = Stack.start(
            place,
            ingest_port=ingest_port,
            clickhouse_port=clickhouse_port,
            time_zone=time_zone,
            progress=lambda step: click.echo(f"starting {step} …", err=True),
        )
    except (FolderInUseError, StackError, EngineStartError, MigrationError) as error:
        raise click.ClickException(str(error)) from error
    with stack:
        click.echo(_addresses(stack, place))
        ended.wait()
        click.echo("stopping …", err=True)


def _addresses(stack: Stack, folder: Path) -> str:
    ingest, clickhouse, access, reader = (
        stack.settings.ingest_url,
        stack.settings.clickhouse_url,
        stack.access,
        stack.engine.reader,
    )
    elsewhere = "" if folder == data_dir() else f"\n  export ADOPTION_DATA_DIR={folder}"
    return f"""
The tracker is running. Ctrl-C stops it; its data stays in {folder}.

  events       {ingest}/v1/events               (CloudEvents; Authorization: Bearer {access["token"]})
  GitHub hook  {ingest}/v1/webhooks/github      (secret {access["github_secret"]})
  Kong         {ingest}/v1/gateway/kong
  SQL          {clickhouse}/?database=adoption          (user {reader[0]}, password {reader[1]})

In another terminal:
{elsewhere}
  adoption report adoption | time-to-production | velocity
  adoption emit deployment --service NAME --environment production --version 1.0
  adoption backfill git PATH --service NAME --release-tags 'v*'
"""


COMMANDS: list[click.Command] = [up]
