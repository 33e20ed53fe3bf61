"""Bytes to contract: every record is either an event, a batch, or a dead letter with a reason. Never an exception.

What hostile bytes can raise is caught here by type, and turned into a reason code that people can act on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pyarrow as pa
from pydantic import ValidationError

from schemas import envelope, gateway
from schemas.dead_letters import DeadLetter
from schemas.envelope import Event, UnknownTypeError
from schemas.streams import Stream
from stream_processors.records import Record

T = TypeVar("T")


def letter(record: Record, reason: str, detail: str) -> DeadLetter:
    """The record as a dead letter."""
    return DeadLetter(
        origin=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        detail=detail,
        key=record.key,
        value=record.value,
        headers=record.headers,
    )


def event(stream: Stream, record: Record) -> Event | DeadLetter:
    """The event in a record of a stream of events."""

    def read() -> Event:
        found = envelope.from_kafka(record.value, record.headers)
        if found.type not in stream.contracts:
            expected = ", ".join(sorted(stream.contracts))
            raise UnknownTypeError(f"{found.type} does not belong on {stream.topic}: expected one of {expected}")
        return found

    return _guarded(record, read)


def batch(record: Record) -> pa.Table | DeadLetter:
    """The rows of a gateway batch."""
    headers = dict(record.headers)
    content_type = headers.get("content-type", b"").decode(errors="replace")
    return _guarded(record, lambda: gateway.decode(record.value, content_type))


def _guarded(record: Record, read: Callable[[], T]) -> T | DeadLetter:
    try:
        return read()
    except (ValueError, RecursionError, OverflowError, pa.ArrowException) as error:
        return letter(record, *_reason(error))


def _reason(error: Exception) -> tuple[str, str]:
    """Reason code, and what was expected and what came."""
    message = str(error)
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "value"
        message = f"{where}: {first['msg']}, got {str(first.get('input'))[:200]!r}"
        reason = "not_json" if first["type"] == "json_invalid" else "contract_violation"
    elif isinstance(error, UnicodeDecodeError):
        message = f"expected UTF-8, got {error.object[error.start : error.start + 8]!r}"
        reason = "not_utf8"
    else:
        by_type = {UnknownTypeError: "unknown_type", gateway.BatchError: "not_a_batch", RecursionError: "too_deep"}
        reason = by_type.get(type(error), "unreadable")
    return ("time_out_of_range" if "time_out_of_range" in message else reason), message


def split(found: Iterable[T | DeadLetter]) -> tuple[list[T], list[DeadLetter]]:
    """What could be read, and what could not."""
    good: list[T] = []
    bad: list[DeadLetter] = []
    for one in found:
        if isinstance(one, DeadLetter):
            bad.append(one)
        else:
            good.append(one)
    return good, bad
