"""Instants out of vendors' payloads: ISO 8601 and Apache's form with a zone, epochs in seconds or milliseconds.

Used by every mapper. What cannot be read is a `Rejected`; a time without a zone is not guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from producers.sources.common import Rejected
from schemas.base import EARLIEST, LATEST

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?\s?(Z|z|UTC|([+-])(\d\d):?(\d\d))?", re.ASCII
)
_CLF = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOW, _HIGH = (int((at - _EPOCH).total_seconds()) * 1_000_000 for at in (EARLIEST, LATEST))


def iso(text: str, field: str) -> datetime:
    """The moment an ISO 8601 text names, in UTC; fractions are cut to microseconds.

    Raises:
        Rejected: `malformed_time` (no such form, no such day), `time_without_zone`.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise Rejected("malformed_time", f"expected {field} like 2024-05-01T10:00:00Z, got {text[:40]!r}")
    year, month, day, hour, minute, second, fraction, zone, sign, ahead, rest = match.groups()
    if zone is None:
        raise Rejected("time_without_zone", f"expected {field} with a zone (Z or +02:00), got {text[:40]!r}")
    offset = timedelta(hours=int(ahead), minutes=int(rest)) if sign else timedelta(0)
    micros = int((fraction or "")[:6].ljust(6, "0"))
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micros)  # noqa: DTZ001
        return local.replace(tzinfo=timezone(-offset if sign == "-" else offset)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Rejected("malformed_time", f"expected {field} to be a day that exists, got {text[:40]!r}") from error


def day_or_iso(text: str, field: str) -> datetime:
    """As `iso`; a bare day (`2024-05-01`) is its beginning in UTC: people write days in catalogs."""
    return iso(f"{text.strip()}T00:00:00Z" if _DAY.fullmatch(text.strip()) else text, field)


def clf(text: str, field: str) -> datetime:
    """The moment that Apache's common log format names: `10/Oct/2024:13:55:36 +0000`. Raises as `iso`."""
    match = _CLF.fullmatch(text.strip().strip("[]"))
    if match is None or match[2] not in _MONTHS:
        raise Rejected("malformed_time", f"expected {field} like 10/Oct/2024:13:55:36 +0000, got {text[:40]!r}")
    day, month, year, clock, zone = match.groups()
    return iso(f"{year}-{_MONTHS.index(month) + 1:02}-{day}T{clock}{zone}", field)


def epoch(seconds: float, field: str) -> datetime:
    """The moment an epoch in seconds names; floats keep their microseconds.

    Raises:
        Rejected: `time_out_of_range`.
    """
    return epoch_us(round(seconds * 1_000_000) if abs(seconds) < 1e14 else 2**62, field)  # noqa: PLR2004


def epoch_ms(milliseconds: float, field: str) -> datetime:
    """The moment an epoch in milliseconds names, as `epoch`."""
    return epoch(milliseconds / 1000, field)


def epoch_of_any_unit(count: int, field: str) -> datetime:
    """The moment an epoch names whose unit its size tells: seconds, milli-, micro- or nanoseconds; as `epoch`.

    Within 2000-2100 no number can mean two of them.
    """
    for per_second in (1, 1_000, 1_000_000, 1_000_000_000):
        micros = count * 1_000_000 // per_second
        if _LOW <= micros < _HIGH:
            return epoch_us(micros, field)
    return epoch_us(count, field)


def epoch_us(microseconds: int, field: str) -> datetime:
    """The moment an epoch in microseconds names, as `epoch`."""
    if not _LOW <= microseconds < _HIGH:
        raise Rejected(
            "time_out_of_range",
            f"expected {field} within {EARLIEST:%Y}..{LATEST:%Y} (is its unit right?), got {microseconds} us",
        )
    return _EPOCH + timedelta(microseconds=microseconds)


def stamp(at: datetime) -> str:
    """A moment as most vendors write it, `2024-05-01T10:00:00Z`: for ids that hold one."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def known(at: datetime) -> datetime | None:
    """The moment itself, or None outside 2000-2100: zero dates and epochs of 0 mean "unknown" at their senders."""
    return at if EARLIEST <= at < LATEST else None
