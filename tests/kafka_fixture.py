"""The Kafka that tests run against: Apache Kafka from its jars, or a container where there is a Docker engine.

`ADOPTION_TEST_KAFKA` chooses: `jars` (the default; needs Java and, once, Maven) or `container` (testcontainers; the
image is `ADOPTION_TEST_KAFKA_IMAGE`). Tests that need more of a server than an address and an end (restart it, kill
it, freeze it) use `KafkaServer` itself.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from deploy.kafka.config import MESSAGE_MAX_BYTES
from deploy.kafka.server import KafkaServer
from deploy.kafka.topics import TopicSpec, ensure_topics

IMAGE = "confluentinc/cp-kafka:7.6.0"
"""The image that testcontainers' own tests use: a Kafka (3.6) older than the one of the jars (4.3), which is the point
of running both. Its start script does not fit images of version 8."""


class Kafka(Protocol):
    """What both kinds are."""

    bootstrap: str

    def stop(self) -> None: ...


def start_kafka(tmp_path: Path, topics: Sequence[TopicSpec] = ()) -> Kafka:
    """A running Kafka that has `topics`; the caller stops it."""
    kind = os.environ.get("ADOPTION_TEST_KAFKA", "jars")
    if kind == "jars":
        return KafkaServer.start(tmp_path / "kafka", topics=topics)
    if kind == "container":
        return KafkaInContainer(topics)
    raise ValueError(f"ADOPTION_TEST_KAFKA: expected 'jars' or 'container', found {kind!r}")


class KafkaInContainer:
    """One Kafka node in KRaft mode in a container, with the settings that `KafkaServer` has."""

    def __init__(self, topics: Sequence[TopicSpec] = ()) -> None:
        from docker.errors import DockerException
        from testcontainers.community.kafka import KafkaContainer

        image = os.environ.get("ADOPTION_TEST_KAFKA_IMAGE", IMAGE)
        try:
            container = KafkaContainer(image)
        except DockerException as error:
            raise RuntimeError("ADOPTION_TEST_KAFKA=container: expected a running Docker engine; use 'jars'") from error
        self._container = (
            container.with_kraft()
            .with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
            .with_env("KAFKA_MESSAGE_MAX_BYTES", str(MESSAGE_MAX_BYTES))
            .with_env("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1")
            .with_env("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1")
        )
        self._container.start(timeout=120)
        self.bootstrap: str = self._container.get_bootstrap_server()
        try:
            ensure_topics({"bootstrap.servers": self.bootstrap}, topics)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._container.stop()
