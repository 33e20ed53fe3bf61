"""Time to production against brute force: Kaplan-Meier with fractions on 600 random populations and on textbook data,
and every view of the family on random histories, each a service of its own, loaded once.

Without more words the same ones each time; `ORACLE_SEED=…` draws others.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from schemas.envelope import Event
from tests.integration.views.warehouse_rows import Warehouse
from tests.oracle import ttp
from tests.oracle.delivery import delivery
from tests.oracle.histories import MAPPED, START
from tests.oracle.measures import percentile
from tests.support.facts_load import load
from tests.support.many import drawn
from tests.support.product import product

EXAMPLES = int(os.environ.get("ORACLE_EXAMPLES", "120"))
SEED = int(os.environ.get("ORACLE_SEED", "2"))
NOW = datetime(2026, 3, 20, tzinfo=UTC)
MIDDLE = datetime(2026, 3, 3, 7, tzinfo=UTC)
"""While the histories, which begin on 2 March and last two days, are on their way."""
Person = tuple[int, bool]
"""(days, is censored)."""

SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
"""Weeks in remission of 42 leukaemia patients (Freireich et al. 1963), the textbooks' example; + is censored."""


def fact(kind: str, number: int, time: datetime, **data: Any) -> dict[str, Any]:
    """A row of `catalog_events`."""
    return {
        "source": "test",
        "id": f"{kind}-{number:06}",
        "kind": kind,
        "time": time,
        "at": time,
        "removed": 0,
        "data": json.dumps({"kind": kind, **data}, default=datetime.isoformat),
        "version": 1,
    }


def seconds(exact: Fraction | int | None) -> float | None:
    """Microseconds, rounded once, in seconds."""
    return None if exact is None else round(exact) / 1e6


def populate(warehouse: Warehouse, populations: dict[str, Sequence[Person]]) -> None:
    """Each population is a golden path; a service that is censored is either on its way, or archived by then."""
    services, milestones, heads = [], [], []
    for template, people in populations.items():
        for index, (days, is_censored) in enumerate(people):
            name, is_archived = f"{template}-{index}", is_censored and index % 2
            start = NOW - timedelta(days=days + (0 if is_censored and not is_archived else index))
            dates = {"onboarded_at": start, "template": template}
            if is_archived:
                dates["archived_at"] = start + timedelta(days=days)
            services.append(fact("service", len(services), start, service=name, **dates))
            if not is_censored:
                at = start + timedelta(days=days)
                month = date(at.year, at.month, 1)
                row = {"service": name, "month": month, "digest": "d", "milestone": ttp.PRODUCTION, "at": at}
                milestones.append(row)
                heads.append({"service": name, "version": 1, "months": [month], "digests": ["d"]})
    warehouse.insert("catalog_events", services)
    warehouse.insert("facts_milestones", milestones)
    warehouse.insert("facts_heads", heads)


def medians(warehouse: Warehouse) -> dict[str, tuple[Any, ...]]:
    rows = warehouse.rows(
        "SELECT template, value_seconds, naive_seconds, n_done, n_open FROM ttp_median"
        " WHERE start = 'onboarded' AND team = '' AND cohort = 'all'"
    )
    return {row["template"]: tuple(row.values())[1:] for row in rows}


def expected(times: Iterable[tuple[int, bool]]) -> tuple[Any, ...]:
    known = list(times)
    n_open = sum(is_open for _, is_open in known)
    return seconds(ttp.kaplan_meier(known)), seconds(ttp.naive(known)), len(known) - n_open, n_open


