"""`adoption demo`: the embedded stack with one believable year, sent through its front doors, and the three reports."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from schemas.settings import data_dir

_MARK = "demo.json"
"""Lies in a folder that the demo made, which it may therefore empty."""


@click.command()
@click.option("--seed", default=7, show_default=True, help="Another seed is another year of the same company.")
@click.option("--days", type=click.IntRange(30, 3650), default=365, show_default=True, help="Length of the history.")
@click.option("--data-dir", "folder", type=click.Path(path_type=Path), help="Where to put it; made anew by each run.")
@click.option("--keep/--no-keep", default=True, help="Keep the data, to look further with `adoption up`.")
def demo(seed: int, days: int, folder: Path | None, keep: bool) -> None:
    """Show the whole tracker on this machine: a year of ~40 services and ~25 teams, from webhooks to reports."""
    from deploy.local.demo.show import show  # noqa: PLC0415 - heavy

    place = folder or data_dir().with_name(f"{data_dir().name}-demo")
    _make_anew(place, seed)
    try:
        show(place, seed, days, keep=keep)
    finally:
        if not keep:
            shutil.rmtree(place)


def _make_anew(folder: Path, seed: int) -> None:
    """An empty folder: each run's year ends now, so that two of them would not fit together."""
    mark = folder / _MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise click.ClickException(
            f"{folder} holds something that the demo did not make: choose an empty folder with --data-dir"
        )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, mode=0o700)
    mark.write_text(f'{{"seed": {seed}}}\n', encoding="utf-8")
