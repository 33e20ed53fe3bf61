"""Topic specifications from the stream registry."""

from __future__ import annotations

from deploy.kafka.topics import TopicSpec
from schemas.streams import STREAMS, Stream


def specs() -> list[TopicSpec]:
    """What every topic of the registry must be on a cluster."""
    return [_spec(stream) for stream in STREAMS]


def _spec(stream: Stream) -> TopicSpec:
    config = {"cleanup.policy": stream.cleanup, "max.message.bytes": str(stream.max_message_bytes)}
    if stream.retention_ms is not None:
        config["retention.ms"] = str(stream.retention_ms)
    elif stream.cleanup == "delete":
        config["retention.ms"] = "-1"
    return TopicSpec(stream.topic, stream.partitions, config, fixed=stream.partitions_fixed)
