"""`adoption explain` on a small history whose every event is accounted for by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reports.explain_command import explain
from reports.explained_measures import KINDS
from schemas import settings as settings_module
from schemas.catalog import Mapping, Ownership, Service
from schemas.delivery import CiRun, Commit, Deployment, Incident, Push, Repository
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, unit_id
from tests.support.line import Line, event

REPOSITORY = Repository(name="git.example/acme/pay", default_branch="main")
SHA = "c1".ljust(40, "0")
Run = Callable[..., Result]


def june(day: int, hour: float = 9) -> datetime:
    return datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def deployed(name: str, time: datetime, version: str, **fields: Any) -> Event:
    given = {"environment": "production", "status": "success", "repository": REPOSITORY, **fields}
    return event(Deployment(provider="t", deployment_id=name, version=version, **given), time, fields.get("name"))


def requests(name: str, count: int, **fields: Any) -> list[GatewayRequest]:
    given = {"status": 200, "outcome": "ok", "consumer": "web", "team": "shop", **fields}
    return [
        GatewayRequest(
            unit=unit_id("//gateway", name, b""), at=june(3, 10) + timedelta(minutes=number), service="pay",
            route="/", method="GET", latency_us=1_000, **given,
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def told(running: Line) -> Line:
    running.empty()
    push = Push(
        provider="t", repository=REPOSITORY, ref="refs/heads/main", after=SHA,
        commits=(Commit(sha=SHA, committed_at=june(1, 8), clock="committer"),),
    )  # fmt: skip
    run = CiRun(provider="t", repository=REPOSITORY, run_id="7", state="finished", outcome="success", commit=SHA)
    running.send(
        event(Service(service="pay", onboarded_at=june(1, 0), is_platform=True), june(1)),
        event(Ownership(name="pay", team="payments"), june(1)),
        event(Mapping(repository=REPOSITORY.name or "", service="pay"), june(1)),
        event(push, june(1)),
        event(run, june(1, 10)),
        deployed("s", june(1, 12), "v1", environment="staging"),
        deployed("d1", june(2, 8), "v1", status="started"),
        deployed("d1", june(2), "v1", commit=SHA),
        deployed("d2", june(3), "v2"),
        event(Incident(provider="t", service="pay", incident_id="i", state="opened"), june(3, 10)),
        deployed("d3", june(3, 11), "v1"),
        deployed("d4", june(12), "v3"),
    )
    running.send_traffic(requests("a", 3), requests("b", 1, status=500, outcome="error"))
    running.send_traffic(requests("c", 1, is_synthetic=True))
    running.recompute()
    return running


@pytest.fixture
def run(told: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_URL", told.settings.clickhouse_url)
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_DATABASE", told.settings.clickhouse_database)
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_USER", told.settings.clickhouse_user)
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_PASSWORD", told.settings.clickhouse_password.get_secret_value())
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_TIMEOUT", "120")
    settings_module.settings.cache_clear()
    yield lambda *arguments: CliRunner().invoke(explain, list(arguments), catch_exceptions=False)
    settings_module.settings.cache_clear()


def listed(result: Result) -> tuple[dict[str, Any], list[tuple[str, ...]], list[tuple[str, ...]]]:
    """The value, what is counted (fact, role, part, rule), what is not (fact, reason, kind)."""
    found = json.loads(result.stdout)
    counted: list[tuple[str, ...]] = [(row["fact"], row["role"], row["part"], row["rule"]) for row in found["counted"]]
    other: list[tuple[str, ...]] = [(row["fact"], row["reason"], row["kind"]) for row in found["not_counted"]]
    return found["values"][0], sorted(counted), sorted(other)


def test_frequency(run: Run) -> None:
    value, counted, other = listed(run("deployment_frequency", "--service", "pay", "--period", "2026-W23", "--json"))
    assert (value["numerator"], value["denominator"]) == (3, 7)
    assert counted == [(name, "finished", "numerator", "first_success") for name in ("d1", "d2", "d3")]
    assert other == [("", "in_progress", "deployment"), ("", "nonprod_environment", "deployment")]


def test_fail_ratio_and_recovery(run: Run) -> None:
    value, counted, _ = listed(run("change_fail", "--service", "pay", "--period", "2026-06", "--json"))
    assert (value["numerator"], value["denominator"]) == (1, 4)
    assert [one for one in counted if one[2] == "numerator"] == [
        ("d2", "incident", "numerator", "incident"),
        ("d2", "rolled_back", "numerator", "rolled_back"),
    ]
    asked = ("failed_deployment_recovery_time", "--service", "pay", "--period", "2026-06", "--json")
    value, counted, other = listed(run(*asked))
    assert value["value"] == 2 * 3600
    assert counted == [("d2", "finished", "value", "failed_at"), ("d2", "recovered", "value", "rollback")]
    assert [fact for fact, reason, _ in other if reason == "not_failed"] == ["d1", "d3", "d4"]


def test_lead_time_of_a_team_is_made_of_its_services(run: Run) -> None:
    value, counted, _ = listed(run("change_lead_time", "--team", "payments", "--period", "2026-06-02", "--json"))
    assert (value["value"], value["n"]) == (25 * 3600, 1)
    assert counted == [(SHA, "committed", "value", "pushes"), (SHA, "deployed", "value", "pushes")]


def test_the_way_to_production(run: Run, told: Line) -> None:
    result = run("time_to_production", "--service", "pay", "--period", "2026-06", "--json")
    _, counted, other = listed(result)
    assert [fact for fact, *_ in counted] == [
        "first_ci_run", "first_ci_success", "first_commit", "first_nonprod_deployment", "first_production_deployment",
        "first_production_traffic", "onboarded",
    ]  # fmt: skip
    assert ("", "in_progress", "deployment") in other
    (onboarded,) = [row for row in json.loads(result.stdout)["counted"] if row["fact"] == "onboarded"]
    archived = told.rows(
        "SELECT kind FROM catalog_events WHERE source = {source:String} AND id = {event:String}",
        {name: onboarded[name] for name in ("source", "event")},
    )
    assert archived == [("service",)]


def test_incidents_and_ci(run: Run) -> None:
    _, counted, other = listed(run("incidents", "--service", "pay", "--period", "2026-06", "--json"))
    assert (counted, other) == ([("i", "opened", "value", "window")], [])
    value, counted, _ = listed(run("ci_success", "--service", "pay", "--period", "2026-06", "--json"))
    assert (value["numerator"], value["denominator"]) == (1, 1)
    assert {part for _, _, part, _ in counted} == {"numerator", "denominator"}


def test_adoption_goes_down_to_units_of_the_archive(run: Run, told: Line) -> None:
    found = json.loads(run("adoption", "--service", "pay", "--period", "2026-06-03", "--json").stdout)
    assert [(row["uses"], row["consumers"], row["teams"]) for row in found["values"]] == [(3, 1, 1)]
    assert [(row["consumer"], row["team"], row["team_rule"], row["uses"]) for row in found["counted"]] == [
        ("web", "shop", "record", 3)
    ]
    assert sorted((row["reason"], row["uses"]) for row in found["not_counted"]) == [("error", 1), ("synthetic", 1)]
    units = [row["unit"] for row in found["units"]]
    assert len(units) == 3
    again = told.rows(
        "SELECT sum(requests) FROM gateway_unit_rows FINAL WHERE lower(hex(unit)) IN {units:Array(String)} "
        "AND service = 'pay' AND outcome = 'ok' AND is_synthetic = 0",
        {"units": units},
    )
    assert again == [(3,)]


def test_for_people_it_is_a_table_with_reasons_and_coverage(run: Run) -> None:
    text = run("change_fail", "--service", "pay", "--period", "2026-06").stdout
    assert text.startswith("change_fail_ratio of pay, 2026-06-01 to 2026-07-01 (not in it)\n")
    assert "numerator 1, denominator 4" in text
    assert "nonprod_environment 1" in text
    assert "rolled_back" in text
    assert "Coverage, all services: " in text


def test_of_a_team_others_of_the_same_service_are_one_line(run: Run) -> None:
    """The error and the probe were the shop's own; another team's explanation says no more of them than how many."""
    found = json.loads(run("adoption", "--service", "pay", "--team", "shop", "--period", "2026-06-03", "--json").stdout)
    assert len(found["counted"]) == 1
    assert sorted(row["reason"] for row in found["not_counted"]) == ["error", "synthetic"]
    assert found["others"]["teams"] == 0
    found = json.loads(run("adoption", "--service", "pay", "--team", "web", "--period", "2026-06-03", "--json").stdout)
    assert (found["counted"], found["not_counted"], found["units"]) == ([], [], [])
    assert found["others"] == {"teams": 1, "counted": 1, "not_counted": 2, "uses": 5}
    text = run("adoption", "--service", "pay", "--team", "web", "--period", "2026-06-03").stdout
    assert "Of other teams, not listed: teams 1, counted 1, not_counted 2, uses 5\n" in text


@pytest.mark.parametrize("metric", sorted({re.sub(r"_p(?!50)\d\d_", "_p50_", one) for one in KINDS}))
def test_every_measure_can_be_explained(run: Run, metric: str) -> None:
    found = json.loads(run(metric, "--service", "pay", "--period", "2026-06", "--json").stdout)
    assert found["metric"] == metric
    assert all(bool(row["counted"]) == (not row["reason"]) for row in (*found["counted"], *found["not_counted"]))


def test_a_number_of_traffic_names_units_hours_and_minutes(run: Run) -> None:
    result = run("availability", "--service", "pay", "--period", "2026-06-03")
    assert "value 0.8, shown 0.8, numerator 4, denominator 5" in result.stdout
    assert "Units behind the traffic: 3" in result.stdout
    assert "0 to 2" in result.stdout  # three ok requests, a minute each
    assert run("latency", "--team", "payments", "--period", "2026-06-03").exit_code == 0


def test_a_view_says_which_measures_explain_it_or_why_none_does(run: Run) -> None:
    assert "Explained by `adoption explain uptime`." in run("uptime_daily", "--service", "pay").output
    assert "a table of published bounds" in run("tiers", "--service", "pay").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("change_fial", "--service", "pay"), "no measure 'change_fial': expected one of change_fail"),
        (("change_fail", "--service", "pya"), "no service 'pya' is known: expected one of pay"),
        (("change_fail", "--team", "nobody"), "team 'nobody' had no service with deliveries"),
        (("change_fail",), "give --service or --team"),
        (("adoption", "--team", "shop"), "give --service"),
        (("slo", "--team", "payments"), "give --service"),
        (("change_fail", "--service", "pay", "--team", "payments"), "got both"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_what_could_be(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    result = run(*arguments, "--period", "2026-06")
    assert result.exit_code == 1
    assert said in result.output


def test_a_period_that_is_none_is_refused(run: Run) -> None:
    assert "change_fail_ratio is of a period: give --period" in run("change_fail", "--service", "pay").output
    result = run("change_fail", "--service", "pay", "--period", "June")
    assert result.exit_code == 1
    assert "expected a period such as 2026-W27" in result.output
