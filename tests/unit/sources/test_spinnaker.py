"""Spinnaker's webhook: given builds and pipelines, expected runs and deployments."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources import jenkins
from producers.sources.common import Context, Rejected
from producers.sources.identity import actor
from producers.sources.spinnaker import map_payload
from schemas.delivery import CiRun, Deployment, Repository

EXAMPLES = Path(__file__).parents[2] / "examples" / "spinnaker"
CONTEXT = Context(salt=b"salt")
PAY = Repository(name="git.example/acme/pay")
C, D = "c3" * 20, "d4" * 20


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, CONTEXT)


def one(name):
    (event,) = mapped(load(name)).events
    return event


def at(minute, second=0, micros=0, hour=10):
    return datetime(2024, 5, 1, hour, minute, second, micros, tzinfo=UTC)


def test_a_build_is_told_while_it_runs_and_when_it_is_finished():
    running, finished = one("build_running"), one("build_finished")
    assert running.id != finished.id
    assert (running.source, running.data.run_id) == (finished.source, finished.data.run_id)
    assert (running.data.state, running.time, running.data.outcome) == ("started", at(0), None)
    assert finished.data == CiRun(
        provider="spinnaker",
        repository=PAY,
        url="https://jenkins.acme.example/job/pay/18/",
        run_id="job/pay/18",
        name="pay",
        ref="main",
        commit=C,
        state="finished",
        outcome="success",
        started_at=at(0),
        finished_at=at(6, 0, 500_000),
    )


def test_a_build_of_which_jenkins_tells_as_well_is_one_run():
    theirs = json.loads((EXAMPLES.parent / "jenkins" / "completed.json").read_text())
    theirs["build"] |= {"url": "job/pay/18/", "full_url": "https://jenkins.acme.example/job/pay/18/"}
    (event,) = jenkins.map_payload(theirs, {}, CONTEXT).events
    ours = one("build_finished")
    assert (event.source, event.data.run_id) == (ours.source, ours.data.run_id)


def test_an_unstable_build_failed():
    assert one("build_unstable").data.outcome == "failure"


def test_a_pipeline_and_its_deploying_stage():
    run, deployment = mapped(load("pipeline_complete")).events
    assert (run.source, run.subject, run.time) == ("//spinnaker", "pay", at(10))
    assert (run.data.run_id, run.data.name) == ("01HWT0000000000000000000P1", "Deploy to production")
    assert (run.data.outcome, run.data.queued_at, run.data.started_at) == ("success", at(59, 59, hour=9), at(0))
    assert deployment.time == at(5)
    assert deployment.data == Deployment(
        provider="spinnaker",
        service="pay",
        repository=PAY,
        actor=actor(CONTEXT, "ada@acme.example"),
        deployment_id="01HWT0000000000000000000S1",
        environment="prod-eu",
        version="1.4.0",
        ref="main",
        commit=C,
        status="success",
        started_at=at(1),
        title="Deploy pay",
    )


def test_a_pipeline_that_starts_has_deployed_nothing():
    event = one("pipeline_starting")
    assert (event.data.state, event.time) == ("started", at(0))


@pytest.mark.parametrize(
    ("name", "outcome", "status"),
    [("pipeline_failed", "failure", "failure"), ("pipeline_canceled", "cancelled", "cancelled")],
)
def test_a_pipeline_that_did_not_succeed(name, outcome, status):
    run, deployment = mapped(load(name)).events
    assert (run.data.outcome, deployment.data.status) == (outcome, status)


def test_stages_within_a_stage_are_parts_of_it_and_a_parents_trigger_names_the_code():
    _, deployment = mapped(load("pipeline_server_groups")).events
    assert (deployment.data.environment, deployment.data.region) == ("prod-aws", "eu-west-1")
    assert (deployment.data.repository, deployment.data.commit) == (Repository(name="github.com/acme/pay"), D)


def test_a_rollback_says_so_and_what_was_skipped_before_it_began_says_nothing():
    _, rollback = mapped(load("pipeline_rollback")).events
    assert (rollback.data.is_rollback, rollback.data.status, rollback.data.version) == (True, "success", "1.3.0")


def test_stages_and_tasks_are_left_out():
    assert mapped(load("stage_complete")).ignored == ("spinnaker:orca:stage:complete",)
    assert mapped([]).ignored == ("spinnaker:empty",)


def test_a_status_that_spinnaker_does_not_have_is_refused():
    payload = load("pipeline_failed")
    payload["content"]["execution"]["status"] = "SPLENDID"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)


@pytest.mark.parametrize(("written", "reason"), [("2024-05-01T10:00:00", "malformed_time"), (None, "missing_field")])
def test_a_time_is_milliseconds_or_none(written, reason):
    payload = load("build_finished")
    payload[0]["content"]["project"]["lastBuild"]["timestamp"] = written
    with pytest.raises(Rejected, match=reason):
        mapped(payload)
