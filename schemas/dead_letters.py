"""A dead letter on the wire: the original bytes, why they could not be used, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass

_PREFIX = "adoption-"
HEADERS = tuple(f"{_PREFIX}{name}" for name in ("origin", "partition", "offset", "reason", "detail"))
"""Our headers on a dead letter, before the record's own."""


@dataclass(frozen=True)
class DeadLetter:
    """What could not be read or written.

    Attributes:
        origin: topic it was read from, or `http:/v1/…` for a payload refused by its mapper at the edge.
        partition: of the topic; 0 for the edge.
        offset: of the topic; 0 for the edge.
        reason: reason code, a few words in snake case.
        detail: what was expected, what came, what to do; at most 2,000 characters.
        key: record key as it was.
        value: record value (or request body) as it was.
        headers: record headers (or the request headers needed for a replay) as they were.
    """

    origin: str
    partition: int
    offset: int
    reason: str
    detail: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def to_kafka(letter: DeadLetter) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """The letter as (key, value, headers) of a Kafka record; the original headers follow ours."""
    values = (
        letter.origin.encode(),
        str(letter.partition).encode(),
        str(letter.offset).encode(),
        letter.reason.encode(),
        letter.detail[:2000].encode(errors="replace"),
    )
    ours = list(zip(HEADERS, values, strict=True))
    return letter.key, letter.value, ours + list(letter.headers)


def from_kafka(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> DeadLetter:
    """The letter in a Kafka record; what a foreign record lacks is said, never an error."""
    ours = {
        name.removeprefix(_PREFIX): raw.decode(errors="replace") for name, raw in headers if name.startswith(_PREFIX)
    }
    return DeadLetter(
        origin=ours.get("origin", "unknown"),
        partition=_number(ours.get("partition"), bits=31),
        offset=_number(ours.get("offset"), bits=63),
        reason=ours.get("reason", "unknown"),
        detail=ours.get("detail", "not a dead letter of ours"),
        key=key or b"",
        value=value or b"",
        headers=tuple((name, raw) for name, raw in headers if not name.startswith(_PREFIX)),
    )


def _number(text: str | None, *, bits: int) -> int:
    """A coordinate as Kafka counts it; 0 for what is none."""
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > len(str(1 << bits)):
        return 0
    return number if (number := int(text)) < 1 << bits else 0
