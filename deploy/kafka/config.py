"""The settings of a one-node Kafka server: `server.properties` and its logging, as text.

Only what differs from Kafka's defaults, each with its reason; written by `server.py` into the data folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

MESSAGE_MAX_BYTES: Final = 8 * 1024 * 1024
"""Above every topic's own limit (the largest: dead letters, 4 MiB + 64 KiB), so that the topic's decides."""


def server_properties(data: Path, port: int, controller_port: int, extra: Mapping[str, str]) -> str:
    """The text of `server.properties`: broker and controller in one process, on loopback; `extra` wins."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        # A misspelt topic is an error, not a new topic with default settings.
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(MESSAGE_MAX_BYTES),
        # One node: internal topics with the default three replicas would never be created.
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # A handful of groups: 50 partitions of offsets only make starting and stopping slower.
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        # The default waits 3 s at the first join for further members.
        "group.initial.rebalance.delay.ms": "0",
        # After a SIGKILL a broker is let in again only when its old session ends: 3 s instead of 9.
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",
        # The default reserves 128 MiB, a quarter of the heap; 16 MiB still holds 600,000 keys.
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        **extra,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def log4j2_yaml(log: Path) -> str:
    """The text of `log4j2.yaml`: warnings and errors to `log`, 10 MiB at most, twice."""
    return f"""\
Configuration:
  status: warn
  shutdownHook: disable
  Appenders:
    RollingFile:
      name: file
      fileName: "{log}"
      filePattern: "{log}.%i"
      PatternLayout:
        pattern: "%d %p %c: %m%n"
      SizeBasedTriggeringPolicy:
        size: 10 MB
      DefaultRolloverStrategy:
        max: 1
  Loggers:
    Root:
      level: warn
      AppenderRef:
        ref: file
"""
