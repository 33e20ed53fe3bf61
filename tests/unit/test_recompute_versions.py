"""Versions of results: incarnation, then the greatest offset taken of the mark's partition."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.settings import Settings
from schemas.streams import DIRTY
from stream_processors.marks import HourMark, ServiceMark
from stream_processors.recompute import OFFSET_BITS, Recompute
from stream_processors.records import Record

HOUR = HourMark("pay", datetime(2026, 3, 2, 9, tzinfo=UTC))


class NoWarehouse:
    """Versions are decided before anything is read."""


def versions(records: list[Record], incarnation: int = 0) -> dict[Any, int]:
    return Recompute(NoWarehouse(), Settings(incarnation=incarnation))._versions(records)  # type: ignore[arg-type]


def mark(key: bytes, partition: int, offset: int) -> Record:
    return Record(DIRTY.topic, partition, offset, datetime(2026, 3, 2, tzinfo=UTC), key, b"{}", ())


def test_a_slice_carries_the_greatest_offset_taken_of_its_partition() -> None:
    """What is read afterwards includes the rows behind every mark of the take, so an older version would be a lie."""
    found = versions([mark(b"service/pay", 0, 5), mark(b"service/cart", 0, 9), mark(HOUR.key(), 1, 3)])
    assert found == {ServiceMark("pay"): 9, ServiceMark("cart"): 9, HOUR: 3}


def test_marks_of_one_slice_are_one_recompute() -> None:
    found = versions([mark(b"service/pay", 0, 5), mark(b"service/pay", 0, 7), mark(b"service/pay", 0, 6)])
    assert found == {ServiceMark("pay"): 7}


def test_an_unreadable_mark_moves_the_offset_and_makes_no_slice() -> None:
    assert versions([mark(b"service/pay", 0, 5), mark(b"?", 0, 8)]) == {ServiceMark("pay"): 8}


def test_a_later_take_wins_over_an_earlier_one_and_a_new_incarnation_over_all() -> None:
    first = versions([mark(b"service/pay", 0, 5)])[ServiceMark("pay")]
    later = versions([mark(b"service/pay", 0, 6)])[ServiceMark("pay")]
    restarted = versions([mark(b"service/pay", 0, 0)], incarnation=1)[ServiceMark("pay")]
    assert first < later < restarted == 1 << OFFSET_BITS


@pytest.mark.parametrize(("incarnation", "offset"), [(0, 2**40 - 1), (2**24 - 1, 2**40 - 1)])
def test_the_largest_version_fits_its_column(incarnation: int, offset: int) -> None:
    (version,) = versions([mark(b"service/pay", 0, offset)], incarnation).values()
    assert version < 2**64
    assert version >> OFFSET_BITS == incarnation
