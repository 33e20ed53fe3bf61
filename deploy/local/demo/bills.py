"""The company's cloud bills as FOCUS exports: last month closed, this one to date, each platform service on its own.

Most charges carry a `service` tag; the shared cluster's namespaces are known to the catalog; support, tax and a
credit belong to nobody, and a commitment is not used up. Pure: the same year gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.local.demo.organisation import PLATFORM, SERVICES
from deploy.local.demo.year import Year, dice

ACCOUNT = "100200300"
CLUSTER = "main-cluster"
_CLOSED_AFTER = 5
"""Day of the following month on which the provider closes a bill."""

Row = dict[str, str]


@dataclass(frozen=True)
class Bill:
    """One export of a month.

    Attributes:
        name: of its file.
        text: FOCUS CSV.
        exported_at: day it was made.
        is_closed: the month will not change any more.
    """

    name: str
    text: str
    exported_at: str
    is_closed: bool

    @property
    def options(self) -> tuple[str, ...]:
        """What `adoption costs import` is told of it."""
        return ("--exported-at", self.exported_at, "--closed" if self.is_closed else "--open")


def bills(seed: int, year: Year) -> Iterator[Bill]:
    """The last whole month and the running one, earliest first."""
    today = year.end.date()
    first = today.replace(day=1)
    for month in ((first - timedelta(days=1)).replace(day=1), first):
        following = (month + timedelta(days=31)).replace(day=1)
        rows = list(_month(dice(seed, "bill", month), month, following, today))
        is_closed = today >= following + timedelta(days=_CLOSED_AFTER)
        if rows:
            yield Bill(f"bills/{month:%Y-%m}.csv", _csv(rows), year.end.isoformat(), is_closed)


def namespaces() -> Iterator[Row]:
    """Which namespace of the shared cluster is whose, as rows of the catalog's CSV."""
    for service in SERVICES:
        yield {"kind": "resource", "resource": f"{CLUSTER}/{service.name}", "service": service.name}


def _month(rnd: Random, month: date, following: date, today: date) -> Iterator[Row]:
    prices = {capability.service.name: rnd.uniform(4, 30) for capability in PLATFORM}
    day = month
    while day < min(following, today):
        for service, price in prices.items():
            yield _charge(month, following, day, price * rnd.uniform(0.9, 1.1), "Usage", service=service)
        for busy in rnd.sample(SERVICES, 6):
            resource = f"{CLUSTER}/{busy.name}/deployment/{busy.name}"
            yield _charge(month, following, day, rnd.uniform(0.5, 4), "Usage", resource=resource)
        yield _charge(month, following, day, rnd.uniform(0.1, 2), "Usage", resource="commitment-1", status="Unused")
        day += timedelta(days=1)
    if following <= today:
        days = (following - month).days
        yield _charge(month, following, month, 120, "Usage", product="Support", days=days)
        yield _charge(month, following, month, -45, "Credit", product="Credit", days=days)
        yield _charge(month, following, month, 88.2, "Tax", product="VAT", days=days)


def _charge(
    month: date,
    following: date,
    day: date,
    cost: float,
    category: str,
    *,
    service: str = "",
    resource: str = "",
    product: str = "Compute",
    status: str = "",
    days: int = 1,
) -> Row:
    return {
        "BillingAccountId": ACCOUNT,
        "BillingCurrency": "EUR",
        "BillingPeriodStart": f"{month}T00:00:00Z",
        "BillingPeriodEnd": f"{following}T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=days)}T00:00:00Z",
        "ChargeCategory": category,
        "BilledCost": f"{cost:.6f}",
        "EffectiveCost": f"{cost:.6f}",
        "ProviderName": "Cloud",
        "ServiceName": product,
        "ResourceId": resource,
        "CommitmentDiscountStatus": status,
        "Tags": json.dumps({"service": service} if service else {}),
    }


def _csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
