"""Where a partition goes on: by the group's offset, what was announced at it, and what Kafka has kept."""

from __future__ import annotations

from typing import Any

import pytest

from producers.bridge import intent
from producers.bridge.beginning import BridgeError, begin
from producers.bridge.partition import Partition

KEPT = range(100, 200)


def at(committed: int | None, *cuts: int, identity: str = "uuid", **changes: Any) -> Partition:
    metadata = None if committed is None else intent.written(identity, cuts)
    options = {"metadata": metadata, "kept": KEPT, "identity": "uuid", "from_end": False} | changes
    return begin("logs[0]", committed, options.pop("metadata"), **options)


def test_a_new_group_begins_at_the_beginning_or_at_the_end() -> None:
    assert at(None) == Partition(100)
    assert at(None, from_end=True) == Partition(200)


def test_a_known_group_goes_on_with_what_it_announced() -> None:
    assert at(150) == Partition(150, is_committed=True)
    assert at(150, 160, 170) == Partition(150, (160, 170))
    assert at(200) == Partition(200, is_committed=True)


def test_an_offset_without_metadata_of_ours_is_taken_and_committed_anew() -> None:
    assert at(150, metadata="") == Partition(150)


def test_a_topic_made_anew_is_read_from_its_beginning() -> None:
    assert at(150, 160, identity="another") == Partition(100)
    assert at(999, identity="another", from_end=True) == Partition(100)


def test_what_was_deleted_before_it_was_read_is_passed_over() -> None:
    assert at(50) == Partition(100)
    assert at(50, 90) == Partition(100)


def test_an_announced_unit_whose_beginning_was_deleted_keeps_its_name() -> None:
    assert at(50, 120) == Partition(50, (120,))
    assert at(50, 90, 120, 130) == Partition(90, (120, 130))
    assert at(50, 100, 120) == Partition(100, (120,))


def test_a_topic_that_lost_its_end_needs_a_person() -> None:
    with pytest.raises(BridgeError, match="lost its end"):
        at(201)
