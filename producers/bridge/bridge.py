"""The bridge's one loop: read, map, announce, send, and only then go on.

Rounds do not overlap: what is announced is sent and acknowledged before the next announcement, whose commit also says
that the last one is done. Killed anywhere, the next reader finds either the old offset or an announcement; both give
the same units, and a unit counts once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from producers.bridge.beginning import BridgeError
from producers.bridge.intent import MOST_CUTS
from producers.bridge.reader import Reader
from producers.bridge.units import Mapping, Place, Unit
from producers.kafka import Record, Sink, Unavailable
from producers.packing import record_of
from schemas import gateway

log = logging.getLogger(__name__)

_ENOUGH_TO_TELL = 100
"""Messages below which a share of rejected ones says nothing."""


@dataclass
class Totals:
    """What was done since the start."""

    messages: int = 0
    requests: int = 0
    events: int = 0
    dead_lettered: int = 0
    units: int = 0
    ignored: Counter[str] = field(default_factory=Counter)

    def add(self, unit: Unit) -> None:
        """Count a unit that is durable."""
        self.messages += unit.messages
        self.requests += sum(table.num_rows for table in unit.tables)
        self.events += len(unit.events)
        self.dead_lettered += len(unit.letters)
        self.units += 1
        self.ignored.update(unit.ignored)


@dataclass
class Bridge:
    """From a topic to the gateway stream, or to those of the events that it holds.

    Attributes:
        reader: the topic.
        mapping: how its messages are read.
        sink: where units become durable; started.
        is_told_to_stop: asked between steps.
        most: messages of one round.
        linger: seconds that a round may wait for company.
        most_rejected: share of a unit's messages that may be unreadable; beyond it the format is taken for wrong.
        totals: what was done.
    """

    reader: Reader
    mapping: Mapping
    sink: Sink
    is_told_to_stop: Callable[[], bool]
    most: int = 20_000
    linger: float = 0.5
    most_rejected: float = 0.5
    totals: Totals = field(default_factory=Totals)

    async def run(self, *, follow: bool) -> None:
        """Go on until told to stop, or (not `follow`) until the end of every partition is sent.

        Raises:
            BridgeError: a person has to decide something; nothing is lost, the next start goes on.
            KafkaException: offsets could not be committed.
        """
        while not self.is_told_to_stop():
            await asyncio.to_thread(self.reader.collect, self.most, self.linger)
            await self._round()
            held = self.reader.partitions
            if not follow and held and all(one.is_drained() and one.is_committed for one in held.values()):
                return
        # Told to stop: what is sent is said to be, and what is announced and not sent stays announced.
        await asyncio.to_thread(self.reader.commit, {})

    async def _round(self) -> None:
        """Send what is there. Without anything to send, commit what the last round sent."""
        units = await asyncio.to_thread(self._units)
        self._check(units)
        cuts = {number: tuple(unit.stop for unit in made) for number, made in units.items()}
        if not await asyncio.to_thread(self.reader.commit, cuts):
            return
        made = [unit for some in units.values() for unit in some]
        if not await self._send(await asyncio.to_thread(lambda: list(self._records(made)))):
            return
        for number, ends in cuts.items():
            self.reader.partitions[number].sent(ends[-1])
        for unit in made:
            self.totals.add(unit)

    def _units(self) -> dict[int, list[Unit]]:
        found: dict[int, list[Unit]] = {}
        for number, partition in self.reader.partitions.items():
            place = Place(self.reader.topic, self.reader.identity, number)
            if partition.cuts:
                made = [self.mapping.unit(place, span) for span in partition.spans()]
            else:
                made = [unit for span in partition.spans() for unit in self.mapping.units(place, span)][:MOST_CUTS]
            if made:
                found[number] = made
        return found

    def _check(self, units: dict[int, list[Unit]]) -> None:
        for unit in (unit for some in units.values() for unit in some):
            if unit.messages >= _ENOUGH_TO_TELL and len(unit.letters) > self.most_rejected * unit.messages:
                raise BridgeError(
                    f"expected records of {self.mapping.source.name} in {self.reader.topic}, but {len(unit.letters):,} "
                    f"of {unit.messages:,} messages cannot be read (reasons: {_reasons(unit.letters)}): is it the "
                    "right source? --most-rejected says how many may be wrong"
                )

    def _records(self, units: Sequence[Unit]) -> Iterator[Record]:
        """Units packed into messages, then their events and letters."""
        waiting: list[pa.Table] = []
        for table in (table for unit in units for table in unit.tables):
            rows, size = (sum(getattr(one, name) for one in (*waiting, table)) for name in ("num_rows", "nbytes"))
            if waiting and (rows > gateway.MAX_REQUESTS or size > gateway.MAX_BYTES):
                yield record_of(self.mapping.sender, waiting)
                waiting = []
            waiting.append(table)
        if waiting:
            yield record_of(self.mapping.sender, waiting)
        for unit in units:
            yield from unit.events
            yield from unit.letters

    async def _send(self, records: Sequence[Record]) -> bool:
        """Whether everything is durable; False: told to stop before it was, the next start sends it again."""
        while not self.is_told_to_stop():
            try:
                await self.sink.send(records)
            except Unavailable as away:
                log.warning("%s; trying again", away)
                await asyncio.sleep(away.retry_after)
            else:
                return True
        return False


def _reasons(letters: Sequence[Record]) -> str:
    found = Counter(dict(letter.headers)["adoption-reason"].decode() for letter in letters)
    return ", ".join(f"{reason} {count:,}" for reason, count in found.most_common(3))
