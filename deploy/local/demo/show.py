"""The demo's evening: start the stack, send the year, print the reports, say what to try next."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from deploy.local.demo.driver import Driver, progress_bar
from deploy.local.demo.history import generate
from deploy.local.demo.sending import SendError
from deploy.local.engine.process import EngineStartError
from deploy.local.install import FolderInUseError
from deploy.local.stack import Stack, StackError


def show(folder: Path, seed: int, days: int) -> None:
    """Run the demo in an empty folder.

    Raises:
        click.ClickException: a part did not start, or refused what was sent.
    """
    console = Console()
    began = time.monotonic()
    # The year ends a few minutes ago: what is sent must have happened by the time it is read.
    history = generate(seed, datetime.now(UTC) - timedelta(minutes=5), days)
    try:
        with progress_bar(console) as progress:
            task = progress.add_task("Start the stack", total=4)
            stack = Stack.start(folder, progress=lambda _: progress.advance(task))
            with stack:
                driver = Driver(stack.settings, stack.access, stack.lag, folder, progress)
                summary = driver.run(history)
                progress.stop()
                console.print(summary)
    except (FolderInUseError, EngineStartError, StackError, SendError) as error:
        raise click.ClickException(str(error)) from error
    console.print(f"{time.monotonic() - began:.0f} s")
