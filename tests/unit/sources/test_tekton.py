"""Tekton's CloudEvents: given objects in their states, expected runs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.identity import actor
from producers.sources.tekton import map_payload
from schemas.delivery import CiRun, Repository

EXAMPLES = Path(__file__).parents[2] / "examples" / "tekton"
CONTEXT = Context(salt=b"salt")
PAY = Repository(name="git.example/acme/pay")


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def headers_of(name):
    path = EXAMPLES / f"{name}.headers.json"
    return json.loads(path.read_text()) if path.exists() else {}


def mapped(payload, headers=None):
    return map_payload(payload, headers or {}, CONTEXT)


def one(name):
    (event,) = mapped(load(name), headers_of(name)).events
    return event


def at(minute, second=0, hour=10):
    return datetime(2024, 5, 1, hour, minute, second, tzinfo=UTC)


def test_a_successful_pipeline_run():
    event = one("successful")
    assert (event.source, event.subject, event.time) == ("//tekton/ci", "git.example/acme/pay", at(6))
    assert event.data == CiRun(
        provider="tekton",
        repository=PAY,
        labels={"tekton.dev/pipeline": "pay-build"},
        actor=actor(CONTEXT, "ada"),
        url="https://console.acme.example/ns/ci/pay-build-x7k2p",
        run_id="4ccb4f01-0000-4000-8000-000000000001",
        name="pay-build",
        ref="main",
        commit="c3" * 20,
        state="finished",
        outcome="success",
        queued_at=at(0),
        started_at=at(0, 2),
        finished_at=at(6),
    )


def test_the_states_of_a_run_are_of_one_run():
    states = [one(name) for name in ("queued", "running", "successful")]
    assert [event.data.state for event in states] == ["queued", "started", "finished"]
    assert [event.time for event in states] == [at(0), at(0, 2), at(6)]
    assert len({(event.source, event.data.run_id) for event in states}) == 1


def test_what_happens_while_it_runs_is_told_again_and_again_as_one_event():
    assert one("unknown") == one("running")


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("failed", "failure"), ("cancelled", "cancelled"), ("timed_out", "timed_out"), ("not_found", "error")],
)
def test_a_run_that_did_not_succeed(name, outcome):
    assert one(name).data.outcome == outcome


def test_a_run_that_could_not_begin_ended_when_its_condition_says():
    event = one("not_found")
    assert (event.time, event.data.started_at) == (at(0, 1), None)


def test_a_task_that_runs_alone_is_a_run_and_one_within_a_pipeline_is_none():
    run = one("task_alone").data
    assert (run.name, run.service, run.repository, run.commit) == ("scan", "pay", PAY, "d4" * 20)
    assert mapped(load("task_within")).ignored == ("tekton:taskrun.within_a_pipeline",)


def test_a_pipeline_within_a_pipeline_is_none():
    payload = load("successful")
    payload["pipelineRun"]["metadata"]["ownerReferences"] = [{"kind": "PipelineRun", "name": "parent"}]
    assert mapped(payload).ignored == ("tekton:pipelinerun.within_a_pipeline",)


def test_structured_mode():
    assert one("structured") == mapped(load("structured")["data"], headers_of("successful")).events[0]


def test_other_objects_are_left_out():
    assert mapped(load("custom_run"), headers_of("custom_run")).ignored == ("tekton:customrun.started.v1",)
    assert mapped({"customRun": {}}).ignored == ("tekton:no_run",)


def test_a_condition_that_kubernetes_does_not_have_is_refused():
    payload = load("successful")
    payload["pipelineRun"]["status"]["conditions"][0]["status"] = "Splendid"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)
