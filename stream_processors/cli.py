"""`adoption worker`: run the processors of one role."""

from __future__ import annotations

import click

from stream_processors.migrate_command import migrate


@click.command()
@click.argument("role", type=click.Choice(["delivery", "gateway", "recompute"]))
@click.option("--log-level", default="WARNING", show_default=True)
def worker(role: str, log_level: str) -> None:
    """Run the processors of a ROLE: delivery (events and catalog), gateway (traffic), recompute (facts).

    Start as many of each as there are partitions; each takes its share. Ctrl-C or SIGTERM stops one cleanly.
    """
    from schemas.settings import settings  # noqa: PLC0415 - heavy imports only for this command
    from schemas.streams import DEAD_LETTERS, DIRTY  # noqa: PLC0415
    from stream_processors import app, topics  # noqa: PLC0415

    known: app.Role = role  # type: ignore[assignment]
    try:
        topics.check(settings(), (*app.ROLES[known], DIRTY, DEAD_LETTERS))
    except topics.TopicError as error:
        raise click.ClickException(str(error)) from error
    app.run(known, settings(), log_level=log_level)


COMMANDS: list[click.Command] = [worker, migrate]
