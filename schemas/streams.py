"""THE registry of streams: stream -> topic, contracts, key, sizes, table, dead letters.

Everything that needs to know a topic asks here: producers, processors, topic creation, AsyncAPI, conformance tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas import envelope, gateway
from schemas.base import Contract

MIB = 1024 * 1024


@dataclass(frozen=True, eq=False)
class Stream:
    """One stream and how it travels.

    Attributes:
        name: stem of its modules in every folder.
        topic: Kafka topic, versioned.
        key: what the record key holds (nothing relies on order within a topic).
        contracts: CloudEvents type -> model; empty for our own plumbing.
        table: warehouse table that its rows go to.
        partitions: at creation.
        partitions_fixed: True where an offset is used as a version: growing the topic would move keys.
        max_message_bytes: topic setting.
        cleanup: delete or compact.
        retention_ms: how long the topic keeps a record; None: the broker's default.
        has_dead_letters: what cannot be read goes to the dead letters.
        group: consumer group (and Faust app) that reads it.
    """

    name: str
    topic: str
    key: str
    contracts: dict[str, type[Contract]]
    table: str
    partitions: int = 4
    partitions_fixed: bool = False
    max_message_bytes: int = MIB
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int | None = 14 * 24 * 3600 * 1000
    has_dead_letters: bool = True
    group: str = "adoption-delivery"


def _contracts(*kinds: str) -> dict[str, type[Contract]]:
    return {type_: model for type_, model in envelope.TYPES.items() if type_.split(".")[1] in kinds}


DELIVERY = Stream(
    name="delivery",
    topic="adoption.delivery.v1",
    key="subject: repository, application or incident id",
    contracts=_contracts("ci_run", "push", "merge", "deployment", "incident"),
    table="delivery_events",
)
CATALOG = Stream(
    name="catalog",
    topic="adoption.catalog.v1",
    key="entity",
    contracts=_contracts(
        "service",
        "team",
        "mapping",
        "resource",
        "ownership",
        "consumer",
        "grant",
        "slo",
        "target",
        "annotation",
        "observation",
    ),
    table="catalog_events",
    retention_ms=None,
)
COSTS = Stream(
    name="costs",
    topic="adoption.costs.v1",
    key="resource, else account",
    contracts=_contracts("cost", "cost_export"),
    table="cost_events",
)
GATEWAY = Stream(
    name="gateway",
    topic="adoption.gateway.v1",
    key="source",
    contracts={gateway.TYPE: gateway.GatewayBatch},
    table="gateway_unit_rows",
    max_message_bytes=4 * MIB,
    group="adoption-gateway",
)
DIRTY = Stream(
    name="dirty",
    topic="adoption.dirty.v1",
    key="the slice to recompute",
    contracts={},
    table="facts_heads",
    partitions_fixed=True,
    cleanup="compact",
    retention_ms=None,
    has_dead_letters=False,
    group="adoption-recompute",
)
DEAD_LETTERS = Stream(
    name="dead_letters",
    topic="adoption.dead-letters.v1",
    key="original key",
    contracts={},
    table="dead_letters",
    # A poison message of the largest topic plus its reason must fit, or the worker can never ack it.
    max_message_bytes=4 * MIB + 64 * 1024,
    has_dead_letters=False,
)

STREAMS: tuple[Stream, ...] = (DELIVERY, CATALOG, COSTS, GATEWAY, DIRTY, DEAD_LETTERS)
BY_TOPIC: dict[str, Stream] = {stream.topic: stream for stream in STREAMS}


def stream_of(type_: str) -> Stream:
    """The stream that carries a CloudEvents type.

    Raises:
        envelope.UnknownTypeError: no stream does.
    """
    for stream in STREAMS:
        if type_ in stream.contracts:
            return stream
    envelope.contract_of(type_)
    raise AssertionError(type_)
