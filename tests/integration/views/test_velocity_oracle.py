"""The velocity views and the brute-force oracle agree on random histories: numerator, denominator, value, n, n_open.

Each history is a service of its own, all are loaded once: events → facts → tables → views. Without more words the same
histories each time; `ORACLE_SEED=… ORACLE_EXAMPLES=1000` (any numbers) draws others.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from schemas.envelope import Event
from tests.integration.views.warehouse_rows import Warehouse
from tests.oracle.delivery import Delivery, delivery
from tests.oracle.histories import MAPPED, START
from tests.oracle.measures import Measures, measures
from tests.oracle.recovery import ALWAYS
from tests.support.facts_load import load
from tests.support.many import drawn
from tests.support.product import product

EXAMPLES = int(os.environ.get("ORACLE_EXAMPLES", "120"))
SEED = int(os.environ.get("ORACLE_SEED", "4"))
N_MIN = 5
NOW = datetime(2026, 5, 1, tzinfo=UTC)
Cells = dict[tuple[str, date, str], tuple[Any, ...]]
"""(service, period, metric) -> numerator, denominator, value, shown, n, n_open."""


@pytest.fixture(scope="module")
def told() -> dict[str, list[Event]]:
    return {f"s{number:04}": events for number, events in enumerate(drawn(EXAMPLES, SEED))}


@pytest.fixture(scope="module")
def oracle(told: dict[str, list[Event]]) -> dict[str, Delivery]:
    return {service: delivery("pay", events, MAPPED) for service, events in told.items()}


@pytest.fixture(scope="module")
def loaded(utc: Warehouse, told: dict[str, list[Event]]) -> Iterator[Warehouse]:
    """All histories, and teams that some of the services change between."""
    utc.empty()
    utc.now(f"{NOW:%Y-%m-%d}")
    facts = {service: product("pay", events) for service, events in told.items()}
    load(utc.client, facts)
    moves = random.Random(SEED)
    for service in told:
        utc.owner(service, moves.choice(["red", "green"]), "2026-03-01")
        if moves.random() < 0.5:
            utc.owner(service, moves.choice(["red", "green", "blue"]), f"2026-03-0{moves.randint(3, 6)}")
    yield utc
    utc.empty()


def cells(rows: Sequence[dict[str, Any]]) -> Cells:
    columns = ("numerator", "denominator", "value", "shown", "n", "n_open")
    found = {(row["service"], row["period_start"], row["metric"]): tuple(row[name] for name in columns) for row in rows}
    assert len(found) == len(rows)
    return found


def expected(found: Measures, days: int) -> dict[str, tuple[Any, ...]]:
    def rate(numerator: int, denominator: int) -> tuple[Any, ...]:
        value = numerator / denominator if denominator else None
        return numerator, denominator, value, value if denominator >= N_MIN else None, denominator, 0

    def durations(name: str, of: dict[int, Fraction | None], n: int, n_open: int = 0) -> dict[str, tuple[Any, ...]]:
        values = {p: None if exact is None else round(exact) / 1e6 for p, exact in of.items()}
        return {f"{name}_p{p}_seconds": (None, None, value, value, n, n_open) for p, value in values.items()}

    frequency = found.deployments / days
    return {
        "deployment_frequency_per_day": (found.deployments, days, frequency, frequency, found.deployments, 0),
        **durations("change_lead_time", found.lead_time_us, found.lead_times),
        **durations("change_lead_time_without_bots", found.lead_time_without_bots_us, found.lead_times_without_bots),
        **durations("change_lead_time_from_first_commit", found.from_first_commit_us, found.squashes),
        "change_fail_ratio": rate(found.failed, found.attempts),
        "change_fail_without_rollbacks_ratio": rate(found.failed_without_rollbacks, found.attempts_without_rollbacks),
        "deployment_rework_ratio": rate(found.rework, found.attempts),
        **durations("failed_deployment_recovery_time", found.recovery_us, found.recovered, found.still_failed),
    }


def instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def disagreements(rows: Sequence[dict[str, Any]], oracle: dict[str, Delivery], until: datetime = ALWAYS) -> list[str]:
    found, lines = cells(rows), []
    ends = {(row["service"], row["period_start"]): row["period_end"] for row in rows}
    for (service, start), end in ends.items():
        its = oracle[service]
        seen = [one.at for one in its.attempts if one.status != "none" and one.at <= until]
        days = (end - start).days if until == ALWAYS else (min(end, until.date() + timedelta(days=1)) - start).days
        wanted = expected(measures(its.world, its.credited, instant(start), instant(end), until), days)
        is_observed = any(at < instant(end) for at in seen)
        for metric, measured in wanted.items():
            want = measured if is_observed else (None, None, None, None, *measured[4:])
            if found.get((service, start, metric)) != want:
                lines.append(f"{service} {start} {metric}: view {found.get((service, start, metric))}, oracle {want}")
    return lines


@pytest.mark.parametrize("grain", ["daily", "weekly", "monthly"])
def test_every_cell_of_every_grain(loaded: Warehouse, oracle: dict[str, Delivery], grain: str) -> None:
    rows = loaded.rows(f"SELECT * FROM velocity_{grain} WHERE period_start < '2026-03-20'")
    assert disagreements(rows, oracle) == []
    assert {row["metric"] for row in rows if row["value"]} == {row["metric"] for row in rows}, "a measure is never met"
    # Where something happened, there is a row.
    told = {(row["service"], row["period_start"], row["period_end"]) for row in rows}
    for service, its in oracle.items():
        for at in [one.at for one in its.releases] + [one.at for one in its.credited]:
            if at < instant(date(2026, 3, 20)):
                assert any(s == service and instant(start) <= at < instant(end) for s, start, end in told)


def test_free_ranges(loaded: Warehouse, oracle: dict[str, Delivery]) -> None:
    for start, end in (("2026-03-03", "2026-03-04"), ("2026-03-02", "2026-03-05"), ("2026-02-20", "2026-03-30")):
        rows = loaded.rows(f"SELECT * FROM velocity_range(from = '{start}', to = '{end}')")
        assert disagreements(rows, oracle) == []


def test_pinned_in_the_past(loaded: Warehouse, oracle: dict[str, Delivery]) -> None:
    for number, hours in enumerate((20, 45.5, 70)):
        until = START + timedelta(hours=hours)
        pinned = [{"name": "pinned", "at": until, "version": 1_000 + number}]
        loaded.insert("clock", pinned)
        rows = loaded.rows("SELECT * FROM velocity_weekly")
        assert rows
        assert disagreements(rows, oracle, until) == []
    loaded.client.command("ALTER TABLE clock DELETE WHERE name = 'pinned' SETTINGS mutations_sync = 2")


@pytest.mark.parametrize("scope", ["", "teams_", "organisation_"])
def test_a_range_of_one_period_is_that_period(loaded: Warehouse, scope: str) -> None:
    chosen = {
        "daily": ["2026-03-03"],
        "weekly": ["2026-03-02"],
        "monthly": ["2026-03-01"],
        "quarterly": ["2026-01-01"],
    }
    if scope == "organisation_":
        del chosen["daily"]
    for grain, starts in chosen.items():
        for start in starts:
            period = loaded.rows(f"SELECT * FROM velocity_{scope}{grain} WHERE period_start = '{start}' ORDER BY ALL")
            assert period
            source = f"velocity_{scope}range(from = '{start}', to = '{period[0]['period_end']}')"
            assert loaded.rows(f"SELECT * FROM {source} ORDER BY ALL") == period


def test_teams_add_up_to_the_organisation(loaded: Warehouse) -> None:
    parts = "metric, period_start, numerator, n, n_open"
    summed = "metric NOT LIKE '%per_day' AND metric NOT LIKE '%p75%' AND metric NOT LIKE '%p90%'"
    teams = loaded.rows(
        "SELECT metric, period_start, sum(numerator) AS numerator, sum(n) AS n, sum(n_open) AS n_open"
        f" FROM velocity_teams_weekly WHERE {summed} GROUP BY metric, period_start ORDER BY ALL"
    )
    assert teams == loaded.rows(f"SELECT {parts} FROM velocity_organisation_weekly WHERE {summed} ORDER BY ALL")
    services = loaded.rows(
        "SELECT metric, period_start, sum(numerator) AS numerator, sum(n) AS n, sum(n_open) AS n_open"
        f" FROM velocity_weekly WHERE {summed} GROUP BY metric, period_start ORDER BY ALL"
    )
    assert services == teams
