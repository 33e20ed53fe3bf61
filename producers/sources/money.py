"""Amounts of money as bills write them, to exact decimals. No binary fraction on the way, nothing rounded silently.

Used by the mappers of bills. What is not clearly a number is a `Rejected`: `1,234` may be a thousand or one and a bit.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from producers.sources.common import Rejected
from schemas.costs import MONEY_DIGITS

_NUMBER = re.compile(r"([-+]?)(\$?)([-+]?)(\d{1,3}(?:,\d{3})+|\d*)(\.\d*)?(?:[eE]([-+]?\d{1,2}))?", re.ASCII)
_WIDE = Context(prec=120, rounding=ROUND_HALF_EVEN)
_STEP = Decimal(1).scaleb(-MONEY_DIGITS)
_MOST = Decimal(10) ** 20


def amount(value: Any, field: str) -> Decimal:
    """The amount that a cell of a bill holds: text, a number, a decimal.

    Raises:
        Rejected: `malformed_amount`, `amount_out_of_range`.
    """
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(value))  # the shortest decimal that is this binary fraction, as its writer meant it
    else:
        number = _read(str(value).strip(), field)
    if not number.is_finite():
        raise Rejected("malformed_amount", f"expected {field} to be a number, got {number}")
    return exact(number, field)


def exact(number: Decimal, field: str) -> Decimal:
    """The number with at most 18 decimals: half-even beyond them, a millionth of a millionth of a millionth.

    Raises:
        Rejected: `amount_out_of_range`: more than 20 digits before the point.
    """
    if abs(number) >= _MOST:
        raise Rejected("amount_out_of_range", f"expected {field} below 1e20, got {number:.3e}")
    return number.quantize(_STEP, context=_WIDE)


def written(number: Decimal) -> str:
    """The number as contracts carry it: no exponent, no zeros at its end, no minus before a zero."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _read(text: str, field: str) -> Decimal:
    match = _NUMBER.fullmatch(text)
    if match is not None:
        before, dollar, after, whole, fraction, exponent = match.groups()
        is_grouped = "," in whole
        has_digits = whole.replace(",", "") or (fraction or "").strip(".")
        if has_digits and not (before and after) and (not is_grouped or dollar or fraction):
            digits = f"{before or after}{whole.replace(',', '') or 0}{fraction or ''}"
            return Decimal(f"{digits}e{exponent or 0}")
    raise Rejected("malformed_amount", f"expected {field} to be a number like -12.5 or 1.2e-7, got {text[:40]!r}")


@dataclass(frozen=True)
class Rates:
    """What a unit of each currency is worth in one of them, from when.

    Attributes:
        into: currency that everything becomes.
        table: currency → (first instant, rate) in order; the first rate holds back to the beginning.
    """

    into: str
    table: Mapping[str, Sequence[tuple[datetime, Decimal]]]

    def rate(self, currency: str, at: datetime) -> Decimal:
        """Units of `into` for one of `currency`, at an instant.

        Raises:
            Rejected: `no_rate`.
        """
        if currency == self.into:
            return Decimal(1)
        dated = self.table.get(currency)
        if not dated:
            known = ", ".join(sorted(self.table)) or "none"
            raise Rejected("no_rate", f"expected a rate of {currency} to {self.into} in the rate table, got {known}")
        position = bisect_right(dated, at, key=lambda one: one[0])
        return dated[max(position - 1, 0)][1]

    def converted(self, number: Decimal, rate: Decimal, field: str) -> Decimal:
        """The amount in `into`, to 18 decimals."""
        return exact(_WIDE.multiply(number, rate), field)
