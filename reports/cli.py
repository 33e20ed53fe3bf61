"""`adoption report` and `adoption config`: the read side on the command line."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import click

FAMILIES = ("adoption", "time-to-production", "velocity", "cost", "reliability")
FORMATS = ("table", "csv", "json", "markdown")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("family", type=click.Choice(FAMILIES))
@click.option("--service", help="Only this service.")
@click.option("--team", help="Only this team.")
@click.option("--since", type=_DAY, metavar="YYYY-MM-DD", help="First day, in the tenant's time zone.")
@click.option("--until", type=_DAY, metavar="YYYY-MM-DD", help="First day that is no longer in it.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True)
def report(
    *,
    family: str,
    service: str | None,
    team: str | None,
    since: datetime | None,
    until: datetime | None,
    format_: str,
) -> None:
    """Print a report: adoption, time-to-production, velocity, cost or reliability.

    Under each stand until when there is data and what of the input could not be used; with --format csv they go to the
    standard error, so that the table can be piped.
    """
    from reports import families, render  # noqa: PLC0415 - heavy imports only for this command
    from reports.report import Filters, build  # noqa: PLC0415
    from reports.warehouse import WarehouseError, connect  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    filters = Filters(service, team, since and since.date(), until and until.date())
    try:
        with connect(settings()) as warehouse:
            built = build(warehouse, families.FAMILIES[family], filters)
    except (WarehouseError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(render.FORMATS[format_](built), nl=False)
    if format_ == "csv":
        for line in ([built.hint] if built.hint else []) + render.footer(built):
            click.echo(line, file=sys.stderr)


@click.command()
def config() -> None:
    """Print all settings as JSON, secrets masked: what the environment says, else the stack file, else the default."""
    from schemas.settings import data_dir, settings  # noqa: PLC0415

    current = settings().model_dump(mode="json")
    click.echo(json.dumps({"data_dir": str(data_dir()), **current}, indent=2))


COMMANDS: list[click.Command] = [report, config]
