"""How a column of a report is called and written for people; values themselves are never changed.

Kinds: text, day, instant, count, number, money (to the cent), price (of one thing), ratio (0-1), fine_ratio (with its
nines), seconds, latency, flag, names (a list).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

_REASONS = {
    "no_deployment_observed": "no data",
    "no_commit": "no commits",
    "no_attempt": "no attempts",
    "below_n_min": "n < 5",
    "no_failure": "none failed",
    "no_run": "no runs",
    "no_time": "no times",
    "all_open": "all open",
    "none_churned": "none churned",
    "period_open": "week runs",
    "not_reached": "not reached",
    "no_team": "no teams",
    "no_transaction": "none",
    "too_few_periods": "too early",
    "only_limited": "all limited",
    "no_objective": "no SLO",
}


@dataclass(frozen=True)
class Column:
    """One column of a report.

    Attributes:
        name: of the column in the answer.
        label: for people.
        kind: see the module.
        reason: column that says why the value is NULL; it is not shown by itself.
    """

    name: str
    label: str
    kind: str = "text"
    reason: str = ""


def cell(column: Column, row: dict[str, Any]) -> str:
    """The value as people read it; NULL is its reason, or "no data", never 0."""
    value = row[column.name]
    if value is None:
        reason = row.get(column.reason) or ""
        return _REASONS.get(reason, reason.replace("_", " ") or "no data")
    return _WRITERS[column.kind](value)


def duration(seconds: float) -> str:
    """Seconds as `45 s`, `12.5 min`, `3.2 h` or `8.0 d`."""
    size = abs(seconds)
    if size < _MINUTE:
        return f"{seconds:.0f} s"
    if size < _HOUR:
        return f"{seconds / _MINUTE:.1f} min"
    if size < 2 * _DAY:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _DAY:.1f} d"


def _latency(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _instant(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}"


def _day(value: date) -> str:
    return value.isoformat()


_WRITERS: Final[dict[str, Callable[[Any], str]]] = {
    "text": str,
    "flag": lambda value: "yes" if value else "",
    "day": _day,
    "instant": _instant,
    "count": lambda value: f"{value:,}",
    "money": lambda value: f"{value:,.2f}",
    "price": lambda value: f"{value:,.6f}",
    "number": lambda value: f"{value:.2f}",
    "ratio": lambda value: f"{value:.1%}",
    "fine_ratio": lambda value: f"{value:.3%}",
    "seconds": duration,
    "latency": _latency,
    "names": ", ".join,
}
