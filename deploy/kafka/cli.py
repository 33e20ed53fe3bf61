"""`adoption kafka`: Apache Kafka on this machine from its published jars, and the topics of the registry anywhere."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.settings import data_dir


@click.group()
def kafka() -> None:
    """Run Apache Kafka from its jars (Java and Maven, no Docker), and create the topics on any Kafka."""


def _folder(given: Path | None) -> Path:
    return given or data_dir() / "kafka"


_DATA_DIR = click.option("--data-dir", "folder", type=click.Path(path_type=Path), help="Data of this Kafka server.")


@kafka.command()
@_DATA_DIR
@click.option("--port", default=9092, show_default=True, help="Client port on 127.0.0.1.")
def start(folder: Path | None, port: int) -> None:
    """Start a one-node Kafka (KRaft), wait until it answers, create the topics. It runs on in the background."""
    from deploy.kafka.errors import KafkaDeployError  # noqa: PLC0415 - heavy imports only for this command
    from deploy.kafka.registry import specs  # noqa: PLC0415
    from deploy.kafka.server import KafkaServer  # noqa: PLC0415

    try:
        server = KafkaServer.start(_folder(folder), port=port, topics=specs())
    except KafkaDeployError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Kafka answers at {server.bootstrap}; topics are there. Stop it with: adoption kafka stop")


@kafka.command()
@_DATA_DIR
def stop(folder: Path | None) -> None:
    """Stop the Kafka that `adoption kafka start` started on this folder."""
    from deploy.kafka.errors import KafkaDeployError  # noqa: PLC0415
    from deploy.kafka.running import stop_server  # noqa: PLC0415

    try:
        is_stopped = stop_server(_folder(folder))
    except KafkaDeployError as error:
        raise click.ClickException(str(error)) from error
    click.echo("stopped" if is_stopped else "no Kafka runs on this folder")


@kafka.command()
@click.option("--seconds", default=60.0, show_default=True, help="How long to wait.")
def wait(seconds: float) -> None:
    """Wait until the Kafka of the settings answers and has the topics of the registry."""
    from schemas.settings import settings  # noqa: PLC0415
    from schemas.streams import STREAMS  # noqa: PLC0415
    from stream_processors.topics import TopicError, check  # noqa: PLC0415

    try:
        check(settings(), STREAMS, patience=seconds)
    except TopicError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Kafka answers at {settings().kafka_bootstrap}; topics are there")


@kafka.command()
@click.option("--change", is_flag=True, help="Also add partitions and change settings of topics that exist.")
def topics(change: bool) -> None:
    """Create the topics of the registry on the Kafka of the settings, and compare those that exist."""
    from confluent_kafka import KafkaException  # noqa: PLC0415

    from deploy.kafka.errors import KafkaDeployError  # noqa: PLC0415
    from deploy.kafka.registry import specs  # noqa: PLC0415
    from deploy.kafka.topics import ensure_topics  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415
    from stream_processors.topics import security  # noqa: PLC0415

    client = {"bootstrap.servers": settings().kafka_bootstrap, **security(settings())}
    try:
        changes = ensure_topics(client, specs(), change=change)
    except (KafkaDeployError, KafkaException) as error:
        raise click.ClickException(str(error)) from error
    for one in changes:
        click.echo(f"{one.topic}: {one.what}")
    if not changes:
        click.echo("all topics are as the registry says")


COMMANDS: list[click.Command] = [kafka]
