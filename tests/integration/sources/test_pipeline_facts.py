"""What CI systems and CDEvents tell fits together: a run's states are one run, an incident finds its deployment."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context
from producers.sources.registry import SOURCES
from stream_processors.facts import FactsConfig, facts
from stream_processors.resolve import Resolved, Stored

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTEXT = Context(salt=b"salt")

RUNS = {
    "buildkite": ("scheduled", "running", "eventbridge_started", "finished", "rest_build", "blocked"),
    "cdevents": ("run_queued", "run_started", "run_finished", "taskrun_finished"),
    "jenkins": ("queued", "started", "completed", "finalized"),
    "tekton": ("queued", "running", "unknown", "successful", "task_within"),
}


def told(*named):
    """The events of examples, each `source/example`, in some order."""
    found = []
    for source, name in (one.split("/") for one in named):
        path = EXAMPLES / source / f"{name}.json"
        headers = path.with_suffix(".headers.json")
        found += (
            SOURCES[source]
            .map_events(
                json.loads(path.read_text()), json.loads(headers.read_text()) if headers.exists() else {}, CONTEXT
            )
            .events
        )
    random.Random(1).shuffle(found)
    return [Resolved(Stored(one.source, one.id, one.time, 1, one.data), "explicit") for one in found]


@pytest.mark.parametrize("source", RUNS)
def test_the_states_of_a_run_are_one_run_that_waited_ran_and_ended(source):
    (run,) = facts("pay", told(*(f"{source}/{name}" for name in RUNS[source])), FactsConfig()).ci_runs
    assert run.outcome == "success"
    assert run.queued_at < run.started_at < run.finished_at
    assert run.finished_at.replace(microsecond=0) == datetime(2024, 5, 1, 10, 6, tzinfo=UTC)


def test_a_workflow_run_again_is_another_run_of_the_same_commit():
    failed, retried = facts("pay", told("circleci/failed", "circleci/retried"), FactsConfig()).ci_runs
    assert failed.commit == retried.commit
    assert failed.name == retried.name
    assert {failed.outcome, retried.outcome} == {"failure", "success"}


def test_deployments_of_cdevents_and_the_incident_that_points_at_one():
    events = told(*(f"cdevents/{name}" for name in ("service_deployed", "service_failed", "service_removed")))
    incidents = told(*(f"cdevents/incident_{name}" for name in ("detected", "reported", "resolved")))
    found = facts("pay", events + incidents, FactsConfig())
    assert {release.version: release.is_failed for release in found.releases} == {"1.4.0": 1, "1.5.0": 1}
    (incident,) = found.incidents
    (deployed,) = (release for release in found.releases if release.version == "1.4.0")
    assert incident.release == deployed.release
    assert incident.rule == "deployment"
    assert incident.resolved_at == datetime(2024, 5, 2, 10, 20, tzinfo=UTC)


def test_a_deployment_of_jenkins_and_of_spinnaker():
    names = ("jenkins/deployment_started", "jenkins/deployment_completed", "jenkins/deployment_failed")
    (release,) = facts("pay", told(*names), FactsConfig()).releases
    assert (release.version, release.is_failed) == ("1.4.0", 0)  # a failure after the first success changes nothing
    found = facts("pay", told("spinnaker/pipeline_starting", "spinnaker/pipeline_complete"), FactsConfig())
    assert [run.outcome for run in found.ci_runs] == ["success"]
    assert [(one.version, one.tier) for one in found.attempts] == [("1.4.0", "production")]
