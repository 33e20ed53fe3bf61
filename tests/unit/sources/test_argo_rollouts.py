"""Argo Rollouts' notifications: given Rollouts, expected deployments."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.argo_rollouts import map_payload
from producers.sources.common import Context, Rejected

EXAMPLES = Path(__file__).parents[2] / "examples" / "argo-rollouts"
ID = "7c1f4b9e-7c4f-4a65-9d54-3a1d0f3c2b10:7"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def only(name):
    (event,) = mapped(load(name)).events
    return event


def at(minute, second):
    return datetime(2024, 5, 2, 9, minute, second, tzinfo=UTC)


def test_a_completed_rollout_is_a_successful_deployment_of_its_revision():
    event = only("completed")
    deployment = event.data
    assert (event.source, event.subject, event.time) == ("//argo-rollouts", "pay", at(44, 5))
    assert (deployment.status, deployment.deployment_id) == ("success", ID)
    assert (deployment.service, deployment.environment, deployment.version) == ("pay", "production", "1.4.0")
    assert deployment.labels == {"app.kubernetes.io/name": "pay", "team": "payments"}


@pytest.mark.parametrize(
    ("name", "status", "when"),
    [
        ("updated", "started", at(30, 0)),
        ("aborted", "failure", at(40, 10)),
        ("aborted_told_one_step_behind", "failure", at(40, 12)),  # its Rollout still says Paused
    ],
)
def test_all_states_of_a_revision_are_one_deployment(name, status, when):
    event = only(name)
    assert (event.data.status, event.time, event.data.deployment_id) == (status, when, ID)


def test_an_abort_says_why():
    assert only("aborted").data.title.endswith('metric "errors" assessed Failed')


@pytest.mark.parametrize(
    ("name", "reason"),
    [("paused", "argo-rollouts:unfinished"), ("step_completed", "argo-rollouts:on-rollout-step-completed")],
)
def test_steps_in_between_are_ignored(name, reason):
    assert mapped(load(name)).ignored == (reason,)


def test_pods_that_fail_while_a_rollout_goes_on_are_no_failed_deployment():
    payload = load("aborted")
    payload["rollout"]["status"]["conditions"][0]["reason"] = "ReplicaSetUpdated"
    assert mapped(payload).ignored == ("argo-rollouts:unfinished",)


def test_a_notification_told_again_is_the_same_event():
    again = load("updated")
    again["at"] = "2024-05-02T09:30:03Z"  # rendered anew by a retry
    assert mapped(again).events[0].id == only("updated").id


def test_a_rollout_without_a_revision_is_refused():
    payload = load("completed")
    payload["rollout"]["metadata"]["annotations"] = {}
    with pytest.raises(Rejected, match=r"expected metadata\.annotations\.rollout\.argoproj\.io/revision"):
        mapped(payload)


def test_a_rollout_that_says_no_time_is_refused():
    payload = load("completed")
    payload["rollout"]["status"]["conditions"] = []
    with pytest.raises(Rejected, match="expected at, or a condition Completed or Progressing"):
        mapped(payload)
