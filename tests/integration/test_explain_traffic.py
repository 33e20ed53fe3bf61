"""Explain of gateway numbers and costs: what is listed gives the number again, out of the requests and charges sent.

A tiny aggregator has the requests by unit and the charges by event id, as their sender made them. Of an explanation it
takes the ids and the hours and minutes; everything else it counts itself.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from reports.explanation import Explanation, explain
from reports.warehouse import Warehouse, connect
from schemas.catalog import Consumer, Ownership, Service, Slo, Team
from schemas.costs import Cost
from schemas.delivery import Incident
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, outcome_of, unit_id
from tests.oracle.measures import percentile
from tests.support.bills import bill, charge
from tests.support.line import APPENDED, Line, event

SEED = int(os.environ.get("PROOF_SEED", "1"))
SERVICES = ("pay", "cart")
FIRST = date(2026, 5, 18)
OBJECTIVE = 0.8
TEAM_OF = {"web": "shop", "jobs": "batch"}
"""Callers of the catalog; others are unknown."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """What the sender knows of what it sent."""

    warehouse: Warehouse
    requests: dict[str, list[GatewayRequest]]
    charges: dict[str, Cost]
    incidents: dict[str, tuple[datetime, datetime]]

    def of(self, row: Row, found: Explanation) -> list[GatewayRequest]:
        """Requests of the listed units that the row speaks of."""
        return [
            one
            for unit in found.units
            for one in self.requests[unit["unit"]]
            if one.service == row["service"]
            and one.at.replace(minute=0, second=0, microsecond=0) == row["hour"]
            and (not row["minutes"] or one.at.minute in row["minutes"])
            and one.outcome == row["outcome"]
            and (row["consumer"] or one.environment == row["environment"])
            and (not row["consumer"] or (one.consumer == row["consumer"] and one.environment != "staging"))
        ]


def drawn(chance: Random) -> dict[str, list[GatewayRequest]]:
    """A month of a few busy hours; on Mondays at ten there is traffic in the same minutes, but for the last one."""
    moments = [
        datetime(2026, 5, 18, tzinfo=UTC)
        + timedelta(days=chance.randrange(32), hours=chance.choice([3, 12, 22]), seconds=chance.randrange(3600))
        for _ in range(220)
    ]
    mondays = [datetime(2026, 5, 18, 10, tzinfo=UTC) + timedelta(weeks=week) for week in range(4)]
    moments += [monday + timedelta(minutes=minute) for monday in mondays for minute in range(5)] * 2
    moments += [APPENDED - timedelta(minutes=chance.randrange(1, 4000)) for _ in range(40)]
    units: defaultdict[str, list[GatewayRequest]] = defaultdict(list)
    for number, at in enumerate(sorted(one for one in moments if one < APPENDED)):
        status = chance.choice([200, 200, 200, 404, 500, 429])
        unit = unit_id("//gateway", f"{number // 9}", b"")
        units[unit].append(
            GatewayRequest(
                unit=unit, at=at, service=chance.choice(SERVICES), route="/", method="GET", status=status,
                outcome=outcome_of(status, limited_by_gateway=True), consumer=chance.choice([*TEAM_OF, "other"]),
                environment=chance.choice(["production", "production", "", "staging"]),
                latency_us=chance.choice([None, *[chance.randrange(1000, 900_000)] * 5]),
            )
        )  # fmt: skip
    return dict(units)


def trouble() -> tuple[list[Event], dict[str, tuple[datetime, datetime]]]:
    spans = {
        "i1": (datetime(2026, 6, 2, 11, 50, 30, tzinfo=UTC), datetime(2026, 6, 2, 13, tzinfo=UTC)),
        "i2": (datetime(2026, 6, 9, 21, 30, tzinfo=UTC), datetime(2026, 6, 10, 0, 30, tzinfo=UTC)),
    }
    told = [
        event(Incident(provider="t", service="pay", incident_id=name, state=state), at)
        for name, ends in spans.items()
        for state, at in zip(("opened", "resolved"), ends, strict=True)
    ]
    return told, spans


@pytest.fixture(scope="module")
def sent(running: Line) -> Iterator[Sent]:
    chance = Random(SEED)
    running.empty()
    start = datetime(2026, 5, 1, tzinfo=UTC)
    told, incidents = trouble()
    lines = []
    for day in range(1, 25):
        ends = f"2026-06-{day + chance.choice([1, 2, 4]):02}T00:00:00Z"
        price = f"{chance.randrange(1, 900)}.{chance.randrange(100):02}"
        lines.append(charge(price, f"2026-06-{day:02}T00:00:00Z", ends, tags={"service": chance.choice(SERVICES)}))
    charges = bill(lines, "2026-06-19")
    old = bill([charge("77", "2026-06-03T00:00:00Z", "2026-06-04T00:00:00Z", tags={"service": "pay"})], "2026-06-04")
    units = drawn(chance)
    running.send(
        *(event(Service(service=name, is_platform=True), start) for name in SERVICES),
        *(event(Team(team=name), start) for name in ("payments", *TEAM_OF.values())),
        event(Ownership(name="pay", team="payments"), start),
        *(event(Consumer(consumer=name), start) for name in TEAM_OF),
        *(event(Ownership(entity="consumer", name=name, team=team), start) for name, team in TEAM_OF.items()),
        event(Slo(service="pay", objective=OBJECTIVE, window_days=10, counts_limited=True), start),
        *told,
        *charges,
        *old,
    )
    running.send_traffic(*units.values())
    running.recompute()
    with connect(running.settings.model_copy(update={"clickhouse_timeout": 120})) as warehouse:
        costs = {one.id: one.data for one in charges if isinstance(one.data, Cost)}
        yield Sent(warehouse, units, costs, incidents)


def cell(chance: Random) -> tuple[str, tuple[date, date]]:
    begin = FIRST + timedelta(days=chance.randrange(20))
    return chance.choice(SERVICES), (begin, begin + timedelta(days=chance.choice([1, 7, 20])))


def parts(sent: Sent, found: Explanation) -> tuple[int, int]:
    """(numerator, denominator), counted over the requests sent."""
    made = {"numerator": 0, "denominator": 0}
    for row in found.counted:
        requests = sent.of(row, found)
        assert len(requests) == row["requests"]
        made[row["part"]] += len(requests)
    return made["numerator"], made["denominator"]


def whole(sent: Sent, found: Explanation, outcomes: set[str]) -> None:
    """Every request of the days is listed once, counted or not; none twice, none forgotten."""
    (window,) = [(found.since, found.until)]
    there = [
        one
        for requests in sent.requests.values()
        for one in requests
        if one.service == found.service and window[0] <= one.at.date() < window[1] and one.outcome in outcomes  # type: ignore[operator]
    ]
    listed = sum(row["requests"] for row in found.not_counted if "requests" in row)
    counted = sum(row["requests"] for row in found.counted if row["part"] in {"denominator", "value"})
    assert counted + listed == len(there)


ALL = {"ok", "client_error", "error", "limited"}


def test_availability_latency_and_budget_on_random_cells(sent: Sent) -> None:
    chance = Random(SEED)
    for _ in range(3):
        service, window = cell(chance)
        where = f"PROOF_SEED={SEED}: {service} in {window}"
        found = explain(sent.warehouse, "availability", service, "", window)
        whole(sent, found, ALL)
        told = [(row["numerator"], row["denominator"]) for row in found.values]
        assert parts(sent, found) == (told[0] if told else (0, 0)), where
        assert {row["reason"] for row in found.not_counted} <= {"nonprod_environment", "limited"}

        found = explain(sent.warehouse, "latency_p90_seconds", service, "", window)
        whole(sent, found, ALL)
        times = [one.latency_us for row in found.counted for one in sent.of(row, found) if one.latency_us is not None]
        exact = percentile(times, 90)
        (value,) = [row["value"] for row in found.values] or [None]
        assert (value is None) == (exact is None), where
        assert exact is None or value == pytest.approx(float(exact) / 1e6, rel=0.02), where

    found = explain(sent.warehouse, "slo", "pay", "", (date(2026, 6, 1), date(2026, 6, 13)))
    (value,) = found.values
    assert parts(sent, found) == (value["numerator"], value["denominator"])
    assert (min(row["day"] for row in found.counted), value["last_day"]) >= (date(2026, 6, 3), date(2026, 6, 12))
    found = explain(sent.warehouse, "slo", "cart", "", (date(2026, 6, 1), date(2026, 6, 13)))
    assert (found.values, found.counted) == ((), ())
    assert {row["reason"] for row in found.not_counted} <= {"no_objective", "nonprod_environment"}


def test_burn_rates_are_of_the_windows_before_now(sent: Sent) -> None:
    found = explain(sent.warehouse, "slo_burn", "pay", "", None)
    windows = {row["rule"]: int(row["rule"].split("_")[1]) for row in found.counted}
    for row in found.values:
        for length in ("long", "short"):
            made = {"numerator": 0, "denominator": 0}
            for one in found.counted:
                if windows[one["rule"]] <= row[f"{length}_minutes"]:
                    made[one["part"]] += len(sent.of(one, found))
            assert (made["numerator"], made["denominator"]) == (
                row[f"{length}_failed"],
                row[f"{length}_denominator"],
            )
    assert max(row["long_denominator"] for row in found.values) > 0


def test_uptime_is_made_of_minutes_that_the_requests_and_incidents_tell(sent: Sent) -> None:
    found = explain(sent.warehouse, "uptime", "pay", "", (date(2026, 6, 1), date(2026, 6, 20)))
    (value,) = found.values
    sizes = {"numerator": 0, "denominator": 0}
    for row in found.counted:
        if "minutes" not in row:
            continue
        sizes[row["part"]] += len(row["minutes"])
        for minute in row["minutes"]:
            at = row["hour"] + timedelta(minutes=minute)
            requests = [
                one
                for made in sent.requests.values()
                for one in made
                if one.service == "pay" and one.environment != "staging" and one.at.replace(second=0) == at
            ]
            assert (row["rule"] in {"up", "down"}) == bool(requests)
            if requests:
                well = sum(one.outcome in {"ok", "client_error"} for one in requests) / len(requests)
                assert (row["rule"] == "up") == (well >= OBJECTIVE)
            inside = any(begin < at + timedelta(minutes=1) and at < end for begin, end in sent.incidents.values())
            assert row["rule"] != "incident" or inside
            weeks = [at - timedelta(weeks=week) for week in range(1, 5)]
            assert row["rule"] != "usual" or all(one.hour == 10 and one.weekday() == 0 for one in weeks)
    assert (sizes["numerator"], sizes["denominator"]) == (value["numerator"], value["denominator"])
    assert {row["rule"] for row in found.counted if "minutes" in row} == {"up", "down", "incident", "usual"}
    neither = sum(len(row["minutes"]) for row in found.not_counted if "minutes" in row)
    assert sizes["denominator"] + neither == value["minutes"]
    assert {row["fact"] for row in found.counted if "fact" in row} == {"i1", "i2"}


def test_who_was_hit(sent: Sent) -> None:
    window = (date(2026, 6, 1), date(2026, 6, 20))
    found = explain(sent.warehouse, "blast_radius", "pay", "", window)
    for value in found.values:
        rows = [row for row in found.counted if row.get("fact") == value["incident"] and "hour" in row]
        assert sum(len(sent.of(row, found)) for row in rows if row["part"] == "denominator") == (value["requests"] or 0)
        hit = [one for row in rows if row["part"] == "numerator" for one in sent.of(row, found)]
        assert len(hit) == (value["failed"] or 0)
        assert sorted({TEAM_OF.get(one.consumer, "unknown") for one in hit}) == sorted(value["team_names"])
    assert sum(value["requests"] or 0 for value in found.values) > 0

    found = explain(sent.warehouse, "failed_requests", "pay", "shop", window)
    assert sum(len(sent.of(row, found)) for row in found.counted) == found.values[0]["failed"]
    assert {row["team"] for row in found.counted} == {"shop"}
    assert found.others["teams"] == 2  # batch and unknown: in one line, not listed


def test_costs_are_shares_of_the_charges_named(sent: Sent) -> None:
    chance = Random(SEED)
    for _ in range(3):
        service, window = cell(chance)
        found = explain(sent.warehouse, "cost_per_transaction", service, "", window)
        every = [one for made in sent.requests.values() for one in made]
        carrying = {one.at.date() for one in every if (one.service, one.outcome) == (service, "ok")}
        cost = Decimal(0)
        for row in found.counted:
            if row["part"] == "numerator":
                charged = sent.charges[row["event"]]
                length = (charged.charge_end - charged.charge_start).days
                days = {charged.charge_start.date() + timedelta(days=number) for number in range(length)}
                assert set(row["days"]) <= carrying & days
                cost += Decimal(charged.effective_cost) * len(row["days"]) / length
        carried = [row for row in found.counted if row["part"] == "denominator"]
        (value,) = found.values or ({"numerator": Decimal(0), "denominator": 0},)
        assert round(cost, 12) == round(value["numerator"], 12)
        assert sum(len(sent.of(row, found)) for row in carried) == value["denominator"]
    found = explain(sent.warehouse, "cost", "pay", "", (date(2026, 6, 1), date(2026, 7, 1)))
    assert sum(row["cost"] for row in found.counted) == found.values[0]["cost"]
    assert "export_replaced" in {row["reason"] for row in found.not_counted}
    ends = max(charged.charge_end for charged in sent.charges.values() if charged.service == "pay")
    assert ("not_due" in {row["reason"] for row in found.not_counted}) == (ends.date() > APPENDED.date() + timedelta(1))