def test_kaplan_meier_of_600_random_populations(warehouse: Warehouse) -> None:
    warehouse.now(f"{NOW:%Y-%m-%d}")
    draw = random.Random(SEED)
    # A coarse clock: ties of arrivals, of arrivals with censorings, and curves that stop at one half are common.
    populations = {
        f"p{case:03}": [
            (draw.randint(0, draw.choice([3, 8, 40])), draw.random() < draw.choice([0.1, 0.4, 0.8]))
            for _ in range(draw.choice([1, 2, 2, 3, 4, 5, 6, 8, 12, 20]))
        ]
        for case in range(600)
    }
    populate(warehouse, populations)
    found = medians(warehouse)
    micro = timedelta(days=1) // timedelta(microseconds=1)
    times = {name: [(days * micro, is_open) for days, is_open in people] for name, people in populations.items()}
    wrong = {
        name: (people, found.get(name), expected(times[name]))
        for name, people in populations.items()
        if found.get(name) != expected(times[name])
    }
    assert not wrong, f"seed {SEED}: population, view, oracle: {dict(list(wrong.items())[:3])}"
    assert found[""] == expected(one for people in times.values() for one in people)
    reached = [ttp.kaplan_meier(one) for one in times.values()]
    assert 100 < sum(one is None for one in reached) < 500, "both ends of the question are met"
    assert sum(one is not None and one % micro != 0 for one in reached) > 10, "and curves at exactly one half"


def test_the_textbooks_leukaemia_trial(warehouse: Warehouse) -> None:
    warehouse.now(f"{NOW:%Y-%m-%d}")
    given = {"six-mp": SIX_MP, "placebo": PLACEBO}
    populate(
        warehouse,
        {arm: [(int(one.rstrip("+")) * 7, one.endswith("+")) for one in text.split()] for arm, text in given.items()},
    )
    week = 7 * 86_400.0
    found = medians(warehouse)
    assert found["six-mp"] == (23 * week, 10 * week, 9, 12)  # the naive median is less than half of it
    assert found["placebo"] == (8 * week, 8 * week, 21, 0)
    curve = warehouse.rows(
        "SELECT time_seconds, at_risk, survival FROM ttp_survival"
        " WHERE template = 'six-mp' AND cohort = 'all' AND done > 0 ORDER BY time_seconds"
    )
    assert [(row["time_seconds"] / week, row["at_risk"], round(row["survival"], 4)) for row in curve] == [
        (6, 21, 0.8571),
        (7, 17, 0.8067),
        (10, 15, 0.7529),
        (13, 12, 0.6902),
        (16, 11, 0.6275),
        (22, 7, 0.5378),
        (23, 6, 0.4482),
    ]


TEAMS = {
    "red": (START - timedelta(days=30), None),
    "green": (START + timedelta(hours=12), None),
    "blue": (START + timedelta(hours=12), START + timedelta(hours=50)),
}
SINCE = START - timedelta(days=20)
"""Since when every source is observed."""


def known_services(told: Sequence[list[Event]], draw: random.Random) -> list[ttp.Known]:
    """What is known of services whose deliveries are random histories, by the oracle."""

    def moment(first: int, last: int) -> datetime:
        return START + draw.randint(first, last) * timedelta(minutes=30)

    found = []
    for number, events in enumerate([*told, *[[]] * 20]):  # twenty of which nothing was delivered
        owners = [(START - timedelta(days=40), draw.choice(["red", "green"]))] if draw.random() < 0.9 else []
        if owners and draw.random() < 0.4:
            owners.append((datetime(2026, 3, draw.randint(3, 5), tzinfo=UTC), draw.choice(["red", "green", "blue"])))
        requests = [
            ttp.Request(
                moment(0, 130),
                draw.choice(["ok", "ok", "ok", "client_error", "error"]),
                is_synthetic=draw.random() < 0.2,
                environment=draw.choice(["", "production", "staging", "Prod_Test", "canary", "live-eu"]),
            )
            for _ in range(draw.randint(0, 3) if number % 4 == 0 else 0)
        ]
        found.append(
            ttp.Known(
                f"s{number:04}",
                onboarded_at=moment(-1100, 30) if draw.random() < 0.8 else None,
                archived_at=moment(10, 140) if draw.random() < 0.2 else None,
                template=draw.choice(["", "python", "go"]),
                owners=tuple(owners),
                delivery=delivery("pay", events, MAPPED).milestones,
                requests=tuple(requests),
            )
        )
    return found


