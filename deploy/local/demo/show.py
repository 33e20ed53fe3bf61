"""The demo from start to end: start the stack, send the year, print the reports, say what to try next."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from deploy.local.demo.driver import Driver, Summary, progress_bar, write_access_log
from deploy.local.demo.history import History, generate
from deploy.local.demo.sending import SendError
from deploy.local.engine.process import EngineStartError
from deploy.local.install import FolderInUseError
from deploy.local.stack import Stack, StackError
from reports import families, render
from reports.report import Filters, build
from reports.warehouse import WarehouseError, connect
from schemas.settings import Settings

_SETTLED_BEFORE = timedelta(minutes=5)
"""The year ends a little ago: what is sent must have happened by the time it is read."""


def show(folder: Path, seed: int, days: int, *, keep: bool) -> None:
    """Run the demo in an empty folder.

    Raises:
        click.ClickException: a part did not start, or refused what was sent.
    """
    console = Console()
    began = time.monotonic()
    history = generate(seed, datetime.now(UTC) - _SETTLED_BEFORE, days)
    console.print(_opening(history), highlight=False)
    try:
        with ThreadPoolExecutor(1) as writer, progress_bar(console) as progress:
            log = writer.submit(write_access_log, history, folder)
            task = progress.add_task("Start the stack", total=4)
            stack = Stack.start(folder, progress=lambda _: progress.advance(task))
            with stack:
                driver = Driver(stack.settings, stack.access, stack.lag, folder, progress, log)
                summary = driver.run(history)
                progress.stop()
                _reports(stack.settings, console)
    except (FolderInUseError, EngineStartError, StackError, SendError, WarehouseError) as error:
        raise click.ClickException(str(error)) from error
    console.print(_closing(summary, time.monotonic() - began), highlight=False)
    if keep:
        console.print(_next(folder, history), highlight=False, markup=False, soft_wrap=True)


def _reports(settings: Settings, console: Console) -> None:
    with connect(settings) as warehouse:
        for family in families.FAMILIES.values():
            console.rule(f"[bold]adoption report {family.name}")
            click.echo(render.FORMATS["table"](build(warehouse, family, Filters())))


def _opening(history: History) -> str:
    year = history.year
    return (
        f"A year of an invented company: {len(history.lives)} services, about 25 teams, "
        f"{year.start:%Y-%m-%d} to {year.end:%Y-%m-%d}, seed {history.seed}."
    )


def _closing(summary: Summary, seconds: float) -> str:
    posts = sum(receipts.posts for receipts in summary.receipts.values())
    refused = sum(sum(receipts.dead_lettered.values()) for receipts in summary.receipts.values())
    return (
        f"{posts:,} POSTs and {summary.lines:,} access log lines, {refused} dead-lettered, each counted once; "
        f"{seconds:.0f} s in all."
    )


def _next(folder: Path, history: History) -> str:
    since = (history.year.end - timedelta(days=90)).date()
    return f"""
What to try next
  export ADOPTION_DATA_DIR={folder}
  adoption up                         the same stack with this data, until Ctrl-C; then, in another terminal:
  adoption report velocity --team checkout --since {since}
  adoption report adoption --service notifications --format markdown
  adoption report time-to-production --format json
  adoption backfill git PATH --service NAME --release-tags 'v*'       a clone of yours
  adoption emit deployment --service checkout-api --environment production --version 2.0
  any SQL client at the address that `adoption up` prints:  SELECT * FROM deployments WHERE is_failed = 1
"""
