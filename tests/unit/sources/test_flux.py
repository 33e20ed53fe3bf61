"""Flux's notifications: given events of its objects, expected deployments."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.flux import Revision, map_payload, revision_of

EXAMPLES = Path(__file__).parents[2] / "examples" / "flux"
UID = "5d2c3c8e-17c6-4a3a-9d1b-0f9f5a8c1e77"
COMMIT = "b2" * 20


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def only(name):
    (event,) = mapped(load(name)).events
    return event


def test_a_passed_health_check_ends_a_kustomizations_deployment():
    event = only("kustomization_healthy")
    deployment = event.data
    assert (event.source, event.subject) == ("//flux/eu-1", "pay")
    assert event.time == datetime(2024, 5, 2, 9, 31, tzinfo=UTC)
    assert (deployment.status, deployment.deployment_id) == ("success", f"{UID}@{COMMIT}")
    assert (deployment.commit, deployment.ref, deployment.version) == (COMMIT, "main", None)
    assert (deployment.service, deployment.environment) == ("pay", "production")
    assert deployment.labels == {"cluster": "eu-1"}


@pytest.mark.parametrize(
    ("name", "status"), [("kustomization_applied", "started"), ("kustomization_unhealthy", "failure")]
)
def test_all_states_of_a_revision_are_one_deployment(name, status):
    deployment = only(name).data
    assert (deployment.status, deployment.deployment_id) == (status, f"{UID}@{COMMIT}")


def test_what_was_applied_is_the_end_where_nothing_checks_health():
    payload = load("kustomization_applied")
    payload["metadata"]["health-checks"] = "none"
    assert mapped(payload).events[0].data.status == "success"


def test_a_revision_of_flux_one_and_a_failure_without_addresses():
    deployment = only("kustomization_of_flux_one").data
    assert (deployment.status, deployment.commit, deployment.ref) == ("failure", COMMIT, "main")
    assert (deployment.environment, deployment.title) == ("apps", "service/apps/pay validation error, ask [email]")


def test_an_artifacts_digest_is_no_commit_its_origin_is():
    deployment = only("kustomization_of_an_artifact").data
    assert (deployment.version, deployment.commit) == ("1.4.0", "c3" * 20)
    assert (deployment.service, deployment.ref) == ("pay-api", "main")


def test_a_helm_upgrade_is_known_by_its_releases_number():
    deployment = only("helm_upgraded").data
    assert (deployment.status, deployment.deployment_id) == ("success", f"{UID}@v12")
    assert (deployment.version, deployment.commit) == ("1.4.0", None)
    assert deployment.labels == {"app-version": "2.0.1"}


def test_a_rollback_brings_back_the_chart_that_its_message_names():
    failed, back = only("helm_upgrade_failed").data, only("helm_rolled_back").data
    assert (failed.status, failed.version, failed.is_rollback) == ("failure", "1.5.0", None)
    assert (back.status, back.version, back.is_rollback) == ("success", "1.4.0", True)
    assert back.deployment_id not in {failed.deployment_id, only("helm_upgraded").data.deployment_id}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dependency_not_ready", "flux:kustomization.dependencynotready"),
        ("source_updated", "flux:gitrepository"),
    ],
)
def test_what_deploys_nothing_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"main@sha1:{COMMIT}", Revision(COMMIT, "main")),
        (f"sha1:{COMMIT}", Revision(COMMIT)),
        (f"release/2024/{COMMIT}", Revision(COMMIT, "release/2024")),
        (f"refs/tags/v1.4.0@sha1:{COMMIT}", Revision(COMMIT, "refs/tags/v1.4.0", "v1.4.0")),
        (f"latest@sha256:{'d4' * 32}", Revision(version="sha256:d4d4d4d4d4d4")),
        (f"sha256:{'d4' * 32}", Revision(version="sha256:d4d4d4d4d4d4")),
        (None, Revision()),
    ],
)
def test_forms_of_a_revision(text, expected):
    assert revision_of(text, is_chart=False) == expected


def test_a_charts_version_that_looks_like_a_commit_is_none():
    assert revision_of("1234567", is_chart=True) == Revision(version="1234567")


def test_an_event_told_twice_is_one_event():
    again = load("helm_upgraded")
    again["reportingInstance"] = "another"
    assert mapped(again).events == mapped(load("helm_upgraded")).events


def test_an_event_without_a_time_is_refused():
    payload = load("helm_upgraded")
    del payload["timestamp"]
    with pytest.raises(Rejected, match="expected timestamp"):
        mapped(payload)
