"""FOCUS bills to charges and exports: what a provider writes, and what is refused in words."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.sources import focus
from producers.sources.bills import Reading, tagged
from producers.sources.common import Rejected
from producers.sources.money import Rates, amount, written
from schemas.costs import Cost, CostExport
from schemas.envelope import Event
from tests.support.bills import bill, charge

DAY = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")


def lines(events: list[Event]) -> list[Cost]:
    return [event.data for event in events if isinstance(event.data, Cost)]


def exported(events: list[Event]) -> CostExport:
    (one,) = [event.data for event in events if isinstance(event.data, CostExport)]
    return one


def line(**cells: Any) -> Cost:
    (one,) = lines(bill([charge("1", *DAY) | cells], reading=Reading(account="own", currency="EUR")))
    return one


# amounts


@pytest.mark.parametrize(("cell", "expected"), [
    ("12.3400000000", "12.34"),
    ("-0.00", "0"),
    ("$50,000.00 ", "50000"),
    ("-$1.50", "-1.5"),
    ("$-1.50", "-1.5"),
    (".5", "0.5"),
    ("1.26E-8", "0.0000000126"),
    (Decimal("1E+3"), "1000"),
    (0.1, "0.1"),
    (1e-7, "0.0000001"),
    (-3, "-3"),
    ("0.1234567890123456785", "0.123456789012345678"),
])  # fmt: skip
def test_amounts_are_exact(cell: Any, expected: str) -> None:
    assert line(effectivecost=cell).effective_cost == expected


@pytest.mark.parametrize("cell", ["1,234", "1.234,50", "12 EUR", "NaN", "--1", "$", ".", "1e999", "1e25", float("inf")])
def test_what_is_not_clearly_an_amount_refuses_the_bill(cell: Any) -> None:
    with pytest.raises(Rejected, match="effectivecost"):
        line(effectivecost=cell)


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=18, allow_nan=False, allow_infinity=False))
def test_an_amount_goes_through_text_and_back(number: Decimal) -> None:
    assert Decimal(written(amount(f"{number:f}", "cost"))) == number


# rows


def test_a_row_keeps_what_tells_whose_cost_it_is() -> None:
    cost = line(
        providername="Cloud",
        servicename="Database",
        subaccountid="prod",
        resourceid="arn:db/pay",
        skuid="DB-M",
        billedcost="1.19",
        tags='{"Service": "pay", "team": "payments"}',
    )
    assert (cost.provider, cost.product, cost.sub_account, cost.sku) == ("Cloud", "Database", "prod", "DB-M")
    assert (cost.resource, cost.service, cost.service_tag, cost.billed_cost) == ("arn:db/pay", "pay", "Service", "1.19")
    assert (cost.account, cost.category, cost.currency) == ("4711", "usage", "EUR")


@pytest.mark.parametrize("tags", [
    '{"service": "pay"}',
    {"service": "pay"},
    [("service", "pay")],
    '[{"key": "service", "value": "pay", "inherited": false}]',
    '{"user:service": "pay"}',
    '{"user_Service": "pay"}',
])  # fmt: skip
def test_tags_of_every_shape_name_a_service(tags: Any) -> None:
    assert line(tags=tags).service == "pay"


@pytest.mark.parametrize("tags", ["null", "", None, "{}", '{"service": ""}', '{"service": 7}', '{"services": "pay"}'])
def test_tags_that_name_none_leave_the_service_unsaid(tags: Any) -> None:
    assert line(tags=tags).service is None


def test_the_first_of_the_configured_tags_counts() -> None:
    tags = {"application": "shop", "app.kubernetes.io/name": "pay"}
    assert tagged(tags, ("service", "app_kubernetes_io_name", "application"))["service"] == "pay"


@pytest.mark.parametrize(("cell", "expected"), [
    ("2026-06-01T00:00:00Z", datetime(2026, 6, 1, tzinfo=UTC)),
    ("2026-06-01 00:00:00", datetime(2026, 6, 1, tzinfo=UTC)),
    ("2026-06-01", datetime(2026, 6, 1, tzinfo=UTC)),
    ("6/1/26", datetime(2026, 6, 1, tzinfo=UTC)),
    ("2026-06-01T02:00:00+02:00", datetime(2026, 6, 1, tzinfo=UTC)),
    (datetime(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC)),  # noqa: DTZ001 - as Parquet gives it
])  # fmt: skip
def test_times_are_utc(cell: Any, expected: datetime) -> None:
    assert line(chargeperiodstart=cell).charge_start == expected


@pytest.mark.parametrize(("cells", "said"), [
    ({"effectivecost": "null"}, "expected effectivecost, got nothing"),
    ({"chargecategory": "Refund"}, "expected chargecategory of"),
    ({"chargeperiodend": "2026-05-01T00:00:00Z"}, "chargeperiodend not before"),
    ({"chargeperiodend": "2026-06-01T30:00:00Z"}, "a day that exists"),
    ({"chargeperiodstart": "13/1/26"}, "a day that exists"),
    ({"billingperiodend": "2026-06-01T00:00:00Z"}, "billingperiodend after"),
    ({"billingcurrency": "€"}, "expected a currency like EUR"),
    ({"tags": "service=pay"}, "expected tags as a JSON object"),
])  # fmt: skip
def test_a_row_that_cannot_be_read_refuses_the_bill_and_says_where(cells: dict[str, Any], said: str) -> None:
    with pytest.raises(Rejected, match="row 1: .*" + said):
        bill([charge("1", *DAY), charge("1", *DAY) | cells])


def test_account_and_currency_are_asked_for_where_the_bill_names_none() -> None:
    nameless = charge("1", *DAY) | {"billingaccountid": "null", "billingcurrency": None}
    with pytest.raises(Rejected, match="give --currency"):
        bill([nameless])
    with pytest.raises(Rejected, match="give --account"):
        bill([nameless], reading=Reading(currency="EUR"))
    (cost,) = lines(bill([nameless], reading=Reading(account="own", currency="EUR")))
    assert (cost.account, cost.currency) == ("own", "EUR")


def test_what_is_no_focus_is_refused_by_its_columns() -> None:
    with pytest.raises(Rejected, match="lacks billingperiodend"):
        focus.columns(["BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "EffectiveCost"])


# currencies


def test_several_currencies_are_refused_with_a_word_of_what_to_do() -> None:
    with pytest.raises(Rejected, match="EUR, USD: give --rates FILE --into CURRENCY"):
        bill([charge("1", *DAY), charge("1", *DAY, currency="USD")])


def test_a_rate_table_converts_by_the_day_of_the_charge_and_keeps_the_rate() -> None:
    june = datetime(2026, 6, 1, tzinfo=UTC)
    table = Rates("EUR", {"USD": [(june - timedelta(days=90), Decimal("0.90")), (june, Decimal("0.92"))]})
    rows = [charge("100", *DAY, currency="USD", billedcost="50"), charge("7", *DAY)]
    dollars, euros = lines(bill(rows, reading=Reading(rates=table)))
    assert (dollars.effective_cost, dollars.billed_cost, dollars.currency) == ("92", "46", "EUR")
    assert (dollars.converted_from, dollars.rate, euros.converted_from) == ("USD", "0.92", None)
    with pytest.raises(Rejected, match="expected a rate of GBP to EUR"):
        bill([charge("1", *DAY, currency="GBP")], reading=Reading(rates=table))


# exports


def test_the_same_bill_again_is_the_same_lines_in_whatever_order_they_stand() -> None:
    rows = [charge(str(number % 3), *DAY) for number in range(8)]
    first = bill(rows, "2026-07-01")
    shuffled = rows[:]
    random.Random(5).shuffle(shuffled)
    again = bill(shuffled, "2026-07-02")
    assert {event.id for event in first[:-1]} == {event.id for event in again[:-1]}
    assert len({event.id for event in first}) == 9
    assert exported(first).export == exported(again).export
    assert first[-1].id != again[-1].id


def test_a_bill_with_another_amount_shares_no_line_with_the_first() -> None:
    first = bill([charge("1", *DAY), charge("2", *DAY)])
    second = bill([charge("1", *DAY), charge("3", *DAY)])
    assert not {event.id for event in first} & {event.id for event in second}


def test_accounts_and_periods_are_exports_of_their_own_and_periods_do_not_overlap() -> None:
    rows = [charge("1", *DAY), charge("2", *DAY, account="4712"), charge("4", *DAY, period="2026-05")]
    made = [event.data for event in bill(rows) if isinstance(event.data, CostExport)]
    assert [(one.account, one.lines) for one in made] == [("4711", 1), ("4711", 1), ("4712", 1)]
    with pytest.raises(Rejected, match="periods of account 4711 side by side"):
        bill([charge("1", *DAY), charge("1", *DAY) | {"billingperiodend": "2026-06-15T00:00:00Z"}])


def test_a_period_is_closed_when_said_or_when_every_charge_is_invoiced() -> None:
    rows = [charge("1", *DAY, invoiceid="INV-1"), charge("2", *DAY, invoiceid="INV-1")]
    assert exported(bill(rows)).is_closed
    assert not exported(bill([*rows, charge("3", *DAY)])).is_closed
    assert not exported(bill(rows, is_closed=False)).is_closed
    assert exported(bill([charge("3", *DAY)], is_closed=True)).is_closed
    assert exported(bill(rows)).final_from == datetime(2026, 7, 11, tzinfo=UTC)
