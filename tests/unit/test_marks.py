"""Dirty marks: the key says the slice, and comes back from it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import EARLIEST, LATEST
from schemas.dead_letters import DeadLetter
from schemas.streams import DIRTY
from stream_processors import marks
from stream_processors.marks import HourMark, ServiceMark
from stream_processors.records import Record

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def keyed(key: bytes) -> Record:
    return Record(DIRTY.topic, 0, 0, datetime(2026, 3, 2, tzinfo=UTC), key, b"{}", ())


def test_keys_as_they_are_on_the_topic() -> None:
    assert ServiceMark("pay").key() == b"service/pay"
    assert ServiceMark("").key() == b"service/"
    assert HourMark("pay", datetime(2026, 3, 2, 9, tzinfo=UTC)).key() == b"hour/492345/pay"


@given(NAMES)
def test_a_service_comes_back_from_its_key(name: str) -> None:
    assert marks.read(keyed(ServiceMark(name).key())) == ServiceMark(name)


@given(NAMES, st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None, year=2099)))
def test_an_hour_comes_back_from_its_key(name: str, at: datetime) -> None:
    mark = HourMark(name, at.replace(minute=0, second=0, microsecond=0, tzinfo=UTC))
    assert marks.read(keyed(mark.key())) == mark


@pytest.mark.parametrize(
    "key", ["", "service", "hour/", "hour//pay", "hour/-1/pay", "hour/²/pay", "hour/9999999/pay", "team/pay"]
)
def test_another_key_is_a_dead_letter(key: str) -> None:
    found = marks.read(keyed(key.encode()))
    if key == "service":
        assert found == ServiceMark("")
        return
    assert isinstance(found, DeadLetter)
    assert found.reason == "unknown_mark"
    assert "expected service/<name> or hour/<hour>/<name>" in found.detail


@settings(max_examples=200)
@given(st.binary(max_size=30).map(lambda tail: b"hour/" + tail) | st.binary(max_size=30))
def test_no_key_raises(key: bytes) -> None:
    found = marks.read(keyed(key))
    assert isinstance(found, ServiceMark | HourMark | DeadLetter)