@pytest.fixture(scope="module")
def told() -> list[list[Event]]:
    return drawn(EXAMPLES, SEED)


@pytest.fixture(scope="module")
def everything(told: list[list[Event]]) -> list[ttp.Known]:
    return known_services(told, random.Random(SEED))


@pytest.fixture(scope="module")
def loaded(utc: Warehouse, told: list[list[Event]], everything: list[ttp.Known]) -> Iterator[Warehouse]:
    utc.empty()
    utc.now(f"{NOW:%Y-%m-%d}")
    load(utc.client, {f"s{number:04}": product("pay", events) for number, events in enumerate(told)})
    catalog = [fact("observation", 0, START, source="*", observed_since=SINCE)]
    for number, (team, (since, until)) in enumerate(TEAMS.items()):
        ends = {"dissolved_at": until} if until else {}
        catalog.append(fact("team", number, START, team=team, created_at=since, **ends))
    for known in everything:
        said = {"onboarded_at": known.onboarded_at, "archived_at": known.archived_at, "template": known.template}
        given = {name: value for name, value in said.items() if value}
        catalog.append(fact("service", len(catalog), START - timedelta(days=40), service=known.service, **given))
        for since, team in known.owners:
            data = {"entity": "service", "name": known.service, "team": team}
            catalog.append(fact("ownership", len(catalog), since, **data))
    utc.insert("catalog_events", catalog)
    for known in everything:
        by_hour: defaultdict[datetime, list[dict[str, Any]]] = defaultdict(list)
        for one in known.requests:
            row = {"outcome": one.outcome, "is_synthetic": int(one.is_synthetic), "environment": one.environment}
            by_hour[one.at.replace(minute=0)].append({**row, "first_at": one.at, "last_at": one.at})
        for hour, groups in by_hour.items():
            utc.traffic(known.service, f"{hour:%Y-%m-%d %H:%M}", *groups)
    yield utc
    utc.empty()


@pytest.fixture(scope="module", params=[NOW, MIDDLE], ids=["after", "in the middle"])
def now(request: pytest.FixtureRequest, loaded: Warehouse) -> datetime:
    """What is later does not exist."""
    loaded.now(f"{request.param:%Y-%m-%d %H:%M}", pinned=True)
    moment: datetime = request.param
    return moment


@pytest.fixture(scope="module")
def subjects(everything: list[ttp.Known], now: datetime) -> list[ttp.Subject]:
    return ttp.services(everything, now, SINCE)


STAGES = [f"{earlier}_to_{later}" for earlier, later in pairwise(ttp.ORDER)]


def test_every_service_from_each_start(loaded: Warehouse, subjects: list[ttp.Subject]) -> None:
    numbers = ttp.nth(subjects)
    wanted = {
        (one.name, one.start): {
            "team": one.team,
            "nth_of_team": numbers[one.start, one.name],
            "template": one.template,
            "started_at": one.started_at,
            "period_start": one.started_at.date().replace(day=1),
            "finished_at": one.finished_at,
            "status": one.status,
            "value_seconds": None if one.is_open else seconds(one.elapsed_us),
            "elapsed_seconds": seconds(one.elapsed_us),
            "is_left_truncated": int(one.is_left_truncated),
            **{f"{name}_at": one.reached.get(name) for name in ttp.ORDER if name != "onboarded"},
            **{f"{name}_seconds": seconds(took) for name, took in zip(STAGES, one.stages, strict=True)},
            "is_out_of_order": int(any(took is not None and took < 0 for took in one.stages)),
        }
        for one in subjects
    }
    rows = loaded.rows("SELECT * FROM time_to_production")
    found = {(row["service"], row["start"]): {name: row[name] for name in next(iter(wanted.values()))} for row in rows}
    assert len(found) == len(rows)
    assert found == wanted
    assert {row["status"] for row in rows} == {"done", "open", "archived"}, "a status is never met"
    assert {row["truncation_rule"] for row in rows} == {"", "production_before_start", "begun_before_observation"}


