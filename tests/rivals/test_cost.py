"""Rivals' costs: bills that are read twice, lines that look alike, commitments, days of another clock."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tests.rivals.story import Story
from tests.rivals.telling import Telling, rival
from tests.rivals.views import Views
from tests.support.bills import bill, charge

MAY = "2026-05"
FIRST = ("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z")


def line(story: str, cost: str, start: str = FIRST[0], end: str = FIRST[1], **cells: Any) -> dict[str, Any]:
    """A charge of the story's own account and service."""
    return charge(cost, start, end, period=MAY, account=story, tags={"service": story}, **cells)


def cost(views: Views, story: str) -> Decimal:
    """What the story's service cost, all days."""
    ((total,),) = views.rows("SELECT sum(cost) FROM costs_daily WHERE service = {service:String}", service=story)
    return Decimal(total)


@rival(
    "https://github.com/project-koku/koku/issues/1180",
    "https://github.com/microsoft/AzureUsageAndBillingPortal/issues/39",
)
def test_an_export_that_grows_every_day_is_added_to_itself() -> Telling:
    """The provider exports the month to date, every day: 10, then 10 and 20, then a correction: 9 and 20. It is 29.

    A loader that appends what it finds has 69, and more the longer the month lasts.
    """
    story = Story("cost-to-date")
    second = line("cost-to-date", "20", "2026-05-02T00:00:00Z", "2026-05-03T00:00:00Z")
    exports = [[line("cost-to-date", "10")], [line("cost-to-date", "10"), second], [line("cost-to-date", "9"), second]]
    for day, rows in enumerate(exports, 2):
        story.events += bill(rows, f"2026-05-{day:02}")
    ours = yield story

    assert cost(ours, "cost-to-date") == 29
    assert sum(int(row["effectivecost"]) for rows in exports for row in rows) == 69


@rival(
    "https://github.com/MicrosoftDocs/azure-docs/issues/101510",
    "https://github.com/Azure/azure-sdk-for-js/issues/15225",
)
def test_lines_that_look_alike_are_taken_for_one() -> Telling:
    """Two machines of one kind, the same hour, the same price, no id: 2 x 4. Keyed by what a line says, it is 4."""
    story = Story("cost-alike")
    rows = [line("cost-alike", "4", skuid="vm"), line("cost-alike", "4", skuid="vm")]
    story.events += bill(rows, "2026-06-01")
    ours = yield story

    assert cost(ours, "cost-alike") == 8
    by_key = {(row["billingaccountid"], row["chargeperiodstart"], row["skuid"]): row["effectivecost"] for row in rows}
    assert sum(map(int, by_key.values())) == 4


@rival(
    "https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec/issues/810",
    "https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec/pull/780",
)
def test_a_commitment_costs_on_the_day_it_is_bought() -> Telling:
    """A year is bought on 1 May for 365, and 1 a day of it is used. Two days of use cost 2, of which 1 was on the 1st.

    By what is invoiced, 1 May costs 365 and no other day anything; both added up, the year is paid twice.
    """
    story = Story("cost-year")
    bought = line("cost-year", "0", FIRST[0], "2027-05-01T00:00:00Z", category="Purchase", billedcost="365")
    used = [
        line("cost-year", "1", f"2026-05-0{day}T00:00:00Z", f"2026-05-0{day + 1}T00:00:00Z", billedcost="0")
        for day in (1, 2)
    ]
    story.events += bill([bought, *used], "2026-06-01")
    ours = yield story

    days = ours.rows(
        "SELECT toString(day), cost FROM costs_daily WHERE service = 'cost-year' AND cost != 0 ORDER BY day"
    )
    assert days == [("2026-05-01", 1), ("2026-05-02", 1)]
    assert sum(int(row["billedcost"]) for row in [bought, *used]) == 365


@rival(
    "https://github.com/BerriAI/litellm/issues/29568",
    "https://github.com/ManageIQ/manageiq/pull/17606",
    zone="Australia/Sydney",
)
def test_a_day_here_is_two_days_of_the_bill() -> Telling:
    """The bill has 24 on 1 May and 24 on 2 May, UTC; in Sydney that is 14, 24 and 10 on three days, 48 in all.

    Asked day by day, whoever adds up the bill's days that a day here touches has 24, 48 and 24: twice the bill.
    """
    story = Story("cost-days")
    midnights = [f"2026-05-0{day}T00:00:00Z" for day in (1, 2, 3)]
    rows = [line("cost-days", "24", start, end) for start, end in pairwise(midnights)]
    story.events += bill(rows, "2026-06-02")
    ours = yield story

    days = ours.rows("SELECT toString(day), cost FROM costs_daily WHERE service = 'cost-days' ORDER BY day")
    assert days == [("2026-05-01", 14), ("2026-05-02", 24), ("2026-05-03", 10)]

    sydney = ZoneInfo("Australia/Sydney")
    touched: Counter[date] = Counter()
    for row in rows:
        start = datetime.fromisoformat(row["chargeperiodstart"])
        for here in {(start + timedelta(hours=hour)).astimezone(sydney).date() for hour in range(24)}:
            touched[here] += int(row["effectivecost"])
    assert sorted(touched.values()) == [24, 24, 48]


@rival("https://github.com/opencost/opencost/pull/883")
def test_a_service_without_traffic_makes_a_part_of_the_bill_vanish() -> Telling:
    """6 on a day with 3 requests, 4 on a day with none, 2 of nobody: the bill is 12, and a request costs 2.

    An inner join of costs and requests explains 6 of the 12; all 12 ÷ 3 requests makes a request cost 4.
    """
    story = Story("cost-quiet")
    for minute in range(3):
        story.calls(f"2026-05-01 10:0{minute}", "a", service="cost-quiet")
    nobody = charge("2", *FIRST, period=MAY, account="cost-quiet")
    rows = [line("cost-quiet", "6"), line("cost-quiet", "4", "2026-05-02T00:00:00Z", "2026-05-03T00:00:00Z"), nobody]
    story.events += bill(rows, "2026-06-01")
    ours = yield story

    ((value, without),) = ours.rows(
        "SELECT value, cost_without_transactions FROM cost_per_transaction_monthly WHERE service = 'cost-quiet'"
    )
    assert (value, without) == (2.0, 4)
    parts = ours.rows(
        "SELECT billed, per_transaction, without_transactions, unallocated, difference FROM cost_reconciliation "
        "WHERE account = 'cost-quiet'"
    )
    assert parts == [(12, 6, 4, 2, 0)]

    joined = sum(
        int(row["effectivecost"]) for row in rows if row["chargeperiodstart"] == FIRST[0] and row is not nobody
    )
    assert (joined, sum(int(row["effectivecost"]) for row in rows) / 3) == (6, 4.0)
