"""`adoption export`: the events of the delivery stream, from Kafka to the standard output, for other systems to take.

Each line is a structured CloudEvent. The whole topic is read from its beginning by nobody's consumer group: nothing is
committed, and the same command prints the same events again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from schemas.envelope import Event

_PATIENCE = 10.0
"""Seconds that the brokers may take to answer."""


@click.command()
@click.option(
    "--format",
    "shape",
    type=click.Choice(["cdevents", "adoption"]),
    default="cdevents",
    show_default=True,
    help="CDEvents 0.5, or our own contracts.",
)
@click.option("--follow", is_flag=True, help="Go on with what comes; else end at the end.")
def export(*, shape: str, follow: bool) -> None:
    """Print what was delivered, one CloudEvent a line: pipeline runs, changes, deployments, incidents.

    Events that CDEvents has no word for (pushes) and records that cannot be read are counted on the standard error.
    """
    from confluent_kafka import KafkaException  # noqa: PLC0415 -- the command line's listing must not pay for it

    from producers.export.cdevents import cdevent  # noqa: PLC0415
    from producers.kafka import client_config  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    shown = left_out = 0
    try:
        for event in _events(client_config(settings()), follow=follow):
            made = None if event is None else cdevent(event) if shape == "cdevents" else _ours(event)
            if made is None:
                left_out += 1
            else:
                shown += 1
                click.echo(json.dumps(made, ensure_ascii=False, separators=(",", ":")))
    except KafkaException as error:
        raise click.ClickException(f"expected a topic to read at ADOPTION_KAFKA_BOOTSTRAP, got {error}") from error
    click.echo(f"{shown:,} events, {left_out:,} left out", err=True)


def _events(client: dict[str, Any], *, follow: bool) -> Iterator[Event | None]:
    """The topic's events, partition by partition as they come; None for a record that is none of ours."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition  # noqa: PLC0415
    from pydantic import ValidationError  # noqa: PLC0415

    from schemas.envelope import UnknownTypeError, from_kafka  # noqa: PLC0415
    from schemas.streams import DELIVERY  # noqa: PLC0415

    settings = {**client, "group.id": "adoption-export", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer(settings)
    try:
        found = consumer.list_topics(DELIVERY.topic, timeout=_PATIENCE).topics[DELIVERY.topic]
        if found.error is not None:
            raise KafkaException(found.error)
        left = set(found.partitions)
        consumer.assign([TopicPartition(DELIVERY.topic, one, OFFSET_BEGINNING) for one in left])
        while left or follow:
            for message in consumer.consume(1000, 0.2):
                error = message.error()
                if error is None:
                    try:
                        yield from_kafka(message.value() or b"", message.headers() or [])
                    except (UnknownTypeError, ValidationError, UnicodeDecodeError):
                        yield None
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- the client's name for it
                    left.discard(message.partition())
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()


def _ours(event: Event) -> dict[str, Any]:
    attributes = event.model_dump(mode="json", exclude={"data"}, exclude_none=True)
    data = event.data.model_dump(mode="json", exclude_none=True)
    return {"specversion": "1.0", "type": event.type, **attributes, "datacontenttype": "application/json", "data": data}
