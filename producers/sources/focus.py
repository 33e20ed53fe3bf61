"""FOCUS bills (1.0 to 1.2, the columns that AWS, Azure, Google Cloud and SaaS providers export) to charges. Pure.

`EffectiveCost` counts: commitments amortised, credits and refunds negative, a purchase that is amortised 0. Columns are
found by name in any case, unknown ones are ignored, `null` is nothing said. Times are UTC; `4/1/25`,
month first as in the specification's examples, is read too. A row that cannot be read refuses the bill: a bill counts
whole, and one with a hole is wrong by an unknown amount.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, get_args

from producers.sources.bills import Charge, Reading, Scope, money, tagged
from producers.sources.common import Rejected, listed
from producers.sources.money import amount
from producers.sources.redact import LONGEST_RESOURCE, dimension
from producers.sources.times import day_or_iso
from schemas.costs import Category

REQUIRED: Final = (
    "billingperiodstart",
    "billingperiodend",
    "chargeperiodstart",
    "chargeperiodend",
    "chargecategory",
    "effectivecost",
)
CATEGORIES: Final = frozenset(get_args(Category))

_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})", re.ASCII)
_DAY_OR_ZONED = re.compile(r"\d{4}-\d\d-\d\d|.*(?:Z|z|UTC|[+-]\d\d:?\d\d)", re.ASCII)
_TEXTS: Final = {"provider": "providername", "product": "servicename", "sub_account": "subaccountid", "sku": "skuid"}

Row = Mapping[str, Any]


def charges(rows: Iterable[tuple[str, Row]], reading: Reading) -> list[Charge]:
    """The charges of a bill.

    Args:
        rows: (where it stands, cells by column name in lower case), as `producers.costs.files` reads them.
        reading: what the bill may not say itself.

    Raises:
        Rejected: `malformed_bill` with the first ten mistakes; nothing of the bill is taken then.
    """
    found: list[Charge] = []
    mistakes: list[str] = []
    for where, row in rows:
        try:
            found.append(_charge(row, reading))
        except Rejected as mistake:
            mistakes.append(f"{where}: {mistake.detail}")
    if mistakes:
        raise Rejected("malformed_bill", listed(mistakes))
    return found


def columns(names: Iterable[str]) -> list[str]:
    """The header in lower case.

    Raises:
        Rejected: `not_focus`: a column that every bill has is not there.
    """
    header = [name.strip().lstrip("\ufeff").lower() for name in names]
    if missing := [name for name in REQUIRED if name not in header]:
        raise Rejected("not_focus", f"expected the columns of FOCUS 1.0 to 1.2, lacks {', '.join(missing)}")
    return header


def _charge(row: Row, reading: Reading) -> Charge:
    start, end = _time(row, "chargeperiodstart"), _time(row, "chargeperiodend")
    if end < start:
        raise Rejected(
            "malformed_time", f"expected chargeperiodend not before {start.isoformat()}, got {end.isoformat()}"
        )
    category = str(_said(row, "chargecategory")).lower()
    if category not in CATEGORIES:
        raise Rejected("unknown_category", f"expected chargecategory of {sorted(CATEGORIES)}, got {category[:40]!r}")
    billed = row.get("billedcost")
    amounts = money(
        reading,
        _text(row, "billingcurrency"),
        start,
        amount(_said(row, "effectivecost"), "effectivecost"),
        None if _is_nothing(billed) else amount(billed, "billedcost"),
    )
    texts = {field: text for field, name in _TEXTS.items() if (text := _text(row, name))}
    if resource := _text(row, "resourceid", LONGEST_RESOURCE):
        texts["resource"] = resource
    fields = {
        "charge_start": start,
        "charge_end": end,
        "category": category,
        **amounts,
        **texts,
        **tagged(_tags(row.get("tags")), reading.tags),
    }
    if str(row.get("commitmentdiscountstatus") or "").strip().lower() == "unused":
        fields["is_idle"] = True
    return Charge(_scope(row, reading), fields, is_invoiced=_text(row, "invoiceid") is not None)


def _scope(row: Row, reading: Reading) -> Scope:
    account = _text(row, "billingaccountid") or reading.account
    if account is None:
        raise Rejected("no_account", "expected billingaccountid, got none: give --account")
    start, end = _time(row, "billingperiodstart"), _time(row, "billingperiodend")
    if end <= start:
        raise Rejected("malformed_time", f"expected billingperiodend after {start.isoformat()}, got {end.isoformat()}")
    return Scope(account, start, end)


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in {"", "null"})


def _said(row: Row, name: str) -> Any:
    value = row.get(name)
    if _is_nothing(value):
        raise Rejected("missing", f"expected {name}, got nothing")
    return value


def _text(row: Row, name: str, longest: int = 200) -> str | None:
    value = row.get(name)
    return None if _is_nothing(value) else dimension(str(value), longest) or None


def _time(row: Row, name: str) -> datetime:
    value = _said(row, name)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = str(value).strip()
    if american := _AMERICAN.fullmatch(text):
        month, day, year = map(int, american.groups())
        text = f"{year + 2000 if year < 100 else year:04}-{month:02}-{day:02}"  # noqa: PLR2004 - a two-digit year
    return day_or_iso(text if _DAY_OR_ZONED.fullmatch(text) else f"{text}Z", name)


def _tags(value: Any) -> dict[str, Any]:
    """Tags as a bill has them: JSON text, a map (Parquet: a list of pairs), or Google's list of {key, value}."""
    if isinstance(value, str):
        if _is_nothing(value):
            return {}
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Rejected("malformed_tags", "expected tags as a JSON object, got no JSON") from None
    return _shaped(value)


def _shaped(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return dict(pair for one in value if (pair := _pair(one)) is not None)
    raise Rejected("malformed_tags", f"expected tags as a JSON object, got {type(value).__name__}")


def _pair(one: Any) -> tuple[str, Any] | None:
    if isinstance(one, dict):
        key = one.get("key")
        return (key, one.get("value")) if isinstance(key, str) else None
    is_pair = isinstance(one, list | tuple) and len(one) == 2  # noqa: PLR2004 - key and value
    return (one[0], one[1]) if is_pair and isinstance(one[0], str) else None
