"""Sends dead letters again, the way their records went; called by `adoption dead-letters replay`.

What came from a topic goes back to it with its bytes, key and headers as they were. What the ingest service refused is
mapped anew by the mapper of today, and what it becomes goes to its topics.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from producers.kafka import Record, Sink
    from reports.warehouse import Warehouse
    from schemas.settings import Settings

_EDGE = "http:/v1/"
_TOGETHER = 100
"""Letters read and sent at a time: each may be 4 MiB."""
_PATIENCE = 120.0
"""Seconds that the workers may take for the letters of one step."""

WHERE = """
    ({reason:String} = '' OR reason = {reason:String}) AND ({origin:String} = '' OR origin = {origin:String})
    AND (empty({ids:Array(String)}) OR arrayExists(start -> startsWith(id, start), {ids:Array(String)}))
"""
"""Which letters: parameters reason, origin (empty: all) and ids (beginnings; empty: all)."""


@dataclass(frozen=True)
class Letter:
    """A dead letter with its bytes.

    Attributes:
        id: digest that names it.
        origin: topic, or `http:/v1/…`.
        key: record key.
        value: record value, or request body.
        headers: record headers, or the request headers that a mapper reads.
    """

    id: str
    origin: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class StillRefusedError(Exception):
    """A letter that would only come back: its origin cannot be sent to, or the mapper of today refuses it, too."""


class InterruptedReplayError(Exception):
    """Kafka did not take the letters; the message says how many it took before."""


async def replay(settings: Settings, chosen: Mapping[str, Any], *, dry_run: bool) -> tuple[int, Counter[str]]:
    """Send the chosen letters again; returns (number sent, reason → number not sent) when Kafka has them.

    Args:
        settings: names Kafka and the warehouse.
        chosen: parameters of `WHERE`.
        dry_run: send nothing.

    Raises:
        InterruptedReplayError: Kafka is away.
        reports.warehouse.WarehouseError: the warehouse is.
    """
    from producers.kafka import Unavailable  # noqa: PLC0415
    from producers.sources.registry import with_generic  # noqa: PLC0415
    from reports.warehouse import connect  # noqa: PLC0415

    refused: Counter[str] = Counter()
    sent = 0
    with_generic(settings.generic_dir)
    sink = _sink(settings)
    await sink.start()
    try:
        with connect(settings, as_writer=True) as warehouse:
            for letters in _chosen(warehouse, chosen):
                good: list[Letter] = []
                records: list[Record] = []
                for letter in letters:
                    try:
                        records += records_of(letter, settings.actor_salt.get_secret_value().encode())
                    except StillRefusedError as error:
                        refused[str(error)] += 1
                    else:
                        good.append(letter)
                if not dry_run:
                    # Taken before: a letter that comes back is later than this, and waits again.
                    now = datetime.now(UTC)
                    await sink.send(records)
                    await _seen_through(sink)
                    _note(settings, good, now)
                sent += len(good)
    except Unavailable as error:
        raise InterruptedReplayError(f"{error}; {sent} were sent before that: start Kafka, run it again") from error
    finally:
        await sink.stop()
    return sent, refused


def _sink(settings: Settings) -> Sink:
    """Kafka itself; where its memory is not to be trusted (there is an outbox), behind an outbox of our own."""
    from producers.kafka import KafkaSink, client_config  # noqa: PLC0415
    from producers.outbox import OutboxSink  # noqa: PLC0415

    client = client_config(settings)
    if settings.outbox_dir is None:
        return KafkaSink(client)
    return OutboxSink(settings.outbox_dir.with_name("replay-outbox"), client)


async def _seen_through(sink: Sink) -> None:
    """Wait until an outbox has nothing left: only then may a letter be noted as sent again."""
    from producers.kafka import Unavailable  # noqa: PLC0415

    unsettled = sink.gauges().get("outbox_unsettled_entries")
    deadline = time.monotonic() + _PATIENCE
    while unsettled is not None and unsettled[1]():
        if time.monotonic() > deadline:
            raise Unavailable(f"the workers did not take the letters within {_PATIENCE:.0f} s", retry_after=1.0)
        await asyncio.sleep(0.1)


def _chosen(warehouse: Warehouse, chosen: Mapping[str, Any]) -> Iterable[list[Letter]]:
    """The waiting letters that were chosen, a few at a time; what was named by its id also when it does not wait."""
    waiting = "1" if chosen["ids"] else "is_waiting"
    sql = f"SELECT id FROM dead_letter_list WHERE {WHERE} AND {waiting} ORDER BY time, id"
    ids = [row[0] for row in warehouse.query(sql, chosen).rows]
    for first in range(0, len(ids), _TOGETHER):
        rows = warehouse.query(
            "SELECT id, origin, key, value, headers FROM dead_letter_records WHERE id IN {ids:Array(String)} "
            "ORDER BY time, id",
            {"ids": ids[first : first + _TOGETHER]},
        ).rows
        yield [
            Letter(
                id_,
                origin,
                bytes.fromhex(key),
                bytes.fromhex(value),
                tuple((name, bytes.fromhex(said)) for name, said in headers),
            )
            for id_, origin, key, value, headers in rows
        ]


def records_of(letter: Letter, salt: bytes) -> list[Record]:
    """The Kafka records that a letter is sent again as.

    Raises:
        StillRefusedError: with the reason.
    """
    from producers.kafka import Record  # noqa: PLC0415
    from schemas.streams import BY_TOPIC  # noqa: PLC0415

    if letter.origin in BY_TOPIC:
        return [Record(letter.origin, letter.key, letter.value, letter.headers)]
    if letter.origin.startswith(_EDGE):
        return _mapped(letter, salt)
    raise StillRefusedError(f"its origin {letter.origin!r} is no topic and no address of ours")


def _mapped(letter: Letter, salt: bytes) -> list[Record]:
    """What the mapper of today makes of a refused request's body."""
    from producers import packing  # noqa: PLC0415
    from producers.http.parsing import parse_json  # noqa: PLC0415
    from producers.http.problems import Problem  # noqa: PLC0415
    from producers.http.routes_events import record_of  # noqa: PLC0415
    from producers.sources.common import Context, Rejected  # noqa: PLC0415
    from producers.sources.registry import SOURCES  # noqa: PLC0415
    from schemas.gateway import unit_id  # noqa: PLC0415

    source = next((one for one in SOURCES.values() if _EDGE + one.path == letter.origin), None)
    if source is None:
        raise StillRefusedError(f"no source has the address {letter.origin} any more")
    headers = {name: value.decode(errors="replace") for name, value in letter.headers}
    context = Context(salt)
    try:
        payload = parse_json(letter.value)
        if source.map_events is not None:
            return [record_of(event) for event in source.map_events(payload, headers, context).events]
        if source.map_gateway is None:
            raise StillRefusedError(f"source {source.name} has no mapper")
        values = source.records(payload)
        # One letter is one unit, named by the letter: the same letter replayed twice counts once.
        mapped = source.map_gateway(values, unit=unit_id("dead-letters", letter.id, letter.value), context=context)
    except (Rejected, Problem) as error:
        raise StillRefusedError(f"still refused: {error}") from error
    if mapped.rejected:
        raise StillRefusedError(f"still refused: {mapped.rejected[0]}")
    return [packing.record_of("dead-letters", [mapped.rows])] if mapped.rows.num_rows else []


def _note(settings: Settings, letters: Sequence[Letter], now: datetime) -> None:
    """Write down that they were sent again."""
    from stream_processors.warehouse import connect  # noqa: PLC0415

    if not letters:
        return
    with connect(settings) as client:
        client.insert(
            "dead_letter_replays",
            [[bytes.fromhex(letter.id), now] for letter in letters],
            column_names=["identity", "at"],
        )
