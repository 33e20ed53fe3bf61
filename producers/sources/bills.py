"""What the mappers of bills share: charges become the lines of exports, with ids that a redelivery gives again.

A bill has no row ids. A line is known by its export and its content, equal lines by a number; an export by its lines,
in whatever order they stand. So the same file again is the same events, a corrected file is another export, and which
of two exports of an account and period counts is said by when they were made (`schemas/costs.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from producers.sources.common import Rejected, contract
from producers.sources.money import Rates, written
from producers.sources.redact import dimension
from schemas.base import event_id
from schemas.costs import Cost, CostExport
from schemas.envelope import Event

REVISION = 1
"""Of the bills' mappers; raise it when the same bill would give other charges."""

_LONGEST_SUBJECT = 500
_CURRENCY = re.compile(r"[A-Z]{3}")
_USER = re.compile(r"^user[:_]")
_SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Reading:
    """How a bill is read, where it does not say it itself.

    Attributes:
        tags: keys of tags and labels that name a service; the first that a charge has counts.
        account: billing account of charges that name none.
        currency: currency of charges that name none.
        rates: what every amount is converted with; None: amounts stay, and one import has one currency.
    """

    tags: tuple[str, ...] = ("service",)
    account: str | None = None
    currency: str | None = None
    rates: Rates | None = None


class Scope(NamedTuple):
    """What an export is of, and replaces."""

    account: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Charge:
    """One line of a bill.

    Attributes:
        scope: export that it belongs to.
        fields: of `schemas.costs.Cost`, without the export's.
        is_invoiced: the provider has put it on an invoice.
    """

    scope: Scope
    fields: dict[str, Any]
    is_invoiced: bool = False


@dataclass(frozen=True)
class Closing:
    """When an export was made, and what it says about the end of its period.

    Attributes:
        exported_at: of two exports the later counts.
        is_closed: the provider has closed the period; None: when all charges are invoiced.
        final_days: days after the period's end when it is taken as closed.
    """

    exported_at: datetime
    is_closed: bool | None = None
    final_days: int = 10


def tagged(tags: Mapping[str, Any], keys: Sequence[str]) -> dict[str, str]:
    """`service` and `service_tag` that tags give; empty when none of the keys is there.

    Keys are compared without case and punctuation, as exporters change both (`app.kubernetes.io/name` is
    `app_kubernetes_io_name`), and without the prefix that AWS puts before a user's own tags.
    """
    known = {_plain(key): (key, value) for key, value in tags.items()}
    for wanted in keys:
        key, value = known.get(_plain(wanted), ("", None))
        if isinstance(value, str) and (service := dimension(value)):
            return {"service": service, "service_tag": dimension(key)}
    return {}


def _plain(key: str) -> str:
    return _SEPARATORS.sub("_", _USER.sub("", key.strip().lower())).strip("_")


def money(reading: Reading, currency: str | None, at: datetime, effective: Decimal, billed: Decimal | None) -> Any:
    """The fields of a charge that are money, converted where a rate table says so.

    Raises:
        Rejected: `no_currency`, `malformed_currency`, `no_rate`.
    """
    currency = (currency or reading.currency or "").strip().upper()
    if not currency:
        raise Rejected("no_currency", "expected a billing currency, got none: give --currency")
    if not _CURRENCY.fullmatch(currency):
        raise Rejected("malformed_currency", f"expected a currency like EUR, got {currency[:20]!r}")
    found: dict[str, Any] = {"currency": currency}
    rates = reading.rates
    if rates is not None and currency != rates.into:
        rate = rates.rate(currency, at)
        effective = rates.converted(effective, rate, "effective cost")
        billed = None if billed is None else rates.converted(billed, rate, "billed cost")
        found = {"currency": rates.into, "converted_from": currency, "rate": written(rate)}
    return found | {"effective_cost": written(effective)} | ({} if billed is None else {"billed_cost": written(billed)})


def exports(charges: Iterable[Charge], source: str, closing: Closing) -> list[Event]:
    """The events of an import: all lines, then one `CostExport` per account and period.

    Args:
        charges: of all files of the import.
        source: CloudEvents source; accounts and periods are told apart within it.
        closing: when the export was made.

    Raises:
        Rejected: `several_currencies`, `overlapping_periods`, or what the contracts refuse.
    """
    scopes: dict[Scope, list[Charge]] = {}
    for charge in charges:
        scopes.setdefault(charge.scope, []).append(charge)
    _check_currencies(scopes)
    _check_periods(scopes)
    lines: list[Event] = []
    made: list[Event] = []
    for scope, found in sorted(scopes.items()):
        digests = [_digest(charge.fields) for charge in found]
        period = (scope.start.isoformat(), scope.end.isoformat())
        export = event_id("cost-export", source, scope.account, *period, *sorted(digests))
        seen: Counter[str] = Counter()
        for charge, digest in zip(found, digests, strict=True):
            lines.append(_line(charge, source, export, event_id("cost", export, digest, seen[digest])))
            seen[digest] += 1
        made.append(_export(scope, found, source, export, closing))
    return lines + made


def _digest(fields: Mapping[str, Any]) -> str:
    text = json.dumps(fields, sort_keys=True, default=datetime.isoformat)
    return hashlib.sha256(text.encode()).hexdigest()


def _line(charge: Charge, source: str, export: str, identity: str) -> Event:
    scope, fields = charge.scope, charge.fields
    return contract(
        lambda: Event(
            id=identity,
            source=source,
            time=fields["charge_start"],
            subject=(fields.get("resource") or scope.account)[:_LONGEST_SUBJECT],
            mapperrevision=REVISION,
            data=Cost(export=export, account=scope.account, period_start=scope.start, period_end=scope.end, **fields),
        )
    )


def _export(scope: Scope, found: Sequence[Charge], source: str, export: str, closing: Closing) -> Event:
    is_closed = all(charge.is_invoiced for charge in found) if closing.is_closed is None else closing.is_closed
    final_from = scope.end + timedelta(days=closing.final_days)
    return contract(
        lambda: Event(
            id=event_id("cost-export", export, closing.exported_at.isoformat(), str(is_closed), final_from.isoformat()),
            source=source,
            time=closing.exported_at,
            subject=scope.account,
            mapperrevision=REVISION,
            data=CostExport(
                export=export,
                account=scope.account,
                period_start=scope.start,
                period_end=scope.end,
                exported_at=closing.exported_at,
                lines=len(found),
                is_closed=is_closed,
                final_from=final_from,
            ),
        )
    )


def _check_currencies(scopes: Mapping[Scope, Sequence[Charge]]) -> None:
    found = sorted({charge.fields["currency"] for charges in scopes.values() for charge in charges})
    if len(found) > 1:
        raise Rejected(
            "several_currencies",
            f"expected one billing currency in an import, got {', '.join(found)}: give --rates FILE --into CURRENCY",
        )


def _check_periods(scopes: Iterable[Scope]) -> None:
    ordered = sorted(scopes)
    for one, other in pairwise(ordered):
        if one.account == other.account and other.start < one.end:
            raise Rejected(
                "overlapping_periods",
                f"expected periods of account {one.account} side by side, got {one.start:%Y-%m-%d}..{one.end:%Y-%m-%d} "
                f"and {other.start:%Y-%m-%d}..{other.end:%Y-%m-%d}: a charge of both would count twice",
            )
