"""Costs: bills to days, days to services, services to what one transaction costs; nothing gets lost on the way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas.envelope import Event
from tests.integration.views.warehouse_rows import Warehouse
from tests.support.bills import bill, charge, table

PAY = {"service": "pay"}


@pytest.fixture
def costs(warehouse: Warehouse) -> Warehouse:
    warehouse.now("2026-07-10 12:00")
    return warehouse


def archive(warehouse: Warehouse, events: list[Event]) -> None:
    warehouse.client.insert_arrow("cost_events", table(events))


def daily(warehouse: Warehouse) -> dict[tuple[str, str], Decimal]:
    """(service, else allocation; day) → cost."""
    rows = warehouse.rows("SELECT service, allocation, toString(day) AS day, cost FROM costs_daily ORDER BY ALL")
    return {(row["service"] or row["allocation"], row["day"]): row["cost"] for row in rows}


def reconciled(warehouse: Warehouse) -> list[dict[str, Any]]:
    rows = warehouse.rows("SELECT * FROM cost_reconciliation ORDER BY ALL")
    assert all(row["difference"] == 0 for row in rows)
    return rows


# days


def test_a_charge_is_spread_over_local_days_by_time_and_the_days_sum_up_to_it(in_berlin: Warehouse) -> None:
    """A UTC day in summer is 22 hours of one day in Berlin and 2 of the next."""
    in_berlin.now("2026-07-10 12:00")
    archive(in_berlin, bill([charge("1", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", tags=PAY)]))

    assert daily(in_berlin) == {
        ("pay", "2026-06-01"): Decimal("0.916666666666666666"),
        ("pay", "2026-06-02"): Decimal("0.083333333333333334"),
    }


def test_the_day_of_the_clock_change_has_23_hours(in_berlin: Warehouse) -> None:
    in_berlin.now("2026-07-10 12:00")
    # 28 March 00:00 to 30 March 00:00 in Berlin: 24 + 23 hours.
    row = charge("-47", "2026-03-27T23:00:00Z", "2026-03-29T22:00:00Z", period="2026-03", category="Credit", tags=PAY)
    archive(in_berlin, bill([row]))

    assert daily(in_berlin) == {("pay", "2026-03-28"): Decimal(-24), ("pay", "2026-03-29"): Decimal(-23)}


def test_a_charge_without_duration_is_of_its_day(costs: Warehouse) -> None:
    archive(costs, bill([charge("9.99", "2026-06-30T23:59:59Z", "2026-06-30T23:59:59Z", tags=PAY)]))
    assert daily(costs) == {("pay", "2026-06-30"): Decimal("9.99")}


def test_days_after_now_are_billed_and_not_there_yet(costs: Warehouse) -> None:
    """A commitment of three days, two of them still to come."""
    rows = [charge("3", "2026-07-10T00:00:00Z", "2026-07-13T00:00:00Z", period="2026-07", tags=PAY)]
    archive(costs, bill(rows, "2026-07-10"))

    assert daily(costs) == {("pay", "2026-07-10"): Decimal(1)}
    (row,) = reconciled(costs)
    assert (row["billed"], row["without_transactions"], row["not_due"]) == (3, 1, 2)


# which export counts


def test_a_replayed_bill_counts_once_and_equal_rows_of_it_each(costs: Warehouse) -> None:
    twins = [charge("2", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", tags=PAY)] * 2
    for _ in range(2):
        archive(costs, bill(twins))
    archive(costs, bill(twins, "2026-07-08"))  # the same content, exported again

    assert daily(costs) == {("pay", "2026-06-01"): Decimal(4)}
    assert costs.column("SELECT counts FROM cost_exports") == [1]


def test_a_corrected_bill_replaces_the_earlier_one_whole_in_whatever_order_they_arrive(costs: Warehouse) -> None:
    day = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
    first = bill([charge("10", *day, tags=PAY), charge("5", *day, tags={"service": "cart"})], "2026-07-01")
    second = bill([charge("8", *day, tags=PAY)], "2026-07-03")

    archive(costs, second)
    archive(costs, first)

    assert daily(costs) == {("pay", "2026-06-01"): Decimal(8)}
    assert [row["billed"] for row in reconciled(costs)] == [8]


def test_going_back_to_the_first_bill_is_a_third_export_of_the_same_lines(costs: Warehouse) -> None:
    day = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
    for cost, exported in (("10", "2026-07-01"), ("8", "2026-07-03"), ("10", "2026-07-04")):
        archive(costs, bill([charge(cost, *day, tags=PAY)], exported))
    assert daily(costs) == {("pay", "2026-06-01"): Decimal(10)}


def test_a_bill_that_was_made_after_now_does_not_exist_yet(costs: Warehouse) -> None:
    """Made on the 1st, corrected on the 3rd; the 1st's content came back on the 8th. Each now has its own bill."""
    day = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
    for cost, exported in (("10", "2026-07-01"), ("8", "2026-07-03"), ("10", "2026-07-08")):
        archive(costs, bill([charge(cost, *day, tags=PAY)], exported))
    found = {}
    for now in ("2026-06-30", "2026-07-02", "2026-07-03", "2026-07-07", "2026-07-08"):
        costs.now(now, pinned=True)
        found[now[5:]] = [float(row["billed"]) for row in reconciled(costs)]
        assert [float(cost) for cost in daily(costs).values()] == found[now[5:]]
    assert found == {"06-30": [], "07-02": [10], "07-03": [8], "07-07": [8], "07-08": [10]}


