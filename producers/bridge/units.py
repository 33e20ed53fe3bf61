"""Messages of a foreign topic to gateway units and dead letters: the pure part of the bridge.

A message holds one record, an array of records, or what the source unpacks into records; a forwarder may have put it
into a field of its own (`within`). What cannot be read is a letter that `adoption dead-letters` can replay, with the
coordinates that it came from.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from producers.bridge.partition import Message, Span
from producers.kafka import Record, size_of
from producers.sources.careful import map_records
from producers.sources.common import Context, Rejected
from producers.sources.registry import Source
from schemas import dead_letters, gateway
from schemas.base import event_id
from schemas.streams import DEAD_LETTERS

log = logging.getLogger(__name__)

_SPLIT = msgspec.json.Decoder(list[msgspec.Raw])
NO_VALUE = "bridge:no_value"
_UNIT = gateway.SCHEMA.get_field_index("unit")


class Place(NamedTuple):
    """A partition: the topic's name and identity (its UUID where the cluster tells one), and its number."""

    topic: str
    identity: str
    partition: int


class _Piece(NamedTuple):
    """A message's value, or the bytes of one record of an array in it."""

    message: int
    value: bytes


@dataclass(frozen=True)
class Unit:
    """What a range of offsets became.

    Attributes:
        stop: its last offset + 1.
        tables: rows; several tables, each with a unit id of its own, only where one message is too large for one.
        letters: what could not be read.
        events: records of contract events, where the topic holds those of a source of events.
        ignored: reason code -> number of records left out on purpose.
        messages: how many there were.
    """

    stop: int
    tables: tuple[pa.Table, ...]
    letters: tuple[Record, ...] = ()
    events: tuple[Record, ...] = ()
    ignored: Counter[str] = field(default_factory=Counter)
    messages: int = 0

    def fits(self) -> bool:
        """Whether it can travel in one message."""
        return all(one.num_rows <= gateway.MAX_REQUESTS and one.nbytes <= gateway.MAX_BYTES for one in self.tables)


