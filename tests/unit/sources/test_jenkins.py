"""Jenkins' Notification plugin: given phases of builds, expected runs and deployments."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.jenkins import map_payload
from schemas.delivery import CiRun, Deployment, Repository

EXAMPLES = Path(__file__).parents[2] / "examples" / "jenkins"
C = "c3" * 20


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def one(name):
    (event,) = mapped(load(name)).events
    return event


def at(minute, second=0, micros=0, hour=10):
    return datetime(2024, 5, 1, hour, minute, second, micros, tzinfo=UTC)


def test_a_completed_build_is_a_finished_run():
    event = one("completed")
    assert (event.source, event.subject) == ("//jenkins.acme.example", "git.example/acme/pay")
    assert event.time == at(6, 0, 500_000)
    assert event.data == CiRun(
        provider="jenkins",
        repository=Repository(name="git.example/acme/pay"),
        url="https://jenkins.acme.example/job/shop/job/pay/job/main/41/",
        run_id="job/shop/job/pay/job/main/41",
        name="shop/pay/main",
        ref="main",
        commit=C,
        state="finished",
        outcome="success",
        started_at=at(0),
        finished_at=at(6, 0, 500_000),
    )


def test_the_phases_of_a_build_are_states_of_one_run():
    phases = [one(name) for name in ("queued", "started", "completed", "finalized")]
    assert [event.data.state for event in phases] == ["queued", "started", "finished", "finished"]
    assert len({(event.source, event.data.run_id) for event in phases}) == 1
    assert len({event.id for event in phases}) == 4
    assert phases[0].data.queued_at == at(59, 49, hour=9)
    assert phases[1].data.started_at == at(0)
    assert phases[2].time < phases[3].time  # so the phase that knew the end first says when it was


@pytest.mark.parametrize(("name", "outcome"), [("unstable", "failure"), ("aborted", "cancelled")])
def test_a_build_that_did_not_succeed(name, outcome):
    assert one(name).data.outcome == outcome


def test_a_queue_entered_at_no_time_is_left_out():
    assert mapped(load("queued_at_an_unknown_time")).ignored == ("jenkins:queued_at_an_unknown_time",)


def test_a_job_that_says_where_it_deploys_is_a_deployment_too():
    run, deployment = mapped(load("deployment_completed")).events
    assert isinstance(run.data, CiRun)
    assert isinstance(deployment.data, Deployment)
    assert run.id != deployment.id
    assert (deployment.data.deployment_id, deployment.data.status) == ("job/deploy-pay/7", "success")
    assert (deployment.data.environment, deployment.data.service) == ("production", "pay")
    assert (deployment.data.version, deployment.data.commit) == ("1.4.0", C)
    assert deployment.data.started_at == at(0)


@pytest.mark.parametrize(("name", "status"), [("deployment_started", "started"), ("deployment_failed", "failure")])
def test_states_of_a_deployment(name, status):
    assert mapped(load(name)).events[1].data.status == status


def test_a_phase_of_no_interest_is_left_out():
    payload = load("started")
    payload["build"]["phase"] = "NONE"
    assert mapped(payload).ignored == ("jenkins:phase.none",)


def test_a_result_that_jenkins_does_not_have_is_refused():
    payload = load("completed")
    payload["build"]["status"] = "SPLENDID"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)


def test_a_build_without_a_time_is_refused():
    payload = load("completed")
    del payload["build"]["timestamp"]
    with pytest.raises(Rejected, match="missing_field"):
        mapped(payload)


def test_a_jenkins_that_does_not_know_its_address():
    payload = load("completed")
    del payload["build"]["full_url"]
    (event,) = mapped(payload).events
    assert (event.source, event.data.run_id) == ("//jenkins", "job/shop/job/pay/job/main/41")


def test_a_detached_head_is_no_branch():
    payload = load("completed")
    payload["build"]["scm"]["branch"] = "detached"
    assert mapped(payload).events[0].data.ref is None
