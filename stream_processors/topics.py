"""Are the topics there, and cut as the registry says? Asked once, when a worker starts."""

from __future__ import annotations

import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from schemas.settings import Settings
from schemas.streams import Stream


class TopicError(Exception):
    """A topic is missing, or has another partition count than its offsets' use as versions allows."""


def check(settings: Settings, streams: tuple[Stream, ...], *, patience: float = 60.0) -> None:
    """Wait until the broker answers, then compare its topics with the registry.

    Args:
        settings: where Kafka is.
        streams: what the worker reads and writes.
        patience: seconds to wait for a broker.

    Raises:
        TopicError: naming the topic, what was expected, what to do.
    """
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap, **security(settings)})
    deadline = time.monotonic() + patience
    while True:
        try:
            found = admin.list_topics(timeout=5).topics
            break
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise TopicError(f"no Kafka at {settings.kafka_bootstrap} within {patience:.0f} s: {error}") from error
    for stream in streams:
        if stream.topic not in found:
            raise TopicError(f"topic {stream.topic} is missing: create the topics with `adoption kafka topics`")
        partitions = len(found[stream.topic].partitions)
        if stream.partitions_fixed and partitions != stream.partitions:
            raise TopicError(
                f"topic {stream.topic} has {partitions} partitions, expected {stream.partitions}: its offsets are used "
                "as versions, so growing it moves keys to partitions whose offsets are smaller. Make a new topic and "
                "raise ADOPTION_INCARNATION"
            )


def security(settings: Settings) -> dict[str, str]:
    """Librdkafka's names for how to talk to the broker."""
    chosen = {
        "security.protocol": settings.kafka_security_protocol,
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.username": settings.kafka_sasl_username,
        "sasl.password": settings.kafka_sasl_password and settings.kafka_sasl_password.get_secret_value(),
        "ssl.ca.location": settings.kafka_ca_file and str(settings.kafka_ca_file),
    }
    return {name: value for name, value in chosen.items() if value}
