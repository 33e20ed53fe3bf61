"""Units into messages: bounded, whole, never the same unit twice in one message."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.kafka import Unavailable
from producers.packing import PART_BYTES, Packer, cut, record_of
from schemas import gateway
from tests.support.ingest_service import Kept


def rows(unit: int, count: int = 1, service: str = "pay") -> pa.Table:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    request = gateway.GatewayRequest(unit=f"{unit:032x}", at=at, service=service, status=200, outcome="ok")
    return gateway.to_table([request] * count)


def units(sink: Kept) -> list[list[str]]:
    decoded = [gateway.decode(message.value, gateway.ARROW) for message in sink.messages]
    return [table.column("unit").unique().to_pylist() for table in decoded]


@given(sizes=st.lists(st.integers(1, 2_000_000), max_size=40))
def test_every_record_is_in_exactly_one_part_and_parts_are_bounded(sizes: list[int]) -> None:
    parts = cut(sizes)
    assert [index for part in parts for index in part] == list(range(len(sizes)))
    assert all(sum(sizes[i] for i in part) <= PART_BYTES or len(part) == 1 for part in parts)


def test_parts_are_bounded_in_records() -> None:
    assert [len(part) for part in cut([10] * 25_000)] == [10_000, 10_000, 5_000]
    assert cut([]) == []


def test_units_of_one_sender_that_come_together_share_a_message() -> None:
    sink = Kept()

    async def scene() -> None:
        packer = Packer(sink, linger=0.01)
        await asyncio.gather(*(packer.add("a", rows(n)) for n in range(5)), packer.add("b", rows(9)))

    asyncio.run(scene())
    assert sorted(len(found) for found in units(sink)) == [1, 5]
    assert {message.key for message in sink.messages} == {b"//gateway/a", b"//gateway/b"}


def test_a_unit_that_comes_again_while_it_waits_goes_into_another_message() -> None:
    sink = Kept()

    async def scene() -> None:
        packer = Packer(sink, linger=0.01)
        await asyncio.gather(packer.add("a", rows(1)), packer.add("a", rows(2)), packer.add("a", rows(1)))

    asyncio.run(scene())
    assert units(sink) == [[f"{1:032x}", f"{2:032x}"], [f"{1:032x}"]]


def test_a_message_holds_at_most_10_000_requests() -> None:
    sink = Kept()

    async def scene() -> None:
        packer = Packer(sink, linger=5)  # only full messages leave, and the last at the end
        adding = [asyncio.create_task(packer.add("a", rows(n, 4_000))) for n in range(4)]
        await asyncio.sleep(0)
        await packer.stop()
        await asyncio.gather(*adding)

    asyncio.run(scene())
    assert [len(found) for found in units(sink)] == [2, 2]


def test_too_much_waiting_is_refused_and_the_sinks_refusal_reaches_everyone() -> None:
    sink = Kept()

    async def scene() -> None:
        packer = Packer(sink, linger=5, most_waiting=1000)
        first = asyncio.create_task(packer.add("a", rows(1)))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await packer.add("a", rows(2, 1000))
        sink.away = Unavailable("Kafka is away", retry_after=7)
        second = asyncio.create_task(packer.add("a", rows(3)))
        await asyncio.sleep(0)
        await packer.stop()
        for waiting in (first, second):
            with pytest.raises(Unavailable) as caught:
                await waiting
            assert caught.value.retry_after == 7
        sink.away = None
        again = asyncio.create_task(packer.add("a", rows(1)))
        await asyncio.sleep(0)
        await packer.stop()
        await again

    asyncio.run(scene())
    assert len(sink.messages) == 1


def test_what_cannot_be_encoded_is_said_to_whoever_waits() -> None:
    class Broken(Kept):
        async def send(self, records: object) -> None:
            raise ZeroDivisionError

    async def scene() -> None:
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            await Packer(Broken(), linger=0).add("a", rows(1))

    asyncio.run(scene())


def test_the_same_units_make_the_same_message() -> None:
    first, second = (record_of("a", [rows(1), rows(2)]) for _ in range(2))
    assert first == second


def test_even_words_that_do_not_compress_fit_a_message() -> None:
    """The arithmetic behind PART_BYTES: 10,000 rows whose words fill 1.25 MiB, all different."""
    import random

    source = random.Random(1)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    requests = [
        gateway.GatewayRequest(
            unit="a" * 32,
            at=at.replace(microsecond=source.randrange(10**6)),
            service=source.randbytes(32).hex(),
            route=source.randbytes(31).hex(),
            status=source.randrange(1000),
            outcome="ok",
            latency_us=source.randrange(2**32),
            request_bytes=source.randrange(2**64),
            response_bytes=source.randrange(2**64),
        )
        for _ in range(gateway.MAX_REQUESTS)
    ]
    assert len(record_of("a", [gateway.to_table(requests)]).value) <= gateway.MAX_BYTES
