"""`adoption ingest`: run the ingest service until it is told to stop."""

from __future__ import annotations

import click


@click.command()
@click.option("--host", default=None, help="Address to bind (ADOPTION_INGEST_HOST, 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port to bind (ADOPTION_INGEST_PORT, 8080).")
@click.option("--log-level", default="info", type=click.Choice(["debug", "info", "warning", "error"]))
def ingest(host: str | None, port: int | None, log_level: str) -> None:
    """Take events over HTTP and put them on Kafka.

    With ADOPTION_OUTBOX_DIR an answer waits for this machine's disk only; without it, for Kafka.
    """
    import logging  # noqa: PLC0415 -- the command line starts fast: heavy imports wait for their command

    from producers.http.auth import AccessFileError  # noqa: PLC0415
    from producers.http.serve import server_of  # noqa: PLC0415
    from producers.sources.generic.mapping import MappingFileError  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if settings().actor_salt.get_secret_value() == "adoption":
        click.echo(
            "warning: hashed persons use the public salt: set ADOPTION_ACTOR_SALT to a secret of your own, "
            "before the first event",
            err=True,
        )
    try:
        server = server_of(settings(), host=host, port=port)
    except (AccessFileError, MappingFileError) as error:
        raise click.ClickException(str(error)) from error
    server.run()
    if not server.started:
        raise click.ClickException("the service could not start: see the log above")
