"""`adoption dead-letters`: look at what could not be read or written, and send it again once the cause is mended.

A replay goes the way the record went: what came from a topic goes back to that topic with its bytes, key and headers as
they were; what the ingest service refused is mapped anew by the mapper of today, and its events go to their topics.
Identity makes a replay harmless: what had been counted all the same is not counted twice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import click

from deploy import replaying

_SHORT = 12
"""Hex digits of an id in the list; a replay takes any beginning of an id."""


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at what could not be read or written, and send it again."""


@dead_letters.command("list")
@click.option("--reason", default="", help="Only this reason code.")
@click.option("--origin", default="", help="Only this topic, or http:/v1/... path.")
@click.option("--all", "everything", is_flag=True, help="Also those that were sent again and did not come back.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_(*, reason: str, origin: str, everything: bool, limit: int, format_: str) -> None:
    """List dead letters, latest first, and how many there are by reason."""
    from reports.warehouse import WarehouseError, connect  # noqa: PLC0415 - heavy imports only for this command
    from schemas.settings import settings  # noqa: PLC0415

    chosen = {"reason": reason, "origin": origin, "ids": [], "all": int(everything), "limit": limit}
    sql = f"FROM dead_letter_list WHERE {replaying.WHERE} AND (is_waiting OR {{all:UInt8}})"
    try:
        with connect(settings()) as warehouse:
            letters = warehouse.query(
                f"SELECT id, time, origin, reason, size_bytes, replayed_at, detail {sql} "
                "ORDER BY time DESC, id LIMIT {limit:UInt32}",
                chosen,
            )
            counts = warehouse.query(f"SELECT reason, count() {sql} GROUP BY reason ORDER BY reason", chosen).rows
    except WarehouseError as error:
        raise click.ClickException(str(error)) from error
    rows = letters.named()
    click.echo(json.dumps(rows, default=str, indent=2) if format_ == "json" else _written(rows, dict(counts)))


@dead_letters.command()
@click.argument("ids", nargs=-1)
@click.option("--reason", default="", help="All of this reason code.")
@click.option("--origin", default="", help="All of this topic, or http:/v1/... path.")
@click.option("--all", "everything", is_flag=True, help="All that wait.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
def replay(*, ids: Sequence[str], reason: str, origin: str, everything: bool, dry_run: bool) -> None:
    """Send dead letters again: those whose id begins with one of IDS, or all of a --reason or --origin.

    Mend the cause first: a letter that still cannot be read comes back.
    """
    from reports.warehouse import WarehouseError  # noqa: PLC0415 - heavy imports only for this command
    from schemas.settings import settings  # noqa: PLC0415

    if not (ids or reason or origin or everything):
        raise click.UsageError("name letters by id, or choose them with --reason, --origin or --all")
    chosen = {"reason": reason, "origin": origin, "ids": [start.lower() for start in ids]}
    try:
        sent, refused = asyncio.run(replaying.replay(settings(), chosen, dry_run=dry_run))
    except (WarehouseError, replaying.InterruptedReplayError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{'would send' if dry_run else 'sent'} {sent} dead letters again")
    for why, count in sorted(refused.items()):
        click.echo(f"not sent: {count} letters, {why}", err=True)
    if not sent:
        raise click.ClickException("nothing was sent: see adoption dead-letters list --all")


def _written(rows: Sequence[dict[str, Any]], counts: dict[str, int]) -> str:
    if not rows:
        return "No dead letters are waiting."
    lines: list[str] = []
    for row in rows:
        again = f"  (sent again {row['replayed_at']:%Y-%m-%d %H:%M})" if row["replayed_at"] else ""
        lines.append(f"{row['id'][:_SHORT]}  {row['time']:%Y-%m-%d %H:%M:%S}  {row['origin']}  {row['reason']}{again}")
        lines.append(f"    {row['detail']}")
    total = sum(counts.values())
    by_reason = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))
    return "\n".join([*lines, "", f"{len(rows)} of {total} dead letters: {by_reason}."])


COMMANDS: list[click.Command] = [dead_letters]
