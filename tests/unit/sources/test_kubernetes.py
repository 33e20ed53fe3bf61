"""Kubernetes objects: given Deployments and Events, expected deployments."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources import workloads
from producers.sources.common import Context, Rejected
from producers.sources.kubernetes.mapper import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "kubernetes"
ID = "1d6a7a0e-9a52-4b5e-8a0f-5b4f0c1f7b21:5"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def only(name):
    (event,) = mapped(load(name)).events
    return event


def progressing(payload):
    return payload["status"]["conditions"][1]


def test_a_deployment_that_has_rolled_out_is_a_success_at_that_moment():
    event = only("deployment_complete")
    deployment = event.data
    assert (event.source, event.subject) == ("//kubernetes", "pay")
    assert event.time == datetime(2024, 5, 2, 9, 31, 40, tzinfo=UTC)
    assert (deployment.status, deployment.deployment_id) == ("success", ID)
    assert (deployment.service, deployment.environment, deployment.version) == ("pay", "production", "1.4.0")
    assert (deployment.repository.name, deployment.title) == ("git.example/acme/pay", "pay 1.4.0")
    assert deployment.labels == {"app.kubernetes.io/name": "pay", "app.kubernetes.io/managed-by": "Helm"}


def test_a_rollout_past_its_deadline_failed():
    event = only("deployment_deadline_exceeded")
    assert (event.data.status, event.data.deployment_id) == ("failure", ID)
    assert event.data.title == 'ReplicaSet "pay-57d9989bd" has timed out progressing.'


def test_a_rollout_begins_with_its_replica_set():
    event = only("watch_modified_begun")
    assert (event.data.status, event.data.deployment_id) == ("started", ID)
    assert event.time == datetime(2024, 5, 2, 9, 30, tzinfo=UTC)


def test_every_envelope_gives_the_same_event():
    bare = load("deployment_complete")
    assert mapped({"type": "ADDED", "object": bare}).events == mapped(bare).events
    assert mapped(load("kubewatch_cloudevent")).events == mapped(bare).events


def test_a_later_state_of_the_same_rollout_is_the_same_event():
    later = load("deployment_complete")
    later["metadata"]["resourceVersion"] = "999999"
    later["metadata"]["generation"] = later["status"]["observedGeneration"] = 7  # scaled: no revision
    later["spec"]["replicas"] = later["status"]["replicas"] = later["status"]["updatedReplicas"] = 9
    assert mapped(later).events == mapped(load("deployment_complete")).events


def test_conditions_of_the_specification_before_say_nothing_of_the_newest():
    payload = load("deployment_complete")
    payload["metadata"]["generation"] = 7
    assert mapped(payload).ignored == ("kubernetes:deployment.in_progress",)


def test_a_rollout_back_to_an_old_replica_set_is_not_done_before_its_pods_are():
    payload = load("deployment_complete")
    payload["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "6"
    payload["status"]["updatedReplicas"] = 0  # the condition still speaks of revision 5
    assert mapped(payload).ignored == ("kubernetes:deployment.in_progress",)


def test_a_label_names_the_version_before_the_image_does():
    payload = load("deployment_complete")
    payload["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/version"] = "2024.5"
    assert mapped(payload).events[0].data.version == "2024.5"


@pytest.mark.parametrize(
    ("image", "version", "commit"),
    [
        ("pay:1.4.0", "1.4.0", None),
        ("registry.example:5000/acme/pay:sha-4f2a91c", "sha-4f2a91c", "4f2a91c"),
        (f"acme/pay:main-{'git'}-4f2a91cd", "main-git-4f2a91cd", "4f2a91cd"),
        ("acme/pay:20240502", "20240502", None),  # a date, though all of its digits are hex
        ("registry.example:5000/acme/pay", None, None),
        (f"acme/pay@sha256:{'e5' * 32}", "sha256:e5e5e5e5e5e5", None),
        ("acme/pay:latest", None, None),
        (None, None, None),
    ],
)
def test_versions_and_commits_in_images(image, version, commit):
    tag = workloads.tag_of(image)
    assert (tag, workloads.commit_of(tag)) == (version, commit)


def test_flux_writes_its_success_as_an_event_object():
    event = only("event_of_flux")
    assert (event.source, event.data.provider, event.data.status) == ("//flux", "flux", "success")
    assert event.time == datetime(2024, 5, 2, 9, 31, tzinfo=UTC)  # the last of three
    assert event.data.commit == "b2" * 20


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("watch_modified_in_progress", "kubernetes:deployment.in_progress"),
        ("watch_deleted", "kubernetes:deleted"),
        ("replica_set", "kubernetes:replicaset"),
        ("event_of_a_rollout", "kubernetes:event.rollout.rolloutaborted"),
        ("event_scaling", "kubernetes:event.deployment.scalingreplicaset"),
        ("kubewatch_text", "kubernetes:kubewatch_text"),
    ],
)
def test_what_ends_no_rollout_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


def test_a_deployment_without_a_deadline_reports_no_progress():
    payload = load("deployment_complete")
    del payload["status"]["conditions"][1]
    assert mapped(payload).ignored == ("kubernetes:deployment.no_progress_reported",)


def test_an_object_that_kubewatch_left_out_is_missed():
    payload = load("kubewatch_cloudevent")
    del payload["data"]["obj"]
    with pytest.raises(Rejected, match=r"expected data\.obj"):
        mapped(payload)