def test_an_export_of_which_a_line_is_still_under_way_does_not_count_yet(costs: Warehouse) -> None:
    day = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
    archive(costs, bill([charge("10", *day, tags=PAY)], "2026-07-01"))
    corrected = bill([charge("7", *day, tags=PAY), charge("4", *day, tags=PAY)], "2026-07-03")
    archive(costs, corrected[1:])
    assert daily(costs) == {("pay", "2026-06-01"): Decimal(10)}

    archive(costs, corrected[:1])
    assert daily(costs) == {("pay", "2026-06-01"): Decimal(11)}


def test_an_account_and_a_period_of_its_own_replace_nothing(costs: Warehouse) -> None:
    day = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
    may = ("2026-05-31T00:00:00Z", "2026-06-01T00:00:00Z")
    archive(costs, bill([charge("10", *day, tags=PAY)], "2026-07-01"))
    archive(costs, bill([charge("20", *day, tags=PAY, account="4712")], "2026-07-02"))
    archive(costs, bill([charge("40", *may, tags=PAY, period="2026-05")], "2026-07-03"))
    archive(costs, bill([charge("80", *day, tags=PAY)], "2026-06-30", source="//focus/other"))

    assert daily(costs) == {("pay", "2026-05-31"): Decimal(40), ("pay", "2026-06-01"): Decimal(110)}


