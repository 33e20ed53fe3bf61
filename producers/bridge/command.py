"""`adoption bridge`: the command line around the bridge; imports it only when it runs."""

from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from producers.bridge.bridge import Totals
    from producers.sources.registry import Source


@click.command()
@click.argument("source")
@click.argument("topic")
@click.option("--group", default="adoption-bridge", show_default=True, help="Consumer group that owns the position.")
@click.option("--follow/--once", default=True, show_default=True, help="Go on with what comes, or end at the end.")
@click.option("--from-end", is_flag=True, help="A new group begins at the topic's end, not at its beginning.")
@click.option("--within", help="Field of a forwarder's envelope that holds the record: message (Vector), log.")
@click.option("--sender", default="bridge", show_default=True, help="Who sends, as coverage shows it.")
@click.option(
    "--cluster",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="librdkafka settings of the topic's cluster, one name=value a line; default: ours (ADOPTION_KAFKA_...).",
)
@click.option(
    "--round", "most", type=click.IntRange(1, 1_000_000), default=20_000, show_default=True, help="Messages of a round."
)
@click.option("--linger", type=click.FloatRange(0.01, 60), default=0.5, show_default=True, help="Seconds of a round.")
@click.option(
    "--most-rejected",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Stop when more than this share of a unit's messages cannot be read.",
)
def bridge(
    *,
    source: str,
    topic: str,
    group: str,
    follow: bool,
    from_end: bool,
    within: str | None,
    sender: str,
    cluster: Path | None,
    most: int,
    linger: float,
    most_rejected: float,
) -> None:
    """Take a source's records or events from a Kafka topic: each counts once, through crashes and rebalances.

    SOURCE is a gateway that the ingest service knows (kong, apisix, otlp, ...) or a source of events (cdevents, ...),
    TOPIC where its records lie: one, or an array of them, in each message; CloudEvents in any mode. Several bridges of
    one group share the partitions. What cannot be read becomes a dead letter. A gateway's topic must be bridged by one
    group only: two count everything twice.
    """
    from confluent_kafka import KafkaException  # noqa: PLC0415 -- the command line's listing must not pay for it

    from producers.bridge.beginning import BridgeError  # noqa: PLC0415
    from producers.bridge.bridge import Bridge  # noqa: PLC0415
    from producers.bridge.events import EventMapping  # noqa: PLC0415
    from producers.bridge.reader import Reader  # noqa: PLC0415
    from producers.bridge.units import Mapping  # noqa: PLC0415
    from producers.kafka import KafkaSink, client_config  # noqa: PLC0415
    from producers.sources.common import Context  # noqa: PLC0415
    from schemas.settings import settings  # noqa: PLC0415

    configured = settings()
    ours = client_config(configured)
    context = Context(salt=configured.actor_salt.get_secret_value().encode())
    found = _source(source)
    kind = EventMapping if found.kind == "events" else Mapping
    mapping = kind(found, sender, context, within)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())

    async def run() -> Totals:
        sink = KafkaSink(ours, delivery_seconds=30)
        await sink.start()
        try:
            reader = Reader(_settings_in(cluster) if cluster else ours, topic, group, from_end=from_end)
            try:
                made = Bridge(reader, mapping, sink, stopped.is_set, most, linger, most_rejected)
                await made.run(follow=follow)
                return made.totals
            finally:
                await asyncio.to_thread(reader.close)
        finally:
            await sink.stop(grace=1.0)

    try:
        totals = asyncio.run(run())
    except (BridgeError, KafkaException) as error:
        raise click.ClickException(str(error)) from error
    ignored = "".join(f", {count:,} {reason}" for reason, count in totals.ignored.most_common())
    click.echo(
        f"{totals.messages:,} messages, {totals.requests:,} requests, {totals.events:,} events, "
        f"{totals.dead_lettered:,} dead letters{ignored}",
        err=True,
    )


def _source(name: str) -> Source:
    from producers.sources.registry import SOURCES  # noqa: PLC0415

    if name not in SOURCES:
        raise click.BadParameter(f"expected one of {', '.join(sorted(SOURCES))}, got {name!r}")
    return SOURCES[name]


def _settings_in(path: Path) -> dict[str, str]:
    """Librdkafka settings of a properties file."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    if not all(name and sign for name, sign, _ in pairs):
        raise click.BadParameter(f"expected name=value on each line of {path}")
    return {name.strip(): value.strip() for name, _, value in pairs}
