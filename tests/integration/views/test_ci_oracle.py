"""CI against brute force: random runs, in any order and twice, each service its own; events → facts → tables → views.

Without more words the same runs each time; `ORACLE_SEED=…` draws others.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from schemas.base import event_id
from schemas.delivery import CiRun, Repository
from schemas.envelope import Event, version
from stream_processors.facts import FactsConfig, facts
from stream_processors.resolve import Resolved, Stored
from tests.integration.views.warehouse_rows import Warehouse
from tests.oracle.ci import Pipelines, pipelines
from tests.oracle.ci_runs import ci_runs
from tests.oracle.history import known
from tests.support.facts_load import load

SEED = int(os.environ.get("ORACLE_SEED", "3"))
SERVICES = 80
START, END = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 22, tzinfo=UTC)
OUTCOMES = ["success"] * 4 + ["failure"] * 3 + ["error", "timed_out", "cancelled", "skipped", "neutral"]


def history(draw: random.Random, service: str) -> list[Event]:
    """States of some runs on a clock of half hours, so that ties and times that go backwards are common."""

    def moment() -> datetime:
        return START + draw.randint(0, 21 * 48 - 1) * timedelta(minutes=30)

    events = []
    for _ in range(draw.choice([1, 3, 8, 40])):
        at = moment()
        state = draw.choice(["finished", "finished", "started", "queued"])
        run = CiRun(
            provider="t",
            service=service,
            repository=draw.choice([None, Repository(name="git.example/a"), Repository(id="2")]),
            run_id=str(draw.randint(1, 9)),
            attempt=draw.choice([1, 1, 1, 2]),
            name=draw.choice([None, "build", "build", "test"]),
            commit=draw.choice([None, "a" * 40, "b" * 40]),
            state=state,
            outcome=draw.choice(OUTCOMES) if state == "finished" else None,
            queued_at=draw.choice([None, at - draw.randint(-1, 9) * timedelta(seconds=7)]),
            started_at=draw.choice([None, at - draw.randint(-1, 5) * timedelta(seconds=11)]),
        )
        source = draw.choice(["//ci.example", "//other"])
        event = Event(id=event_id("ci_run", len(events)), source=source, time=at, data=run)
        events.extend([event] * draw.choice([1, 1, 2]))
    draw.shuffle(events)
    return events


@pytest.fixture(scope="module")
def told() -> dict[str, list[Event]]:
    draw = random.Random(SEED)
    return {f"s{number:03}": history(draw, f"s{number:03}") for number in range(SERVICES)}


@pytest.fixture(scope="module")
def loaded(utc: Warehouse, told: dict[str, list[Event]]) -> Iterator[Warehouse]:
    utc.empty()
    utc.now("2026-07-10")

    def resolved(event: Event) -> Resolved:
        return Resolved(Stored(event.source, event.id, event.time, version(event), event.data), "explicit")  # type: ignore[arg-type]

    made = {service: facts(service, map(resolved, events), FactsConfig()) for service, events in told.items()}
    load(utc.client, made)
    yield utc
    utc.empty()


def expected(found: Pipelines) -> dict[str, tuple[Any, ...]]:
    def ratio(numerator: int, denominator: int) -> tuple[Any, ...]:
        return numerator, denominator, numerator / denominator if denominator else None, denominator

    def durations(name: str, of: dict[int, Fraction | None], n: int) -> dict[str, tuple[Any, ...]]:
        values = {p: None if exact is None else round(exact) / 1e6 for p, exact in of.items()}
        return {f"{name}_p{p}_seconds": (None, None, value, n) for p, value in values.items()}

    return {
        "ci_success_ratio": ratio(found.succeeded, found.attempts),
        "ci_flaky_ratio": ratio(found.flaky, found.pairs),
        **durations("ci_duration", found.duration_us, found.timed),
        **durations("ci_queue_time", found.queue_us, found.queued),
    }


def instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.mark.parametrize(
    "source",
    ["ci_daily", "ci_weekly", "ci_monthly", "ci_quarterly", "ci_range(from = '2026-06-03', to = '2026-06-17')"],
)
def test_every_cell(loaded: Warehouse, told: dict[str, list[Event]], source: str) -> None:
    runs = {service: ci_runs(known(events)) for service, events in told.items()}
    rows = loaded.rows(f"SELECT * FROM {source}")
    wanted: dict[tuple[str, date], dict[str, tuple[Any, ...]]] = {}
    for service, start, end in {(row["service"], row["period_start"], row["period_end"]) for row in rows}:
        wanted[service, start] = expected(pipelines(runs[service], instant(start), instant(end)))
    found: dict[tuple[str, date], dict[str, tuple[Any, ...]]] = {}
    for row in rows:
        values = tuple(row[name] for name in ("numerator", "denominator", "value", "n"))
        found.setdefault((row["service"], row["period_start"]), {})[row["metric"]] = values
    assert found == wanted, f"seed {SEED}"
    assert any(cells["ci_flaky_ratio"][0] for cells in found.values())


def test_nothing_is_outside_the_periods(loaded: Warehouse, told: dict[str, list[Event]]) -> None:
    runs = {service: ci_runs(known(events)) for service, events in told.items()}
    every = [pipelines(of, START, END) for of in runs.values()]
    wanted = {"ci_success_ratio": sum(one.attempts for one in every), "ci_flaky_ratio": sum(one.pairs for one in every)}
    for view in ("ci_daily", "ci_weekly", "ci_monthly"):
        rows = loaded.rows(
            f"SELECT metric, sum(denominator) AS n FROM {view} WHERE metric LIKE '%ratio' GROUP BY metric"
        )
        assert {row["metric"]: row["n"] for row in rows} == wanted
