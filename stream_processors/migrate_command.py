"""`adoption migrate`: brings the warehouse named by the settings up to date, or says what that would do."""

from __future__ import annotations

import click


@click.command()
@click.option("--dry-run", is_flag=True, help="Only print what would be applied.")
def migrate(*, dry_run: bool) -> None:
    """Create or update the warehouse's tables and views."""
    # clickhouse_connect takes longer to import than the rest of the command line together.
    from clickhouse_connect.driver.exceptions import ClickHouseError  # noqa: PLC0415

    from schemas.settings import settings  # noqa: PLC0415
    from stream_processors.migrations import MigrationError  # noqa: PLC0415
    from stream_processors.migrations import migrate as apply  # noqa: PLC0415
    from stream_processors.warehouse import connect  # noqa: PLC0415

    current = settings()
    try:
        client = connect(current, database="default")
    except ClickHouseError as error:
        raise click.ClickException(
            f"no ClickHouse answers at {current.clickhouse_url}: start it (adoption up) or set ADOPTION_CLICKHOUSE_URL"
            f"\n{error}"
        ) from error
    with client:
        try:
            applied = apply(client, current, dry_run=dry_run)
        except MigrationError as error:
            raise click.ClickException(str(error)) from error
    for line in applied:
        click.echo(f"{'would apply' if dry_run else 'applied'} {line}")
    if not applied:
        click.echo("up to date")
