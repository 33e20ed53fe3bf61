"""Argo CD's notifications: given Applications, expected deployments."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.argocd.mapper import map_payload
from producers.sources.common import Context, Rejected
from producers.sources.identity import actor

EXAMPLES = Path(__file__).parents[2] / "examples" / "argocd"
CONTEXT = Context(salt=b"salt")
BEGAN = datetime(2024, 5, 2, 9, 30, tzinfo=UTC)


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, CONTEXT)


def only(name):
    (event,) = mapped(load(name)).events
    return event


def test_a_finished_sync_is_a_successful_deployment():
    event = only("deployed")
    deployment = event.data
    assert (event.source, event.subject) == ("//argocd/cd.acme.example", "pay-production")
    assert (event.time, deployment.started_at) == (datetime(2024, 5, 2, 9, 30, 8, tzinfo=UTC), BEGAN)
    assert (deployment.status, deployment.is_rollback, deployment.title) == ("success", None, None)
    assert deployment.deployment_id == "argocd/pay-production@2024-05-02T09:30:00Z"
    assert (deployment.service, deployment.environment, deployment.region) == ("pay", "production", "eu-1")
    assert (deployment.version, deployment.commit) == (None, "b2" * 20)
    assert deployment.repository.name == "git.example/acme/deploy"
    assert deployment.url == "https://cd.acme.example/applications/argocd/pay-production"
    assert deployment.labels == {"team": "payments", "adoption/service": "pay", "project": "payments"}
    assert (deployment.actor, deployment.is_bot) == (None, False)  # an automated sync is nobody's


def test_start_and_end_of_a_sync_are_one_deployment_in_two_states():
    started, ended = only("running"), only("deployed")
    assert (started.data.status, started.time) == ("started", BEGAN)
    assert started.data.deployment_id == ended.data.deployment_id
    assert started.data.commit == ended.data.commit
    assert started.id != ended.id


def test_a_failed_sync_says_why_without_addresses():
    deployment = only("failed").data
    assert deployment.status == "failure"
    assert deployment.title.endswith("ask [email] (retried 5 times)")


def test_an_application_degraded_by_a_sync_failed_when_it_degraded():
    event = only("degraded")
    assert (event.data.status, event.time) == ("failure", datetime(2024, 5, 2, 9, 40, tzinfo=UTC))
    assert event.data.deployment_id == only("deployed").data.deployment_id


def test_an_application_that_was_degraded_before_the_sync_deployed_well():
    payload = load("degraded")
    payload["app"]["status"]["health"]["lastTransitionTime"] = "2024-05-02T09:29:59Z"
    assert mapped(payload).events[0].data.status == "success"


def test_syncing_to_an_older_entry_of_the_history_is_a_rollback():
    deployment = only("rolled_back").data
    assert (deployment.is_rollback, deployment.commit) == (True, "a1" * 20)
    assert deployment.actor == actor(CONTEXT, "ada")


def test_a_person_who_syncs_to_something_new_rolls_nothing_back():
    payload = load("deployed")
    payload["app"]["status"]["operationState"]["operation"]["initiatedBy"] = {"username": "ada"}
    assert mapped(payload).events[0].data.is_rollback is None


def test_a_charts_revision_is_a_version_and_no_commit():
    deployment = only("several_sources").data
    assert (deployment.version, deployment.commit) == ("1.4.0", "c3" * 20)
    assert deployment.repository.name == "git.example/acme/values"
    assert (deployment.service, deployment.environment, deployment.region) == ("pay-production", "production", None)


def test_a_chart_whose_version_looks_like_a_commit_is_none():
    payload = load("several_sources")
    state = payload["app"]["status"]["operationState"]["syncResult"]
    state["sources"], state["revisions"] = state["sources"][:1], ["1234567"]
    deployment = mapped(payload).events[0].data
    assert (deployment.version, deployment.commit) == ("1234567", None)


def test_fields_of_a_smaller_template_are_read_under_their_own_words():
    event = only("flat")
    assert event.time == datetime(2024, 5, 2, 9, 30, 8, tzinfo=UTC)
    assert (event.data.service, event.data.environment) == ("pay-production", "production")
    assert (event.data.commit, event.data.status, event.data.actor) == ("b2" * 20, "success", None)


def test_fields_that_a_template_groups_are_found():
    event = mapped(
        {
            "application": {"name": "pay", "namespace": "production", "project": "payments"},
            "operation": {"phase": "Error", "startedAt": "2024-05-02T09:30:00Z", "finishedAt": "2024-05-02T09:30:08Z"},
            "sync": {"status": "OutOfSync", "revision": "b2" * 20},
        }
    ).events[0]
    assert (event.data.service, event.data.status, event.data.commit) == ("pay", "error", "b2" * 20)


def test_a_template_without_a_time_is_refused():
    payload = load("flat")
    payload["finishedAt"] = "<no value>"
    with pytest.raises(Rejected, match=r"expected status\.operationState\.finishedAt"):
        mapped(payload)


@pytest.mark.parametrize(
    ("name", "reason"), [("never_synced", "argocd:no_operation"), ("self_healed", "argocd:self_heal")]
)
def test_what_deploys_nothing_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


@pytest.mark.parametrize(
    ("field", "value", "reason"), [("dryRun", True, "dry_run"), ("resources", [{}], "partial_sync")]
)
def test_dry_runs_and_syncs_of_chosen_resources_are_ignored(field, value, reason):
    payload = load("deployed")
    payload["app"]["status"]["operationState"]["operation"]["sync"][field] = value
    assert mapped(payload).ignored == (f"argocd:{reason}",)


def test_a_later_notification_that_still_shows_the_sync_gives_the_same_event():
    later = load("deployed")
    later["timestamp"] = "2024-06-01T00:00:00Z"
    later["app"]["status"]["sync"]["status"] = "OutOfSync"
    later["app"]["metadata"]["resourceVersion"] = "99"
    assert mapped(later).events == mapped(load("deployed")).events


def test_a_phase_that_argo_cd_does_not_have_is_refused():
    payload = load("deployed")
    payload["app"]["status"]["operationState"]["phase"] = "Done"
    with pytest.raises(Rejected) as refused:
        mapped(payload)
    assert refused.value.reason == "unknown_status"
