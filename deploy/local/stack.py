"""The embedded stack: broker, engine, ingest service and workers on one machine, with one command and no server.

The broker is memory. What was acknowledged lies in the ingest service's outbox until it is in the facts, and is sent
again by the next start; what was stored is in the engine's folder. So the whole stack may be killed at any moment.
"""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx
from confluent_kafka import Consumer, KafkaException, TopicPartition

from deploy.local import install
from deploy.local.broker import EmbeddedBroker
from deploy.local.children import Child
from deploy.local.engine.process import EngineProcess
from schemas.settings import Settings
from schemas.streams import STREAMS, Stream

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


class StackError(Exception):
    """The stack did not come up; the message says which part and where its log is."""


@dataclass
class Stack:
    """A running embedded stack.

    Attributes:
        settings: addresses and credentials of this stack.
        access: token and webhook secret, in the clear, and the access file.
        folder: where all of it lives.
    """

    settings: Settings
    access: dict[str, Any]
    folder: Path
    broker: EmbeddedBroker
    engine: EngineProcess
    children: list[Child]
    _lock: IO[str]
    _groups: dict[str, Consumer] = field(default_factory=dict)

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        ingest_port: int = 0,
        clickhouse_port: int = 0,
        time_zone: str = "UTC",
        progress: Progress = lambda _: None,
    ) -> Self:
        """Start everything; returns when events can be sent.

        Args:
            folder: data of this install; made if it is not there.
            ingest_port: 0 chooses a free one.
            clickhouse_port: 0 chooses a free one.
            time_zone: in which days, weeks and months are cut; fixed when the folder is made.
            progress: told of each step.

        Raises:
            install.FolderInUseError: a stack runs on this folder.
            StackError: a part did not come up, or the ingest port is taken.
            MigrationError: the folder's tables were made by a newer version, or for another time zone.
        """
        lock = install.lock(folder)
        try:
            ingest_port = _free_port(ingest_port)
        except StackError:
            lock.close()
            raise
        incarnation = install.next_incarnation(folder)
        access = install.access(folder)
        (folder / "logs").mkdir(exist_ok=True, mode=0o700)
        progress("broker")
        broker = EmbeddedBroker.start([(stream.topic, stream.partitions) for stream in STREAMS])
        progress("ClickHouse engine")
        engine = EngineProcess.start(folder / "engine", port=clickhouse_port)
        settings = Settings(
            kafka_bootstrap=broker.bootstrap,
            clickhouse_url=engine.url,
            clickhouse_user=engine.writer[0],
            clickhouse_password=engine.writer[1],
            clickhouse_reader_user=engine.reader[0],
            clickhouse_reader_password=engine.reader[1],
            time_zone=time_zone,
            incarnation=incarnation,
            ingest_port=ingest_port,
            ingest_token=access["token"],
            actor_salt=access["actor_salt"],
            ingest_access_file=access["file"],
            outbox_dir=folder / "outbox",
        )
        settings = settings.model_copy(update={"ingest_url": f"http://127.0.0.1:{settings.ingest_port}"})
        stack = cls(settings, access, folder, broker, engine, [], lock)
        try:
            progress("tables and views")
            stack._migrate()
            install.write_durably(folder / "stack.json", json.dumps(_exposed(settings)))
            progress("workers and ingest service")
            stack._start_children()
            stack._wait_for_ingest()
        except BaseException:
            stack.stop()
            raise
        return stack

    def stop(self) -> None:
        """Stop in the order in which events flow, so that nothing is left under way that could be finished."""
        for child in self.children:
            child.stop(seconds=10)
        for consumer in self._groups.values():
            consumer.close()
        self.engine.stop()
        self.broker.stop()
        (self.folder / "stack.json").unlink(missing_ok=True)
        self._lock.close()

    def lag(self) -> int:
        """Messages that are not yet in the facts: waiting in the outbox, unread, or marked and not recomputed."""
        return self._outbox_backlog() + sum(self._unread(stream) for stream in STREAMS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _migrate(self) -> None:
        from stream_processors.migrations import migrate  # noqa: PLC0415 - heavy, and only needed here
        from stream_processors.warehouse import connect  # noqa: PLC0415

        client = connect(self.settings, database="default")
        try:
            migrate(client, self.settings)
        finally:
            client.close()

    def _start_children(self) -> None:
        environment = _environment(self.settings, self.folder)
        commands = {
            "ingest": ["ingest"],
            "delivery": ["worker", "delivery"],
            "gateway": ["worker", "gateway"],
            "recompute": ["worker", "recompute"],
        }
        for name, arguments in commands.items():
            child = Child(name, arguments, environment, self.folder / "logs" / f"{name}.log")
            self.children.append(child)
            child.start()

    def _wait_for_ingest(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.settings.ingest_url}/readyz", timeout=2).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        log_file = self.folder / "logs" / "ingest.log"
        raise StackError(f"the ingest service did not answer within {seconds:.0f} s; its log is {log_file}")

    def _outbox_backlog(self) -> int:
        text = httpx.get(f"{self.settings.ingest_url}/metrics", timeout=5).text
        for line in text.splitlines():
            if line.startswith("adoption_outbox_unsettled_entries "):
                return int(float(line.rpartition(" ")[2]))
        return 0

    def _unread(self, stream: Stream) -> int:
        if stream.group not in self._groups:
            address = {"bootstrap.servers": self.broker.bootstrap, "group.id": stream.group}
            self._groups[stream.group] = Consumer(address)
        consumer = self._groups[stream.group]
        unread = 0
        try:
            for part in consumer.committed(_partitions(stream), timeout=10):
                _, high = consumer.get_watermark_offsets(part, timeout=10)
                unread += max(0, high - max(part.offset, 0))
        except KafkaException as error:
            raise StackError(
                f"the broker did not say how far {stream.group} has read {stream.topic}: {error}"
            ) from error
        return unread


def _partitions(stream: Stream) -> list[TopicPartition]:
    return [TopicPartition(stream.topic, number) for number in range(stream.partitions)]


_SECRET = {"clickhouse_password", "clickhouse_reader_password", "ingest_token", "actor_salt"}
_PLAIN = {
    "kafka_bootstrap", "clickhouse_url", "clickhouse_user", "clickhouse_reader_user", "time_zone", "incarnation",
    "ingest_url", "ingest_port", "ingest_access_file", "outbox_dir",
}  # fmt: skip


def _exposed(settings: Settings) -> dict[str, Any]:
    """What `stack.json` holds: addresses and credentials, for the owner of the folder alone."""
    plain = {name: getattr(settings, name) for name in _PLAIN}
    secret = {name: getattr(settings, name).get_secret_value() for name in _SECRET}
    return {name: str(value) if isinstance(value, Path) else value for name, value in (plain | secret).items()}


def _environment(settings: Settings, folder: Path) -> dict[str, str]:
    """The same for the children, as environment variables."""
    values = {f"ADOPTION_{name.upper()}": str(value) for name, value in _exposed(settings).items()}
    return values | {"ADOPTION_DATA_DIR": str(folder)}


def _free_port(wanted: int) -> int:
    """The port, or a free one for 0. Another service on it would answer for ours, and be sent our token."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise StackError(
                f"expected port {wanted} to be free for the ingest service, got {error.strerror}: end what uses it, or "
                "choose another with --ingest-port (0: a free one)"
            ) from error
        port: int = probe.getsockname()[1]
        return port
