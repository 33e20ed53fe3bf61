"""The two ways out of the shipper: the ingest service over HTTP, or Kafka itself.

The last step of the shipper. `send` returns when the batch is durable; it waits while the other side is busy or away.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pyarrow as pa

from schemas import gateway

if TYPE_CHECKING:
    from producers.client import IngestClient
    from producers.kafka import KafkaSink, Record


class Packet(NamedTuple):
    """A batch, packed; `size` in bytes as it travels."""

    size: int
    payload: Any


class Outlet(Protocol):
    """Where batches go. `send` is called from several threads."""

    def pack(self, rows: pa.Table) -> Packet:
        """Rows of `schemas.gateway.SCHEMA`, one unit, as they travel."""

    def send(self, packet: Packet) -> None:
        """Return when the batch is durable; raise when it was refused for good."""

    def close(self) -> None:
        """Let go of the connections; nothing is being sent any more."""


class HttpOutlet:
    """POST /v1/gateway/batches of the ingest service, over one connection per thread."""

    def __init__(self, connect: Callable[[], IngestClient]) -> None:
        """`connect` makes a client, which waits and tries again on its own."""
        self._connect = connect
        self._own = threading.local()
        self._clients: list[IngestClient] = []

    def pack(self, rows: pa.Table) -> Packet:
        """An Arrow stream."""
        body = gateway.encode(rows)
        return Packet(len(body), body)

    def send(self, packet: Packet) -> None:
        """Post it."""
        if not hasattr(self._own, "client"):
            self._own.client = self._connect()
            self._clients.append(self._own.client)
        self._own.client.batch(packet.payload, gateway.ARROW)

    def close(self) -> None:
        """Close each thread's connection."""
        for client in self._clients:
            client.close()


class KafkaOutlet:
    """Kafka, for a shipper that reaches the brokers. Never the embedded broker: that one forgets what the edge sent."""

    def __init__(self, sink: KafkaSink, sender: str) -> None:
        """`sender`: whom the messages name as their source."""
        self._sink = sink
        self._sender = sender
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="kafka-outlet", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(sink.start(), self._loop).result()

    def pack(self, rows: pa.Table) -> Packet:
        """A Kafka record."""
        from producers.packing import record_of  # noqa: PLC0415

        record = record_of(self._sender, [rows])
        return Packet(len(record.value), record)

    def send(self, packet: Packet) -> None:
        """Wait for the brokers' acknowledgement, again and again while they are away."""
        from producers.kafka import Unavailable  # noqa: PLC0415

        record: Record = packet.payload
        while True:
            try:
                asyncio.run_coroutine_threadsafe(self._sink.send([record]), self._loop).result()
            except Unavailable as unavailable:
                time.sleep(unavailable.retry_after)
            else:
                return

    def close(self) -> None:
        """Finish what was accepted, then let go of Kafka."""
        asyncio.run_coroutine_threadsafe(self._sink.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