def test_teams_from_their_own_start(loaded: Warehouse, everything: list[ttp.Known], now: datetime) -> None:
    wanted = {
        one.name: (one.started_at, one.finished_at, one.status, seconds(one.elapsed_us), int(one.is_left_truncated))
        for one in ttp.teams(TEAMS, everything, now, SINCE)
    }
    rows = loaded.rows(
        "SELECT team, started_at, finished_at, status, elapsed_seconds, is_left_truncated FROM ttp_teams"
        " WHERE start = 'team_created'"
    )
    assert {row["team"]: tuple(row.values())[1:] for row in rows} == wanted
    assert len(wanted) == 3


def in_slices(subjects: list[ttp.Subject]) -> dict[tuple[str, str, str, str, int], list[ttp.Subject]]:
    """(start, team, template, cohort, nth) -> who is in it; empty, all and 0 are everybody."""
    numbers = ttp.nth(subjects)
    slices: defaultdict[tuple[str, str, str, str, int], list[ttp.Subject]] = defaultdict(list)
    for one in subjects:
        if one.is_left_truncated:
            continue
        month = f"{one.started_at:%Y-%m}"
        for key in {
            ("", "", "all", 0),
            ("", "", month, 0),
            (one.team, "", "all", 0),
            ("", one.template, "all", 0),
            ("", one.template, month, 0),
            ("", "", "all", numbers[one.start, one.name]),
        }:
            slices[one.start, *key].append(one)
    return slices


def test_every_median(loaded: Warehouse, subjects: list[ttp.Subject]) -> None:
    wanted = {
        key: expected((one.elapsed_us, one.is_open) for one in members) for key, members in in_slices(subjects).items()
    }
    rows = loaded.rows(
        "SELECT start, team, template, cohort, nth, value_seconds, naive_seconds, n_done, n_open FROM ttp_medians"
        " WHERE start != 'team_created'"
    )
    assert {tuple(row.values())[:5]: tuple(row.values())[5:] for row in rows} == wanted
    assert any(key[4] > 5 for key in wanted)


def test_every_stage(loaded: Warehouse, subjects: list[ttp.Subject]) -> None:
    wanted = {}
    for key, members in in_slices(subjects).items():
        for place, stage in enumerate(STAGES):
            took = [us for one in members if (us := one.stages[place]) is not None]
            later = [any(name in one.reached for name in ttp.ORDER[place + 1 :]) for one in members]
            wanted[*key, stage] = (
                *(seconds(percentile(took, p)) for p in (50, 75, 90)),
                len(took),
                sum(ttp.ORDER[place] in one.reached and not gone for one, gone in zip(members, later, strict=True)),
                sum(one.stages[place] is None and gone for one, gone in zip(members, later, strict=True)),
                sum(us < 0 for us in took),
            )
    rows = loaded.rows(
        "SELECT start, team, template, cohort, nth, stage, p50_seconds, p75_seconds, p90_seconds, n, n_open, n_skipped,"
        " n_out_of_order FROM ttp_stages"
    )
    assert {tuple(row.values())[:6]: tuple(row.values())[6:] for row in rows} == wanted


def test_every_cohort(loaded: Warehouse, subjects: list[ttp.Subject]) -> None:
    wanted = {
        (start, template, cohort): (len([one for one in members if not one.is_open]), len(members))
        for (start, team, template, cohort, number), members in in_slices(subjects).items()
        if cohort != "all" and not team and not number
    }
    rows = loaded.rows("SELECT * FROM ttp_cohorts WHERE start != 'team_created'")
    found = {
        (row["start"], row["template"], f"{row['period_start']:%Y-%m}"): (row["numerator"], row["denominator"])
        for row in rows
    }
    assert found == wanted
    for row in rows:
        assert row["value"] == row["numerator"] / row["denominator"]
        assert row["shown"] == (row["value"] if row["denominator"] >= 5 else None)
        assert row["is_partial"] == int(row["period_start"] == date(2026, 3, 1))
