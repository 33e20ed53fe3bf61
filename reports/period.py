"""Periods as people write them: `2026-W27`, `2026-07`, `2026-Q3`, `2026-07-01`, `2026-07-01..2026-07-08`."""

from __future__ import annotations

import re
from datetime import date, timedelta

_MONTHS_A_QUARTER, _MONTHS = 3, 12


def days(text: str, fiscal_start: int = 1) -> tuple[date, date]:
    """First day, and first day after it; of a range with `..` the second day is no longer in it.

    `fiscal_start`: month in which the fiscal year begins; 2026-Q1 begins with it, in 2026.

    Raises:
        ValueError: it is no period; the message says what was expected.
    """
    try:
        if found := re.fullmatch(r"(\d{4})-W(\d{1,2})", text):
            start = date.fromisocalendar(int(found[1]), int(found[2]), 1)
            return start, start + timedelta(days=7)
        if found := re.fullmatch(r"(\d{4})-Q([1-4])", text):
            months = int(found[1]) * _MONTHS + fiscal_start - 1 + _MONTHS_A_QUARTER * (int(found[2]) - 1)
            return _month(months), _month(months + _MONTHS_A_QUARTER)
        if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
            start = date(int(found[1]), int(found[2]), 1)
            return start, _month(start.year * _MONTHS + start.month)
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


def _month(months: int) -> date:
    """The first day of a month, counted from the year 0."""
    return date(months // _MONTHS, months % _MONTHS + 1, 1)
