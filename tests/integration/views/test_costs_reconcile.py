"""Random bills in random zones: every day is what the clock on the wall makes of it, and the sum is the bill.

The expected days are made here from the standard library's clocks and fractions, without product code.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.views.warehouse_rows import Warehouse
from tests.support.bills import bill, charge, table

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
STEP = Fraction(1, 10**18)
ZONES = {"utc": "UTC", "berlin": "Europe/Berlin", "new_york": "America/New_York"}
SERVICES = ("pay", "cart", "", "idle")

# Around both changes of the clock in Berlin (29 March) and New York (8 March), and over the turn of a year.
_EDGES = ("2026-03-08T00:00", "2026-03-29T00:00", "2026-03-29T01:00", "2026-03-28T23:00")
FIRST = datetime(2025, 12, 30, tzinfo=UTC)
starts = st.integers(0, 140 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds)) | st.sampled_from(
    [datetime.fromisoformat(f"{edge}+00:00") for edge in _EDGES]
)
lengths = st.sampled_from([0, 1, 3600, 86_400, 30 * 86_400, 100 * 86_400]) | st.integers(0, 10**7)
amounts = st.decimals(-1_000, 1_000, places=10) | st.sampled_from([Decimal("0.01"), Decimal("1e-18"), Decimal(0)])
charges = st.lists(st.tuples(amounts, starts, lengths, st.sampled_from(SERVICES)), min_size=1, max_size=30)
traffic = st.sets(st.tuples(st.sampled_from(SERVICES[:2]), st.integers(0, 140)), max_size=5)

Drawn = list[tuple[Decimal, datetime, int, str]]


def rows(drawn: Drawn) -> list[dict[str, Any]]:
    return [
        charge(
            f"{cost:f}",
            start.isoformat(),
            (start + timedelta(seconds=seconds)).isoformat(),
            period="2026-01",
            account=f"account-{number % 2}",
            tags={"service": service} if service in SERVICES[:2] else {},
            commitmentdiscountstatus="Unused" if service == "idle" else None,
        )
        for number, (cost, start, seconds, service) in enumerate(drawn)
    ]


def by_the_clock(drawn: Drawn, zone: str) -> dict[tuple[str, date], Fraction]:
    """(service, local day) → cost, as fractions; days after now left out."""
    found: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
    local = ZoneInfo(zone)
    for cost, start, seconds, service in drawn:
        end = start + timedelta(seconds=seconds)
        day = start.astimezone(local).date()
        if not seconds:
            found[service, day] += Fraction(cost)
        while seconds and (opens := midnight(day, local)) < end:
            within = min(end, midnight(day + timedelta(days=1), local)) - max(start, opens)
            found[service, day] += Fraction(cost) * (within // timedelta(microseconds=1)) / (seconds * 10**6)
            day += timedelta(days=1)
    return {key: cost for key, cost in found.items() if key[1] <= NOW.astimezone(local).date()}


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


@pytest.mark.parametrize("name", ZONES)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=charges, requests=traffic)
def test_a_random_bill_comes_out_day_by_day_and_to_the_cent(
    request: pytest.FixtureRequest, name: str, drawn: Drawn, requests: set[tuple[str, int]]
) -> None:
    warehouse: Warehouse = request.getfixturevalue(name)
    warehouse.empty()
    warehouse.now(NOW.strftime("%Y-%m-%d %H:%M"))
    for service, number in requests:
        noon = FIRST + timedelta(days=number, hours=12)
        warehouse.traffic(service, noon.strftime("%Y-%m-%d %H:%M"), {"requests": 1 + number % 7})
    warehouse.client.insert_arrow("cost_events", table(bill(rows(drawn), f"{NOW:%Y-%m-%d}")))

    daily = {
        (row["service"] or ("idle" if row["allocation"] == "idle" else ""), row["day"]): Fraction(row["cost"])
        for row in warehouse.rows("SELECT service, allocation, day, cost FROM costs_daily")
    }
    expected = by_the_clock(drawn, ZONES[name])
    assert daily.keys() == expected.keys()
    assert all(abs(daily[key] - cost) < len(drawn) * STEP for key, cost in expected.items())

    reconciled = warehouse.rows("SELECT * FROM cost_reconciliation")
    assert sum(row["billed"] for row in reconciled) == sum(cost for cost, *_ in drawn)
    assert {row["difference"] for row in reconciled} == {Decimal(0)}
    each = warehouse.rows(
        "SELECT value, denominator FROM cost_per_transaction(from='2025-12-01', to='2026-06-01', grain='day')"
    )
    counted = sum(row["value"] * row["denominator"] for row in each if row["value"] is not None)
    cents = Decimal("0.01")
    stated = sum(row["per_transaction"] for row in reconciled)
    assert Decimal(counted).quantize(cents) == Decimal(stated).quantize(cents)
