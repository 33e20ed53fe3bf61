"""The one loop: rows, then marks and dead letters, then the acknowledgement, in offset order; or none of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.dead_letters import DeadLetter
from schemas.streams import DEAD_LETTERS, DIRTY
from stream_processors import pipeline
from stream_processors.marks import HourMark, ServiceMark
from stream_processors.pipeline import PoisonLimit, Stored, TooMuchPoisonError
from stream_processors.records import Record

HOUR = HourMark("pay", datetime(2026, 3, 2, 9, tzinfo=UTC))
LETTER = DeadLetter("t", 0, 1, "not_json", "expected JSON, got {", b"k", b"{", (("a", b"1"),))


class FakeStream:
    """A Faust stream with takes given beforehand; writes down what is acknowledged."""

    def __init__(self, log: list[str], *takes: Sequence[int]) -> None:
        self.log = log
        self.takes = takes

    async def noack_take(self, most: int, *, within: float) -> AsyncIterator[list[Any]]:
        self.log.append(f"take {most} {within}")
        for offsets in self.takes:
            yield [_event(offset) for offset in offsets]

    async def ack(self, event: Any) -> None:
        self.log.append(f"ack {event.message.offset}")


def _event(offset: int) -> Any:
    message = SimpleNamespace(
        topic="t", partition=0, offset=offset, timestamp=0, key=b"k", value=b"v", headers=[("a", b"1")]
    )
    return SimpleNamespace(message=message)


def run(stream: FakeStream, stored: Any, confirm: Any = None) -> None:
    """Run the loop to the end of the fake stream; `stored` is given for each take, or raised."""

    async def store(records: Sequence[Record]) -> Stored:
        stream.log.append(f"store {[record.offset for record in records]}")
        if isinstance(stored, Exception):
            raise stored
        return stored

    async def send(topic: str, key: bytes, _value: bytes, _headers: list[tuple[str, bytes]]) -> Any:
        stream.log.append(f"send {topic} {key.decode()}")
        return (confirm or _confirmed)(stream.log, key)

    asyncio.run(pipeline.run(stream, store, send, most=10, within=0.5))


async def _confirmed(log: list[str], key: bytes) -> None:
    log.append(f"confirmed {key.decode()}")


async def _refused(log: list[str], key: bytes) -> None:
    raise ConnectionError(f"the broker is away: {key.decode()}")


def test_acknowledged_after_rows_marks_and_letters_in_offset_order() -> None:
    stream = FakeStream([], [1, 2], [3])
    run(stream, Stored(frozenset({ServiceMark("pay"), HOUR}), (LETTER,)))
    take = [
        f"send {DIRTY.topic} {HOUR.key().decode()}",
        f"send {DIRTY.topic} service/pay",
        f"send {DEAD_LETTERS.topic} k",
        f"confirmed {HOUR.key().decode()}",
        "confirmed service/pay",
        "confirmed k",
    ]
    assert stream.log == ["take 10 0.5", "store [1, 2]", *take, "ack 1", "ack 2", "store [3]", *take, "ack 3"]


def test_a_failed_write_leaves_the_loop_with_nothing_sent_or_acknowledged() -> None:
    stream = FakeStream([], [1, 2], [3])
    with pytest.raises(RuntimeError, match="no such column"):
        run(stream, RuntimeError("no such column"))
    assert stream.log == ["take 10 0.5", "store [1, 2]"]


def test_a_mark_that_the_broker_did_not_confirm_leaves_the_loop_without_acknowledgement() -> None:
    stream = FakeStream([], [1])
    with pytest.raises(ConnectionError, match="service/pay"):
        run(stream, Stored(frozenset({ServiceMark("pay")})), _refused)
    assert not [line for line in stream.log if line.startswith("ack")]


def test_a_dead_letter_that_was_not_confirmed_is_not_acknowledged_either() -> None:
    stream = FakeStream([], [1])
    with pytest.raises(ConnectionError):
        run(stream, Stored(letters=(LETTER,)), _refused)
    assert not [line for line in stream.log if line.startswith("ack")]


def test_a_poisoned_topic_stops_after_the_take_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "PoisonLimit", lambda: PoisonLimit(consecutive=2))
    stream = FakeStream([], [1], [2], [3])
    with pytest.raises(TooMuchPoisonError, match="adoption dead-letters list"):
        run(stream, Stored(letters=(LETTER,)))
    assert [line for line in stream.log if line.startswith("ack")] == ["ack 1", "ack 2"]


# the limit


def test_a_thousand_in_a_row_are_too_many() -> None:
    limit = PoisonLimit()
    limit.count(999, 999)
    with pytest.raises(TooMuchPoisonError, match="1000 in a row"):
        limit.count(1, 1)


def test_good_records_between_begin_a_new_row() -> None:
    limit = PoisonLimit(window=10_000)
    for _ in range(4):
        limit.count(600, 600)
        limit.count(1_200, 0)


def test_more_than_half_of_the_window_is_too_much() -> None:
    limit = PoisonLimit(consecutive=10_000, share=0.5, window=100)
    for _ in range(3):
        limit.count(50, 25)
    with pytest.raises(TooMuchPoisonError, match="51 of the last 100"):
        limit.count(50, 26)


def test_an_old_window_is_forgotten() -> None:
    limit = PoisonLimit(consecutive=10_000, window=100)
    limit.count(100, 50)
    limit.count(99, 99)
    limit_hit = pytest.raises(TooMuchPoisonError, match="100 of the last 100")
    with limit_hit:
        limit.count(1, 1)
