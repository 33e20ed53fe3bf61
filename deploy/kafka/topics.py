"""Makes the topics of a real Kafka cluster what the registry says they are, and says so when they are not.

Runs before producers and processors start (`adoption kafka topics`, the test fixtures); they themselves never
declare a topic. The caller builds the specifications from the stream registry; nothing here knows a stream.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from deploy.kafka.errors import TopicMismatchError

REQUEST_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What a topic must be.

    `config` holds topic settings under Kafka's own names (`cleanup.policy`, `max.message.bytes`,
    `retention.ms`, …); settings not named are the broker's. `fixed` means that the number of partitions is
    part of the meaning of the topic (a key's offsets are compared with each other), so it is never changed.
    """

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class TopicChange:
    """One thing that was done to the cluster: the topic, and the change in words."""

    topic: str
    what: str


def ensure_topics(client: Mapping[str, Any], specs: Sequence[TopicSpec], *, change: bool = False) -> list[TopicChange]:
    """Create what is missing, verify what exists; returns what was done. A second call does nothing.

    Args:
        client: librdkafka settings of the connection, at least `bootstrap.servers`.
        specs: the topics; replication is the broker's `default.replication.factor`.
        change: also add partitions and set differing settings of existing topics. Without it a difference is
            an error, since both have a price: more partitions move keys, a shorter retention deletes.

    Raises:
        TopicMismatchError: every difference that was not to be changed; nothing was done to any topic then.
        KafkaException: the cluster did not answer or refused.
    """
    admin = AdminClient(dict(client))
    plan = _plan(admin, specs, change=change)
    done = [*_create(admin, plan.create), *_grow(admin, plan.grow), *_reset(admin, plan.reset)]
    # The controller has confirmed it; the brokers learn of it a moment later, and clients ask brokers.
    deadline = time.monotonic() + REQUEST_SECONDS
    while done and _plan(admin, specs, change=change) != _Plan():
        if time.monotonic() > deadline:
            raise TopicMismatchError(
                f"topics were changed ({', '.join(f'{one.topic}: {one.what}' for one in done)}) and do not show it "
                f"after {REQUEST_SECONDS:g} s: does something else change them too?"
            )
        time.sleep(POLL_SECONDS)
    return done


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done: topics to create; those to grow, with what they have; settings to set."""

    create: list[TopicSpec] = field(default_factory=list)
    grow: list[tuple[TopicSpec, int]] = field(default_factory=list)
    reset: list[tuple[TopicSpec, dict[str, str]]] = field(default_factory=list)


def _plan(admin: AdminClient, specs: Sequence[TopicSpec], *, change: bool) -> _Plan:
    """Compare the cluster with `specs`. Raises TopicMismatchError if anything differs that is not to be changed."""
    existing = admin.list_topics(timeout=REQUEST_SECONDS).topics
    settings = _settings(admin, [spec.name for spec in specs if spec.name in existing])
    plan = _Plan(create=[spec for spec in specs if spec.name not in existing])
    refusals: list[str] = []
    for spec in specs:
        if spec.name not in existing:
            continue
        have = len(existing[spec.name].partitions)
        if have != spec.partitions and (refusal := _partition_refusal(spec, have, change=change)):
            refusals.append(refusal)
        elif have < spec.partitions:
            plan.grow.append((spec, have))
        found = settings[spec.name]
        wrong = {name: value for name, value in spec.config.items() if found.get(name) != value}
        if wrong and change:
            plan.reset.append((spec, wrong))
        elif wrong:
            refusals.extend(
                f"topic {spec.name!r}: expected {name}={value}, found {found.get(name)}; "
                "ask for the change, or set it yourself"
                for name, value in wrong.items()
            )
    if refusals:
        raise TopicMismatchError("\n".join(refusals))
    return plan


def _partition_refusal(spec: TopicSpec, have: int, *, change: bool) -> str | None:
    said = f"topic {spec.name!r}: expected {spec.partitions} partitions, found {have}; "
    if spec.fixed:
        return said + (
            "its partition count is fixed at creation, since offsets of one key are compared: "
            "set the registry back, or create a topic under a new name and start with a higher incarnation"
        )
    if have > spec.partitions:
        return said + "Kafka cannot remove partitions: raise the number in the registry"
    return None if change else said + "adding partitions moves keys between them: ask for the change"


def _create(admin: AdminClient, specs: Sequence[TopicSpec]) -> list[TopicChange]:
    if not specs:
        return []
    new = [NewTopic(s.name, num_partitions=s.partitions, config=dict(s.config)) for s in specs]
    # Two starters at once: the later one takes what the earlier one made, if it is what it should be.
    _settle(admin.create_topics(new, request_timeout=REQUEST_SECONDS), but=KafkaError.TOPIC_ALREADY_EXISTS)
    return [TopicChange(s.name, f"created with {s.partitions} partitions") for s in specs]


def _grow(admin: AdminClient, specs: Sequence[tuple[TopicSpec, int]]) -> list[TopicChange]:
    if not specs:
        return []
    new = [NewPartitions(spec.name, spec.partitions) for spec, _ in specs]
    _settle(admin.create_partitions(new, request_timeout=REQUEST_SECONDS))
    return [TopicChange(spec.name, f"grown from {have} to {spec.partitions} partitions") for spec, have in specs]


def _reset(admin: AdminClient, specs: Sequence[tuple[TopicSpec, dict[str, str]]]) -> list[TopicChange]:
    if not specs:
        return []
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            spec.name,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in wrong.items()
            ],
        )
        for spec, wrong in specs
    ]
    _settle(admin.incremental_alter_configs(resources, request_timeout=REQUEST_SECONDS))
    return [TopicChange(spec.name, f"set {name}={value}") for spec, wrong in specs for name, value in wrong.items()]


def _settings(admin: AdminClient, names: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """The settings in force of each topic, defaults included, as Kafka writes them."""
    if not names:
        return {}
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers = admin.describe_configs(asked, request_timeout=REQUEST_SECONDS)
    return {
        resource.name: {entry.name: entry.value for entry in future.result().values()}
        for resource, future in answers.items()
    }


def _settle(futures: Mapping[Any, Future[Any]], *, but: int | None = None) -> None:
    """Wait for every answer, then raise the first refusal other than `but`: what else was asked has happened."""
    failed: KafkaException | None = None
    for future in futures.values():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != but:
                failed = failed or error
    if failed:
        raise failed
