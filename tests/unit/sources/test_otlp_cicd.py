"""OpenTelemetry's CI/CD spans: given exports of traces, expected runs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.otlp_cicd import map_payload
from schemas.delivery import CiRun, Repository

EXAMPLES = Path(__file__).parents[2] / "examples" / "otlp_cicd"
PAY = Repository(name="git.example/acme/pay")
TRACE = "5b8efff798038103d269b633813fc60c"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def one(name):
    (event,) = mapped(load(name)).events
    return event


def at(minute, second=0, micros=0):
    return datetime(2024, 5, 1, 10, minute, second, micros, tzinfo=UTC)


def test_the_span_of_a_pipeline_run_is_a_run_and_its_tasks_are_none():
    mapping = mapped(load("success"))
    (event,) = mapping.events
    assert mapping.ignored == ("otlp:cicd_task",)
    assert (event.source, event.subject) == ("//ci.acme.example", "git.example/acme/pay")
    assert event.time == at(6, 0, 500_000)
    assert event.data == CiRun(
        provider="otlp",
        repository=PAY,
        url="https://ci.acme.example/pay/runs/4711",
        run_id="4711",
        name="pay-build",
        ref="main",
        commit="c3" * 20,
        state="finished",
        outcome="success",
        started_at=at(0),
        finished_at=at(6, 0, 500_000),
    )


@pytest.mark.parametrize(
    ("name", "outcome"), [("failure", "failure"), ("cancelled", "cancelled"), ("timed_out", "timed_out")]
)
def test_a_run_that_did_not_succeed(name, outcome):
    assert one(name).data.outcome == outcome


def test_without_id_and_result_the_trace_and_the_spans_error_stand():
    event = one("without_result")
    assert (event.source, event.data.run_id, event.data.outcome) == ("//otlp", TRACE, "failure")
    assert (event.data.ref, event.data.commit, event.data.repository) == ("refs/tags/v1.4.0", "d4" * 20, PAY)


@pytest.mark.parametrize("value", [{"intValue": "4711"}, {"intValue": 4711}])
def test_an_id_may_be_a_number(value):
    payload = load("success")
    attributes = payload["resourceSpans"][0]["resource"]["attributes"]
    next(one for one in attributes if one["key"] == "cicd.pipeline.run.id")["value"] = value
    assert mapped(payload).events[0].data.run_id == "4711"


def test_without_a_result_and_an_error_nothing_is_read_into_a_span():
    payload = load("without_result")
    payload["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["status"] = {}
    assert mapped(payload).events[0].data.outcome is None


def test_other_spans_are_left_out():
    assert mapped(load("other")).ignored == ("otlp:not_cicd",)
    assert mapped({"resourceLogs": []}).ignored == ("otlp:no_spans",)


def test_a_span_exported_twice_is_one_event():
    twice = load("success")
    twice["resourceSpans"] *= 2
    assert len({event.id for event in mapped(twice).events}) == 1


def test_a_result_that_the_conventions_do_not_have_is_refused():
    payload = load("success")
    payload["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"][0]["value"]["stringValue"] = "splendid"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)
