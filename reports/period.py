"""Periods as people write them: `2026-W27`, `2026-07`, `2026-Q3`, `2026-07-01`, `2026-07-01..2026-07-08`."""

from __future__ import annotations

import re
from datetime import date, timedelta

_MONTHS_A_QUARTER, _MONTHS = 3, 12


def days(text: str) -> tuple[date, date]:
    """First day, and first day after it; of a range with `..` the second day is no longer in it.

    Raises:
        ValueError: it is no period; the message says what was expected.
    """
    try:
        if found := re.fullmatch(r"(\d{4})-W(\d{1,2})", text):
            start = date.fromisocalendar(int(found[1]), int(found[2]), 1)
            return start, start + timedelta(days=7)
        if found := re.fullmatch(r"(\d{4})-Q([1-4])", text):
            first = _MONTHS_A_QUARTER * (int(found[2]) - 1) + 1
            return date(int(found[1]), first, 1), _month_after(int(found[1]), first + _MONTHS_A_QUARTER - 1)
        if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
            return date(int(found[1]), int(found[2]), 1), _month_after(int(found[1]), int(found[2]))
        first_day, dots, last = text.partition("..")
        start = date.fromisoformat(first_day)
        end = date.fromisoformat(last) if dots else start + timedelta(days=1)
    except ValueError as error:
        raise ValueError(
            f"expected a period such as 2026-W27, 2026-07, 2026-Q3, 2026-07-01 or 2026-07-01..2026-07-08, got {text!r}"
        ) from error
    if start >= end:
        raise ValueError(f"expected a range whose second day is after its first, got {text!r}")
    return start, end


def _month_after(year: int, month: int) -> date:
    return date(year + month // _MONTHS, month % _MONTHS + 1, 1)