def test_a_day_is_provisional_until_its_bill_is_closed_or_old(costs: Warehouse) -> None:
    def is_provisional(account: str, exported: str, *, is_closed: bool | None, invoice: str | None = None) -> int:
        row = charge("1", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", account=account, tags={"service": account})
        archive(costs, bill([row | {"invoiceid": invoice}], exported, is_closed=is_closed))
        (found,) = costs.column(f"SELECT is_provisional FROM costs_daily WHERE service = '{account}'")
        return int(found)

    assert is_provisional("a", "2026-07-02", is_closed=True) == 0
    assert is_provisional("b", "2026-07-02", is_closed=None) == 1  # now is 10 July, ten days are over on the 11th
    assert is_provisional("c", "2026-07-02", is_closed=None, invoice="INV-1") == 0
    costs.now("2026-07-11 00:00")
    assert is_provisional("b", "2026-07-02", is_closed=None) == 0
    assert is_provisional("d", "2026-06-20", is_closed=None) == 1  # made before the month was over


# whose cost it is


def test_a_tag_beats_the_catalog_and_an_alias_is_the_service_that_it_names(costs: Warehouse) -> None:
    costs.catalog("service", "2026-01-01", service="payments", aliases=("pay",))
    costs.catalog("resource", "2026-01-01", resource="vm-1", service="cart")
    rows = [
        charge("1", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", tags=PAY, resourceid="vm-1"),
        charge("2", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", resourceid="VM-1"),
        charge("4", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", resourceid="vm-2"),
    ]
    archive(costs, bill(rows))

    assert daily(costs) == {
        ("payments", "2026-06-01"): Decimal(1),
        ("cart", "2026-06-01"): Decimal(2),
        ("unallocated", "2026-06-01"): Decimal(4),
    }
    assert costs.column("SELECT rule FROM cost_charges ORDER BY cost") == ["tag", "resource", ""]


def test_the_longest_path_names_the_service_and_the_sub_account_comes_last(costs: Warehouse) -> None:
    for resource, service in (("k8s/shop", "shop"), ("k8s/shop/deployment/pay", "pay"), ("acct-7", "lab")):
        costs.catalog("resource", "2026-01-01", resource=resource, service=service)
    day = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
    rows = [
        charge("1", *day, resourceid="k8s/shop/deployment/pay/pod-1", subaccountid="acct-7"),
        charge("2", *day, resourceid="k8s/shop/deployment/payroll", subaccountid="acct-7"),
        charge("4", *day, resourceid="k8s/other", subaccountid="acct-7"),
        charge("8", *day, resourceid="k8s/shopping", subaccountid="acct-8"),
    ]
    archive(costs, bill(rows))

    assert {service: cost for (service, _), cost in daily(costs).items()} == {
        "pay": 1, "shop": 2, "lab": 4, "unallocated": 8,
    }  # fmt: skip


def test_a_resource_that_changes_hands_costs_its_service_of_the_day(costs: Warehouse) -> None:
    costs.catalog("resource", "2026-01-01", resource="vm-1", service="old")
    costs.catalog("resource", "2026-06-02 09:00", resource="vm-1", service="new")
    costs.catalog("resource", "2026-06-03 09:00", resource="vm-1", service="new", removed=True)
    archive(costs, bill([charge("3", "2026-06-01T00:00:00Z", "2026-06-04T00:00:00Z", resourceid="vm-1")]))

    assert daily(costs) == {
        ("old", "2026-06-01"): Decimal(1),
        ("new", "2026-06-02"): Decimal(1),
        ("unallocated", "2026-06-03"): Decimal(1),
    }


def test_an_unused_commitment_is_idle_unless_somebody_owns_it(costs: Warehouse) -> None:
    unused = {"commitmentdiscountstatus": "Unused"}
    day = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
    archive(costs, bill([charge("1", *day, **unused), charge("2", *day, tags=PAY, **unused)]))
    assert {key[0]: cost for key, cost in daily(costs).items()} == {"idle": 1, "pay": 2}


def test_costs_are_of_the_owner_of_the_day(costs: Warehouse) -> None:
    costs.owner("pay", "payments", "2026-01-01")
    costs.owner("pay", "checkout", "2026-06-02 15:00")
    archive(costs, bill([charge("2", "2026-06-01T00:00:00Z", "2026-06-03T00:00:00Z", tags=PAY)]))
    assert costs.column("SELECT team FROM costs_daily ORDER BY day") == ["payments", "checkout"]


# per transaction


def per_transaction(warehouse: Warehouse, grain: str = "month", since: str = "2026-06-01", until: str = "2026-08-01"):
    return warehouse.rows(
        f"SELECT * FROM cost_per_transaction(from = '{since}', to = '{until}', grain = '{grain}') ORDER BY ALL"
    )


def test_a_transaction_costs_its_share_of_the_days_that_have_some(costs: Warehouse) -> None:
    """6.00 on 2 June with 3 ok requests, 1 of them a probe; 4.00 on 3 June with none but errors."""
    costs.traffic("pay", "2026-06-02 10:00", {"requests": 2}, {"requests": 1, "is_synthetic": 1})
    costs.traffic("pay", "2026-06-03 10:00", {"requests": 9, "outcome": "error", "status": 500})
    rows = [
        charge("6", "2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z", tags=PAY),
        charge("4", "2026-06-03T00:00:00Z", "2026-06-04T00:00:00Z", tags=PAY),
        charge("1.5", "2026-06-03T00:00:00Z", "2026-06-04T00:00:00Z", category="Tax"),
    ]
    archive(costs, bill(rows))

    (row,) = per_transaction(costs)
    assert (row["service"], row["unit"], row["numerator"], row["denominator"], row["value"]) == (
        "pay",
        "request",
        6,
        3,
        2,
    )
    assert (row["cost"], row["cost_without_transactions"], row["days"], row["is_partial"]) == (10, 4, 1, 0)
    by_day = per_transaction(costs, "day")
    assert [(row["value"], row["null_reason"]) for row in by_day] == [(2, ""), (None, "no_transaction")]
    (total,) = reconciled(costs)
    assert [total[name] for name in ("billed", "per_transaction", "without_transactions", "unallocated")] == [
        Decimal("11.5"), 6, 4, Decimal("1.5"),
    ]  # fmt: skip


def test_a_ci_platform_costs_by_run_and_a_deployment_platform_by_deployment(costs: Warehouse) -> None:
    """4.00 for 2 finished runs, 3.00 for 1 deployment; calls of either's API are not what it is for."""
    costs.platform("ci", capability="ci", aliases=["github"])
    costs.platform("deployer", capability="deployment", aliases=["argo"])
    ended = {"finished_at": "2026-06-02 10:00", "told_at": "2026-06-02 10:00", "at": "2026-06-02 10:00"}
    run = {"source": "//github.com", "attempt": 1, "provider": "github", "outcome": "success", **ended}
    attempt = {"deployment_id": "d", "environment": "staging", "status": "success", "at": "2026-06-02 11:00"}
    costs.facts("pay", ci_runs=[{**run, "run_id": one} for one in "12"], attempts=[{**attempt, "provider": "argo"}])
    costs.traffic("ci", "2026-06-02 10:00", {"requests": 50})
    day = ("2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z")
    rows = [charge("4", *day, tags={"service": "ci"}), charge("3", *day, tags={"service": "deployer"})]
    archive(costs, bill(rows))
    assert [(row["service"], row["unit"], row["denominator"], row["value"]) for row in per_transaction(costs)] == [
        ("ci", "run", 2, 2.0),
        ("deployer", "deployment", 1, 3.0),
    ]


def test_currencies_stand_beside_each_other(costs: Warehouse) -> None:
    costs.traffic("pay", "2026-06-02 10:00", {"requests": 4})
    day = ("2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z")
    archive(costs, bill([charge("2", *day, tags=PAY)]))
    archive(costs, bill([charge("3", *day, tags=PAY, account="4712", currency="USD")]))
    assert [(row["currency"], row["value"]) for row in per_transaction(costs)] == [("EUR", 0.5), ("USD", 0.75)]


@pytest.mark.parametrize(("grain", "start", "end"), [
    ("week", date(2026, 6, 1), date(2026, 6, 8)),
    ("month", date(2026, 6, 1), date(2026, 7, 1)),
    ("range", date(2026, 6, 1), date(2026, 8, 1)),
])  # fmt: skip
def test_periods_of_any_grain_sum_costs_and_transactions(costs: Warehouse, grain: str, start: date, end: date) -> None:
    for hour, requests in (("2026-06-02 10:00", 1), ("2026-06-03 10:00", 3)):
        costs.traffic("pay", hour, {"requests": requests})
    archive(costs, bill([charge("8", "2026-06-02T00:00:00Z", "2026-06-04T00:00:00Z", tags=PAY)]))
    (row,) = per_transaction(costs, grain)
    assert (row["period_start"], row["period_end"], row["value"]) == (start, end, 2)
    assert row["is_partial"] == (1 if grain == "range" else 0)


def test_a_third_of_a_cent_times_three_is_the_cent(costs: Warehouse) -> None:
    costs.traffic("pay", "2026-06-02 10:00", {"requests": 3})
    archive(costs, bill([charge("0.01", "2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z", tags=PAY)]))
    (row,) = reconciled(costs)
    assert row["per_transaction"] == Decimal("0.01")


# coverage, freshness, report


def test_coverage_and_freshness_say_what_no_service_has_and_when_the_bill_was_made(costs: Warehouse) -> None:
    costs.catalog("service", "2026-01-01", service="pay")
    days = ("2026-06-01T00:00:00Z", "2026-06-03T00:00:00Z")
    rows = [charge("1", *days, tags=PAY), charge("1", *days, tags={"service": "new"}), charge("1", *days)]
    archive(costs, bill(rows, "2026-07-05"))
    found = costs.rows("SELECT reason, numerator, denominator FROM coverage WHERE family = 'cost'")
    assert {row["reason"]: (row["numerator"], row["denominator"]) for row in found} == {
        "unallocated": (1, 3), "provisional": (3, 3), "service_not_in_catalog": (1, 3), "incomplete_export": (0, 1),
    }  # fmt: skip
    (fresh,) = costs.rows("SELECT toString(data_until) AS until, n FROM freshness WHERE stream = 'costs'")
    assert fresh == {"until": "2026-07-05 00:00:00.000000", "n": 3}


def test_a_later_export_of_a_part_of_a_window_replaces_it_whole_so_that_no_day_is_in_two(costs: Warehouse) -> None:
    """A week of a cluster, then one of its days alone: six days are missing, and that shows; none is there twice."""
    window = {"billingperiodstart": "2026-06-01T00:00:00Z", "billingperiodend": "2026-06-08T00:00:00Z"}
    week = charge("7", "2026-06-01T00:00:00Z", "2026-06-08T00:00:00Z", tags=PAY) | window
    window = {"billingperiodstart": "2026-06-03T00:00:00Z", "billingperiodend": "2026-06-04T00:00:00Z"}
    day = charge("1.5", "2026-06-03T00:00:00Z", "2026-06-04T00:00:00Z", tags=PAY) | window
    archive(costs, bill([week], "2026-06-08"))
    archive(costs, bill([day], "2026-06-09"))
    assert daily(costs) == {("pay", "2026-06-03"): Decimal("1.5")}
    archive(costs, bill([week], "2026-06-10"))
    assert sum(daily(costs).values()) == 7


def test_an_export_that_was_replaced_replaces_nothing(costs: Warehouse) -> None:
    """Three windows of four days, each two days on: the last counts, the middle one not, the first does again."""
    for number, made in ((1, "2026-06-10"), (3, "2026-06-11"), (5, "2026-06-12")):
        start, end = f"2026-06-{number:02}T00:00:00Z", f"2026-06-{number + 4:02}T00:00:00Z"
        window = {"billingperiodstart": start, "billingperiodend": end}
        archive(costs, bill([charge("4", start, end, tags=PAY) | window], made))
    assert daily(costs) == {("pay", f"2026-06-{day:02}"): Decimal(1) for day in range(1, 9)}
    assert [(row["billed"], row["period_start"].day) for row in reconciled(costs)] == [(4, 1), (4, 5)]
