"""Dead letters on the wire and as rows: nothing of the original is lost, and a replay is the same row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from schemas import dead_letters
from schemas.dead_letters import DeadLetter
from schemas.streams import DEAD_LETTERS
from stream_processors import letters
from stream_processors.records import Record

LETTER = DeadLetter(
    origin="adoption.delivery.v1",
    partition=3,
    offset=2**40,
    reason="contract_violation",
    detail="state: expected 'opened', got 'ajar' …",
    key=b"\xff",
    value=b"\x00\xfe",
    headers=(("ce_id", b"i"), ("ce_id", b"\xfe"), ("x", b"")),
)
APPENDED = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def row(letter: DeadLetter, offset: int = 0) -> dict[str, Any]:
    key, value, headers = dead_letters.to_kafka(letter)
    record = Record(DEAD_LETTERS.topic, 0, offset, APPENDED, key, value, tuple(headers))
    return letters.rows([record], incarnation=4).to_pylist()[0]


def test_a_letter_comes_back_from_its_record() -> None:
    assert dead_letters.from_kafka(*dead_letters.to_kafka(LETTER)) == LETTER


def test_a_row_keeps_the_bytes() -> None:
    found = row(LETTER)
    assert {name: found[name] for name in ("topic", "partition", "offset", "incarnation", "reason")} == {
        "topic": "adoption.delivery.v1",
        "partition": 3,
        "offset": 2**40,
        "incarnation": 4,
        "reason": "contract_violation",
    }
    assert (found["key"], found["value"], found["time"]) == (b"\xff", b"\x00\xfe", APPENDED)
    assert found["headers"] == [
        {"name": b"ce_id", "value": b"i"},
        {"name": b"ce_id", "value": b"\xfe"},
        {"name": b"x", "value": b""},
    ]


def test_the_same_record_read_elsewhere_is_the_same_row() -> None:
    """An embedded broker's offsets begin again, and a take may be sent twice: identity is the content."""
    moved = replace(LETTER, partition=0, offset=1, reason="not_json", detail="said otherwise")
    assert row(moved, offset=9)["identity"] == row(LETTER)["identity"]


def test_another_content_is_another_row() -> None:
    others = [
        replace(LETTER, origin="adoption.catalog.v1"),
        replace(LETTER, key=b""),
        replace(LETTER, value=b"\x00"),
        replace(LETTER, headers=()),
        replace(LETTER, key=LETTER.key + LETTER.value, value=b""),
    ]
    identities = {row(letter)["identity"] for letter in (LETTER, *others)}
    assert len(identities) == 6
    assert all(len(identity) == 16 for identity in identities)


def test_a_long_detail_is_cut_on_the_wire() -> None:
    assert len(row(replace(LETTER, detail="x" * 5_000))["detail"]) == 2_000


def test_a_foreign_record_is_kept_and_said_to_be_one() -> None:
    record = Record(DEAD_LETTERS.topic, 0, 5, APPENDED, b"", b"hello", (("x", b"1"), ("adoption-offset", b"-7")))
    found = letters.rows([record], incarnation=0).to_pylist()[0]
    assert (found["topic"], found["reason"], found["detail"]) == ("unknown", "unknown", "not a dead letter of ours")
    assert (found["offset"], found["value"]) == (0, b"hello")
