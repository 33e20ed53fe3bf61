"""The Faust apps: one per role, each in a process of its own, so that a crash of one does not stop the others.

- `delivery`: delivery events, catalog facts, costs and dead letters into the archive.
- `gateway`: batches of requests into unit rows.
- `recompute`: dirty marks into facts and hours.

Every setting that is not Faust's default is here, with its reason.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

import faust
from mode.supervisors import CrashingSupervisor

from schemas.settings import Settings
from schemas.streams import CATALOG, COSTS, DEAD_LETTERS, DELIVERY, DIRTY, GATEWAY, MIB, Stream
from stream_processors import pipeline
from stream_processors.archive import CatalogReader
from stream_processors.consumer import Consumer
from stream_processors.pipeline import Send, Store, TooMuchPoisonError
from stream_processors.processors import (
    CatalogProcessor,
    CostsProcessor,
    DeadLetterProcessor,
    DeliveryProcessor,
    GatewayProcessor,
)
from stream_processors.recompute import Recompute
from stream_processors.warehouse import Warehouse

Role = Literal["delivery", "gateway", "recompute"]
ROLES: dict[Role, tuple[Stream, ...]] = {
    "delivery": (DELIVERY, CATALOG, COSTS, DEAD_LETTERS),
    "gateway": (GATEWAY,),
    "recompute": (DIRTY,),
}
"""Role → the streams it reads."""

TAKE: dict[str, tuple[int, float]] = {
    # Faust waits `within` out whenever the buffer is not full, so it is short where volume is, and long enough
    # where coalescing pays: marks of one slice in one take are one recompute.
    DELIVERY.name: (500, 0.1),
    CATALOG.name: (500, 0.1),
    COSTS.name: (1_000, 0.1),
    DEAD_LETTERS.name: (50, 0.5),
    GATEWAY.name: (20, 0.05),
    DIRTY.name: (5_000, 1.0),
}
"""Stream → (records in a take, seconds to wait for it to fill)."""

POISONED = 78
"""Exit status that tells a supervisor not to restart: a topic is mostly poison (EX_CONFIG)."""
POISONED_BY: list[str] = []
"""What a poison limit said in this process."""

TICK = timedelta(seconds=5)
"""How often the live clock moves."""


def create(role: Role, settings: Settings) -> faust.App:
    """The Faust app of a role.

    Args:
        role: what it reads.
        settings: addresses and credentials.
    """
    warehouse, clock = Warehouse(settings), Warehouse(settings)
    app = _app(role, settings)
    for stream, store in _stores(role, warehouse, settings).items():
        _agent(app, stream, store)
    if role == "recompute":
        # On a connection of its own: the clock goes on while a long recompute runs. Once at the start, too: a timer
        # first waits, and without a clock every view is empty.
        tick = Recompute(clock, settings).tick
        app.task(on_leader=False)(tick)
        app.timer(interval=TICK.total_seconds(), on_leader=False)(tick)

    async def close(*_: Any, **__: Any) -> None:
        await warehouse.close()
        await clock.close()

    app.on_before_shutdown.connect(close)
    return app


def _stores(role: Role, warehouse: Warehouse, settings: Settings) -> dict[Stream, Store]:
    if role == "gateway":
        return {GATEWAY: GatewayProcessor(warehouse).store}
    if role == "recompute":
        return {DIRTY: Recompute(warehouse, settings).store}
    catalog = CatalogReader(warehouse, settings.time_zone)
    return {
        DELIVERY: DeliveryProcessor(warehouse, catalog).store,
        CATALOG: CatalogProcessor(warehouse, catalog).store,
        COSTS: CostsProcessor(warehouse).store,
        DEAD_LETTERS: DeadLetterProcessor(warehouse, settings.incarnation).store,
    }


def _agent(app: faust.App, stream: Stream, store: Store) -> None:
    topic = app.topic(stream.topic, value_serializer="raw", key_serializer="raw")
    most, within = TAKE[stream.name]

    async def process(records: Any) -> None:
        try:
            await pipeline.run(records, store, _sender(app), most=most, within=within)
        except TooMuchPoisonError as error:
            POISONED_BY.append(str(error))
            raise

    # The default supervisor restarts an agent past its failure: the failed take would never be read again.
    # One actor: acknowledgement is in offset order.
    app.agent(topic, name=f"adoption.{stream.name}", concurrency=1, supervisor_strategy=CrashingSupervisor)(process)


def _sender(app: faust.App) -> Send:
    async def send(topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Awaitable[Any]:
        # The producer itself: `topic.send` costs ten times as much a record.
        producer = await app.maybe_start_producer()
        return cast("Awaitable[Any]", await producer.send(topic, key, value, None, None, headers))

    return send


def _app(role: Role, settings: Settings) -> faust.App:
    app = _configured(role, settings)
    app.transport.Consumer = Consumer
    return app


def _configured(role: Role, settings: Settings) -> faust.App:
    return faust.App(
        ROLES[role][0].group,
        broker=[f"kafka://{address}" for address in settings.kafka_bootstrap.split(",")],
        broker_credentials=_credentials(settings),
        # No tables: counters in them double on replay.
        store="memory://",
        # Raw bytes: what cannot be decoded must reach the dead letters, not die in a codec.
        value_serializer="raw",
        key_serializer="raw",
        # Topics are made from the registry; Faust's own leader topic and declarations need rights and an admin API.
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        # True holds back a rebalance until every stream is idle, for ever under load.
        stream_wait_empty=False,
        # The default of 60 s blocks a restarted worker for a minute after a kill.
        broker_session_timeout=10,
        broker_heartbeat_interval=3,
        broker_commit_interval=1,
        broker_max_poll_records=1_000,
        # 4,096 messages of 2 MiB would be 8 GiB; 16 keep the worker busy.
        stream_buffer_maxsize=16 if role == "gateway" else 4_096,
        # One megabyte is a third of a large message: 16 MiB more than doubles the throughput.
        consumer_max_fetch_size=16 * MIB,
        # New groups begin at the beginning: what was sent before the first start counts too.
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_max_request_size=DEAD_LETTERS.max_message_bytes + MIB,
        producer_compression_type=None,
        # Faust's web server binds 0.0.0.0:6066 and serves table data.
        web_enabled=False,
        worker_redirect_stdouts=False,
        datadir=str(Path(tempfile.gettempdir()) / f"adoption-{role}"),
    )


def _credentials(settings: Settings) -> Any:
    if settings.kafka_security_protocol == "PLAINTEXT":
        return None
    return _secure(settings)


def _secure(settings: Settings) -> Any:
    import ssl  # noqa: PLC0415 - only where the broker is secured

    context: ssl.SSLContext | None = None
    if settings.kafka_security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=settings.kafka_ca_file and str(settings.kafka_ca_file))
    if settings.kafka_security_protocol == "SSL":
        return faust.SSLCredentials(context=context)
    return faust.SASLCredentials(
        mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_sasl_username,
        password=settings.kafka_sasl_password.get_secret_value() if settings.kafka_sasl_password else None,
        ssl_context=context,
    )


def run(role: Role, settings: Settings, *, log_level: str = "WARNING") -> None:
    """Run a worker until it is told to stop, or crashes. Does not return.

    `faust worker` overrides `web_enabled` and redirects stdout, so the worker is started from here.
    """
    worker = faust.Worker(create(role, settings), loglevel=log_level, redirect_stdouts=False)
    try:
        worker.execute_from_commandline()
    finally:
        if POISONED_BY:
            sys.stderr.write(f"stopped: {POISONED_BY[0]}\n")
            sys.exit(POISONED)
