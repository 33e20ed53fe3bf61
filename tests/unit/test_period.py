"""Periods as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from reports.period import days


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-W27", date(2026, 6, 29), date(2026, 7, 6)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 5)),
        ("2026-07", date(2026, 7, 1), date(2026, 8, 1)),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 10, 1)),
        ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        ("2026-07-01", date(2026, 7, 1), date(2026, 7, 2)),
        ("2026-07-01..2026-07-08", date(2026, 7, 1), date(2026, 7, 8)),
    ],
)
def test_a_period_is_its_days(text: str, since: date, until: date) -> None:
    assert days(text) == (since, until)


def test_quarters_begin_with_the_fiscal_year() -> None:
    assert days("2026-Q1", fiscal_start=4) == (date(2026, 4, 1), date(2026, 7, 1))
    assert days("2026-Q4", fiscal_start=4) == (date(2027, 1, 1), date(2027, 4, 1))
    assert days("2026-Q2", fiscal_start=11) == (date(2027, 2, 1), date(2027, 5, 1))


@pytest.mark.parametrize("text", ["", "last week", "2026-W60", "2026-13", "2026-Q5", "2026-02-30", "2026-07-01..x"])
def test_what_is_no_period_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="expected a period such as 2026-W27"):
        days(text)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="second day is after its first"):
        days("2026-07-08..2026-07-01")
