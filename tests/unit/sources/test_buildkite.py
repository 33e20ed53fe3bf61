"""Buildkite: given builds from its webhook, EventBridge and REST API, expected runs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.buildkite import map_payload
from producers.sources.common import Context, Rejected
from producers.sources.identity import actor
from schemas.delivery import CiRun, Repository

EXAMPLES = Path(__file__).parents[2] / "examples" / "buildkite"
CONTEXT = Context(salt=b"salt")
BUILD = "8fcaa7b9-0000-4000-8000-000000000001"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, CONTEXT)


def one(name):
    (event,) = mapped(load(name)).events
    return event


def at(hour, minute, second=0, micros=0):
    return datetime(2024, 5, 1, hour, minute, second, micros, tzinfo=UTC)


def test_a_finished_build():
    event = one("finished")
    assert (event.source, event.subject) == ("//buildkite.com/acme", "git.example/acme/pay")
    assert event.time == at(10, 6, 0, 500_000)
    assert event.data == CiRun(
        provider="buildkite",
        repository=Repository(name="git.example/acme/pay"),
        actor=actor(CONTEXT, "ada@acme.example"),
        url="https://buildkite.com/acme/pay/builds/41",
        run_id=BUILD,
        name="pay",
        ref="main",
        commit="c3" * 20,
        state="finished",
        outcome="success",
        queued_at=at(9, 59, 49),
        started_at=at(10, 0),
        finished_at=at(10, 6, 0, 500_000),
    )


def test_the_states_of_a_build_are_of_one_run():
    states = [one(name) for name in ("scheduled", "running", "finished")]
    assert [event.data.state for event in states] == ["queued", "started", "finished"]
    assert [event.time for event in states] == [at(9, 59, 50), at(10, 0), at(10, 6, 0, 500_000)]
    assert len({(event.source, event.data.run_id) for event in states}) == 1
    assert len({event.id for event in states}) == 3


@pytest.mark.parametrize(
    ("name", "outcome"), [("failed", "failure"), ("canceled", "cancelled"), ("skipped", "skipped")]
)
def test_a_build_that_did_not_pass(name, outcome):
    assert one(name).data.outcome == outcome


def test_a_build_that_waits_for_somebody_is_not_finished():
    assert mapped(load("blocked")).ignored == ("buildkite:build.blocked",)
    assert mapped(load("eventbridge_blocked")).ignored == ("buildkite:build.blocked",)


def test_head_is_no_commit():
    assert one("canceled").data.commit is None


def test_eventbridge_tells_of_the_same_run():
    created, started, finished = (one(f"eventbridge_{name}") for name in ("created", "started", "finished"))
    assert {event.data.run_id for event in (created, started, finished)} == {BUILD}
    assert {event.source for event in (created, started, finished)} == {"//buildkite.com/acme"}
    assert started.id == one("running").id
    assert (created.time, created.data.queued_at) == (at(9, 59, 49), at(9, 59, 49))
    assert (finished.data.started_at, finished.data.finished_at) == (at(10, 0), at(10, 6))


def test_a_build_of_the_rest_api_is_the_event_of_the_webhook():
    assert one("rest_build") == one("finished")


def test_jobs_agents_and_builds_in_between_are_left_out():
    assert mapped(load("eventbridge_job")).ignored == ("buildkite:job_started",)
    assert mapped(load("failing")).ignored == ("buildkite:build.failing",)
    assert mapped(load("ping")).ignored == ("buildkite:ping",)
    assert mapped(load("rest_build") | {"state": "canceling"}).ignored == ("buildkite:build.canceling",)


@pytest.mark.parametrize("name", ["finished", "rest_build"])
def test_a_state_that_buildkite_does_not_have_is_refused(name):
    payload = load(name)
    payload.get("build", payload)["state"] = "splendid"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)
