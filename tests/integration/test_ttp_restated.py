"""A late event restates the way to production and the pipelines, through the processors and recompute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.catalog import Observation, Service, Team
from schemas.delivery import CiRun, Commit, Deployment, Push, Repository
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, unit_id
from tests.support.line import Line, event

REPOSITORY = Repository(name="git.example/acme/pay", default_branch="main")
SHA = "c" * 40
DAY = 86_400.0


def june(day: int, hour: float = 0) -> datetime:
    return datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def deployed(name: str, day: int, environment: str = "production") -> Event:
    data = Deployment(provider="t", service="pay", deployment_id=name, environment=environment, status="success")
    return event(data, june(day))


def pushed(day: int) -> Event:
    commit = Commit(sha=SHA, committed_at=june(day), clock="committer")
    push = Push(provider="t", service="pay", repository=REPOSITORY, ref="refs/heads/main", after=SHA, commits=(commit,))
    return event(push, june(day, 1))


def ran(state: str, hour: float, **fields: Any) -> Event:
    outcome = fields.pop("outcome", "success" if state == "finished" else None)
    given = {"run_id": "7", "name": "build", "commit": SHA, "state": state, "outcome": outcome, **fields}
    return event(CiRun(provider="t", service="pay", **given), june(3, hour))


def onboarded(day: int, said: int) -> Event:
    return event(Service(service="pay", onboarded_at=june(day)), june(said))


def way(pipeline: Line, start: str = "onboarded") -> list[tuple[Any, ...]]:
    columns = "status, value_seconds / 86400, first_nonprod_deployment_at, first_production_deployment_at"
    return pipeline.rows(f"SELECT {columns} FROM time_to_production WHERE start = '{start}'")


def told(pipeline: Line, *events: Event) -> None:
    pipeline.send(*events)
    pipeline.recompute()


def test_a_late_earlier_deployment_moves_the_milestone_and_everything_above_it(pipeline: Line) -> None:
    told(pipeline, onboarded(1, 1), deployed("d2", 9))
    assert way(pipeline) == [("done", 8.0, None, june(9))]
    late = deployed("d1", 4)
    pipeline.send(late)
    taken = pipeline.recompute()
    restated = [("done", 3.0, None, june(4))]
    assert way(pipeline) == restated
    assert pipeline.rows("SELECT event FROM ttp_milestones WHERE origin = 'delivery'") == [(late.id,)]
    assert pipeline.rows("SELECT value_seconds, n_done FROM ttp_median WHERE is_headline AND cohort = '2026-06'") == [
        (3 * DAY, 1)
    ]
    told(pipeline, late)
    pipeline.recompute(taken)
    assert way(pipeline) == restated, "a replay changes nothing"
    told(pipeline, deployed("s1", 2, "staging"), deployed("d3", 12))
    assert way(pipeline) == [("done", 3.0, june(2), june(4))], "a later one moves nothing"


def test_a_service_on_its_way_arrives_when_its_first_deployment_is_told_at_last(pipeline: Line) -> None:
    told(pipeline, onboarded(1, 1), pushed(2))
    assert [row[0] for row in way(pipeline)] == ["open"]
    median = "SELECT value_seconds, null_reason, n_open FROM ttp_median WHERE is_headline AND cohort = '2026-06'"
    assert pipeline.rows(median) == [(None, "not_reached", 1)]
    told(pipeline, deployed("d1", 9))
    assert way(pipeline) == [("done", 8.0, None, june(9))]
    assert way(pipeline, "first_commit") == [("done", 7.0, None, june(9))]


def test_of_two_onboarding_dates_the_earliest_said_stands_in_any_order_of_arrival(pipeline: Line) -> None:
    told(pipeline, deployed("d1", 9), onboarded(5, 6))
    assert way(pipeline)[0][1] == 4.0
    told(pipeline, onboarded(3, 7))
    assert way(pipeline)[0][1] == 4.0, "said later, it is a contradiction"
    told(pipeline, onboarded(2, 5))
    assert way(pipeline)[0][1] == 7.0, "said earlier, it stands"


def test_observation_and_a_teams_own_start_come_through_the_catalog(pipeline: Line) -> None:
    told(pipeline, onboarded(1, 1), deployed("d1", 9), event(Team(team="new", created_at=june(10)), june(10)))
    assert pipeline.rows("SELECT team, status FROM ttp_teams WHERE start = 'team_created'") == [("new", "open")]
    told(pipeline, event(Observation(source="//test", observed_since=june(2)), june(10)))
    assert pipeline.rows("SELECT truncation_rule, observed_since FROM time_to_production") == [
        ("begun_before_observation", june(2))
    ]


def test_late_traffic_moves_the_first_production_traffic(pipeline: Line) -> None:
    told(pipeline, event(Service(service="pay", onboarded_at=june(1), aliases=("pay-gw",)), june(1)))

    def requests(number: int, day: int) -> list[GatewayRequest]:
        unit = unit_id("s", str(number), b"")
        return [
            GatewayRequest(
                unit=unit, at=june(day, 10), service="pay-gw", consumer="shop", method="GET", status=200, outcome="ok"
            )
        ]

    for number, day, first in ((1, 9, 9), (2, 5, 5), (3, 7, 5)):
        pipeline.send_traffic(requests(number, day))
        pipeline.recompute()
        assert pipeline.rows("SELECT service, first_production_traffic_at FROM time_to_production") == [
            ("pay", june(first, 10))
        ]


def test_the_states_of_a_run_come_in_any_order_and_twice(pipeline: Line) -> None:
    queued, started = ran("queued", 10), ran("started", 10.1)
    ended, rerun = ran("finished", 10.5, outcome="failure"), ran("finished", 12, attempt=2)
    told(pipeline, rerun, ended)
    assert pipeline.rows("SELECT metric, value FROM ci_daily WHERE metric LIKE '%ratio' AND n > 0 ORDER BY metric") == [
        ("ci_flaky_ratio", 1.0),
        ("ci_success_ratio", 0.5),
    ]
    told(pipeline, started, queued, ended)
    assert pipeline.rows(
        "SELECT attempt, rule, source, outcome, queued_at, started_at, finished_at FROM ci_runs ORDER BY attempt"
    ) == [
        (1, "explicit", "//test", "failure", june(3, 10), june(3, 10.1), june(3, 10.5)),
        (2, "explicit", "//test", "success", None, None, june(3, 12)),
    ]