@dataclass(frozen=True)
class Mapping:
    """How messages are read.

    Attributes:
        source: whose records they are.
        sender: who sends, in units and in coverage.
        context: for the mapper.
        within: field of a forwarder's envelope that holds the record, as JSON or as JSON text.
    """

    source: Source
    sender: str
    context: Context
    within: str | None = None

    def units(self, place: Place, span: Span) -> list[Unit]:
        """Units of a span, in order, each small enough for a message: halves of what is too large."""
        unit = self.unit(place, span)
        half = len(span.messages) // 2
        if unit.fits() or not half:
            return [unit]
        middle = span.messages[half].offset
        first, second = Span(span.start, middle, span.messages[:half]), Span(middle, span.stop, span.messages[half:])
        return [*self.units(place, first), *self.units(place, second)]

    def unit(self, place: Place, span: Span) -> Unit:
        """The unit of exactly this span."""
        name = gateway.unit_id(self.sender, f"{place.identity}/{place.partition}/{span.start}-{span.stop}", b"")
        pieces, fast, left = self._in_bulk(span.messages, name)
        records, origins, wrong = self._records(span.messages, [pieces[index] for index in left])
        mapped = map_records(self.source, records, unit=name, context=self.context)
        rows = pa.concat_tables([fast, mapped.rows]) if fast.num_rows else mapped.rows
        letters = [self._letter(place, message, 0, message.value, bad) for message, bad in wrong]
        for bad in mapped.rejected:
            at = bad.position or 0
            index = at - bisect_left(origins, origins[at])  # within its message
            letters.append(
                self._letter(place, span.messages[origins[at]], index, msgspec.json.encode(records[at]), bad)
            )
        tables = (rows,) if len(span.messages) > 1 else tuple(_pieces(rows, name))
        tables = tuple(table for table in tables if table.num_rows)
        ignored = Counter(mapped.ignored)
        if empty := sum(not message.value for message in span.messages):
            ignored[NO_VALUE] = empty
        return Unit(span.stop, tables, tuple(letters), ignored=ignored, messages=len(span.messages))

    def _in_bulk(self, messages: Sequence[Message], name: str) -> tuple[list[_Piece], pa.Table, Sequence[int]]:
        """The records' bytes, rows of what the source reads many at a time, and the indexes of all others."""
        whole = [_Piece(index, message.value) for index, message in enumerate(messages)]
        if self.source.map_bytes is None or self.within:
            return whole, gateway.SCHEMA.empty_table(), range(len(whole))
        pieces = [piece for one in whole for piece in _split(one)]
        try:
            rows, left = self.source.map_bytes([one.value for one in pieces], unit=name, context=self.context)
        except Exception:  # what one by one does not fall over is not lost, and what it does is a letter
            log.exception("reading %s in bulk failed: a defect; its records are read one by one", self.source.name)
            return whole, gateway.SCHEMA.empty_table(), range(len(whole))
        return pieces, rows, left

    def _records(
        self, messages: Sequence[Message], pieces: Sequence[_Piece]
    ) -> tuple[list[Any], list[int], list[tuple[Message, Rejected]]]:
        """Records of these pieces, the index of each one's message, and the messages whose pieces hold none."""
        records: list[Any] = []
        origins: list[int] = []
        wrong: list[tuple[Message, Rejected]] = []
        for index, value in pieces:
            if not value:
                continue
            try:
                found = self.source.records(self._payload(value))
            except Rejected as bad:
                wrong.append((messages[index], bad))
            else:
                records += found
                origins += [index] * len(found)
        return records, origins, wrong

    def _payload(self, value: bytes) -> Any:
        payload = _parsed(value)
        if self.within is None:
            return payload
        inner = payload.get(self.within) if isinstance(payload, dict) else None
        if inner is None:
            raise Rejected("missing_field", f"expected the record within {self.within!r}, got a message without it")
        return _parsed(inner.encode(errors="replace")) if isinstance(inner, str) else inner

    def _letter(self, place: Place, message: Message, index: int, raw: bytes, bad: Rejected) -> Record:
        """A letter as the ingest service would write it; equal coordinates make equal letters."""
        where = f"{place.topic}[{place.partition}]@{message.offset}"
        made = dead_letters.DeadLetter(
            origin=f"http:/v1/{self.source.path}",
            partition=place.partition,
            offset=message.offset,
            reason=bad.reason,
            detail=f"{where}: {bad.detail}",
            key=event_id("dead-letter", place.identity, place.partition, message.offset, index).encode(),
            value=raw,
            headers=(("content-type", b"application/json"),),
        )
        key, value, headers = dead_letters.to_kafka(made)
        record = Record(DEAD_LETTERS.topic, key, value, tuple(headers))
        if size_of(record) > DEAD_LETTERS.max_message_bytes:
            lost = Rejected(bad.reason, f"{bad.detail}; its {len(raw):,} bytes are too many for a dead letter")
            return self._letter(place, message, index, b"", lost)
        return record


def _split(piece: _Piece) -> list[_Piece]:
    """The records of an array; what is none, or cannot be read, as it is."""
    if not piece.value.startswith(b"["):
        return [piece]
    try:
        return [_Piece(piece.message, bytes(one)) for one in _SPLIT.decode(piece.value)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [piece]


def _parsed(value: bytes) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected("malformed_json", f"expected JSON, got {len(value)} bytes that are none ({error})") from None


def _pieces(table: pa.Table, name: str) -> Iterator[pa.Table]:
    """The rows of one message as tables that fit, cut by their number alone; the first keeps the unit's name."""
    for number, start in enumerate(range(0, table.num_rows, gateway.MAX_REQUESTS)):
        piece = table.slice(start, gateway.MAX_REQUESTS)
        if number:
            unit = pa.array([event_id("unit", name, number)] * piece.num_rows).dictionary_encode()
            piece = piece.set_column(_UNIT, gateway.SCHEMA.field(_UNIT), unit.cast(gateway.SCHEMA.field(_UNIT).type))
        yield piece
