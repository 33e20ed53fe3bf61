"""CDEvents 0.3 to 0.5: given events in any of CloudEvents' modes, expected contract events."""

import base64
import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.cdevents import map_payload
from producers.sources.common import Context, Rejected
from schemas.delivery import CiRun, Deployment, Incident, Merge, Repository

EXAMPLES = Path(__file__).parents[2] / "examples" / "cdevents"
C, D = "c3" * 20, "d4" * 20


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload, headers=None):
    return map_payload(payload, headers or {}, Context(salt=b"salt"))


def one(name):
    (event,) = mapped(load(name)).events
    return event


def at(day, hour, minute=0, second=0, micros=0):
    return datetime(2024, 5, day, hour, minute, second, micros, tzinfo=UTC)


def test_a_pipeline_run_is_queued():
    event = one("run_queued")
    assert (event.source, event.time, event.subject) == ("//ci.acme.example/tekton", at(1, 10), "pay-build")
    assert event.data == CiRun(
        provider="cdevents",
        labels={"chain_id": "6ca3f9c5-1cef-4ce0-861c-2456a69cf137"},
        url="https://ci.acme.example/runs/41",
        run_id="pay/build-41",
        name="pay-build",
        state="queued",
        queued_at=at(1, 10),
    )


def test_the_states_of_a_run_are_of_one_run_whatever_version_told_them():
    queued, started, finished = (one(f"run_{state}") for state in ("queued", "started", "finished"))
    assert {(event.source, event.data.run_id) for event in (queued, started, finished)} == {
        ("//ci.acme.example/tekton", "pay/build-41")
    }
    assert (started.data.state, started.data.started_at, started.data.labels) == ("started", at(1, 10, 0, 11), {})
    assert (finished.data.state, finished.data.outcome) == ("finished", "success")
    assert finished.data.finished_at == finished.time == at(1, 10, 6, 0, 500_000)
    assert len({queued.id, started.id, finished.id}) == 3


def test_a_sender_may_add_what_cdevents_has_no_words_for():
    run = one("run_finished").data
    assert (run.commit, run.ref, run.repository) == (C, "refs/heads/main", Repository(name="git.example/acme/pay"))


@pytest.mark.parametrize(("name", "outcome"), [("run_failed", "failure"), ("run_cancelled", "cancelled")])
def test_a_run_that_did_not_succeed(name, outcome):
    assert one(name).data.outcome == outcome


def test_an_outcome_that_is_not_said_is_not_invented():
    payload = load("run_failed")
    del payload["subject"]["content"]["outcome"]
    (event,) = mapped(payload).events
    assert (event.data.state, event.data.outcome) == ("finished", None)


def test_an_outcome_of_no_version_of_cdevents_is_refused():
    payload = load("run_failed")
    payload["subject"]["content"]["outcome"] = "meh"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)


def test_a_service_is_deployed_in_a_structured_cloudevent():
    event = one("service_deployed")
    assert (event.source, event.time, event.subject) == ("//clusters/eu", at(2, 9), "pay")
    deployment = event.data
    assert isinstance(deployment, Deployment)
    assert (deployment.deployment_id, deployment.service, deployment.environment) == ("d-1", "pay", "production")
    assert (deployment.status, deployment.version, deployment.commit) == ("success", "1.4.0", C)
    assert (deployment.repository, deployment.is_rollback) == (Repository(name="git.example/acme/pay"), None)


def test_a_package_of_a_forge_names_its_repository_and_commit():
    deployment = one("service_upgraded").data
    assert (deployment.version, deployment.commit) == (D, D)
    assert deployment.repository == Repository(name="github.com/acme/pay")


def test_a_rolled_back_service_is_a_deployment_of_what_ran_before():
    deployment = one("service_rolledback").data
    assert (deployment.status, deployment.is_rollback, deployment.version) == ("success", True, "1.4.0")
    assert deployment.deployment_id == "d-3"


def test_a_removed_service_is_inactive_and_a_published_one_was_told_before():
    assert one("service_removed").data.status == "inactive"
    assert mapped(load("service_published")).ignored == ("cdevents:service.published",)


def test_a_failed_deployment_has_a_type_of_ours():
    deployment = one("service_failed").data
    assert (deployment.status, deployment.version, deployment.region) == ("failure", "1.5.0", "eu")
    assert deployment.release_id == "r-15"


def test_added_words_that_no_contract_has_are_left_alone():
    payload = load("service_failed")
    payload["customData"]["adoption"] |= {"mood": "good", "head_ref": "of changes only"}
    assert mapped(payload) == mapped(load("service_failed"))


def test_an_added_word_of_a_closed_list_must_be_on_it():
    payload = load("service_failed")
    payload["customData"]["adoption"]["tier"] = "meh"
    with pytest.raises(Rejected, match="contract"):
        mapped(payload)


def test_custom_data_that_is_no_object_is_left_alone():
    payload = load("service_failed") | {"customData": base64.b64encode(b"anything").decode()}
    assert mapped(payload).events[0].data.version == "1.4.0"


def test_an_incident_is_one_story():
    detected, reported, resolved = (one(f"incident_{state}") for state in ("detected", "reported", "resolved"))
    assert {event.data.incident_id for event in (detected, reported, resolved)} == {"//monitoring/eu:incident-7"}
    assert [event.data.state for event in (detected, reported, resolved)] == ["opened", "opened", "resolved"]
    assert len({detected.id, reported.id, resolved.id}) == 3
    incident = detected.data
    assert isinstance(incident, Incident)
    assert (incident.opened_at, incident.service, incident.environment) == (at(2, 9, 50), "pay", "production")
    assert (incident.version, incident.commits) == ("1.4.0", (C,))
    assert incident.title == "Errors above 5 % for [email]"
    assert reported.data.url == "https://tickets.acme.example/OPS-7"
    assert (resolved.time, resolved.data.title) == (at(2, 10, 20), None)


def test_a_link_to_the_event_of_a_deployment_refers_to_the_deployment():
    assert one("incident_detected").data.deployment_ids == (one("service_deployed").data.deployment_id,)


def test_a_change_that_has_a_number():
    created, reviewed, merged = (one(f"change_{state}").data for state in ("created", "reviewed", "merged"))
    assert isinstance(created, Merge)
    assert (created.number, created.state, created.opened_at) == (17, "opened", at(1, 8))
    assert created.repository == Repository(name="git.example/acme/pay")
    assert (reviewed.state, reviewed.first_review_at) == ("updated", at(1, 8, 30))
    assert (merged.state, merged.merged_at) == ("merged", at(1, 9))
    closed = one("change_abandoned").data
    assert (closed.number, closed.state) == (18, "closed")


def test_a_change_without_a_number_is_left_out():
    payload = load("change_merged")
    payload["subject"]["id"] = "feature-pay2"
    assert mapped(payload).ignored == ("cdevents:change_without_number",)


def test_other_grains_and_custom_types_are_left_out_by_name():
    assert mapped(load("taskrun_finished")).ignored == ("cdevents:taskrun.finished",)
    assert mapped(load("custom")).ignored == ("cdevents:custom.harbor-quota.exceeded",)


def test_a_batch_gives_what_each_event_gives_alone():
    batch = mapped(load("batch"))
    assert batch.events == (one("run_queued"), one("service_deployed"))
    assert batch.ignored == ("cdevents:other_type",)


def test_binary_mode_and_base64_are_the_same_event():
    structured = load("service_deployed")
    bare = structured["data"]
    headers = {"CE-Type": structured["type"], "CE-Time": structured["time"], "CE-Source": structured["source"]}
    assert mapped(bare, headers) == mapped(structured)
    packed = {key: value for key, value in structured.items() if key != "data"}
    packed["data_base64"] = base64.b64encode(json.dumps(bare).encode()).decode()
    assert mapped(packed) == mapped(structured)


def test_envelope_and_body_must_agree():
    with pytest.raises(Rejected, match="event_mismatch"):
        mapped(load("run_queued"), {"ce-type": "dev.cdevents.pipelinerun.started.0.3.0"})


def test_another_delivery_with_another_id_is_the_same_event():
    payload = load("run_finished")
    again = copy.deepcopy(payload)
    again["context"]["id"] = "another"
    assert mapped(again).events[0].id == mapped(payload).events[0].id


def test_two_environments_and_two_moments_are_several_events():
    payload = load("service_upgraded")
    elsewhere, later = copy.deepcopy(payload), copy.deepcopy(payload)
    elsewhere["subject"]["content"]["environment"]["id"] = "staging"
    later["context"]["timestamp"] = "2024-05-03T09:00:01Z"
    assert len({mapped(one).events[0].id for one in (payload, elsewhere, later)}) == 3


def test_the_placeholder_of_a_transformer_is_no_id():
    first, second = load("service_upgraded"), load("service_upgraded")
    first["context"]["id"] = second["context"]["id"] = "0"
    second["context"]["timestamp"] = "2024-05-04T09:00:00Z"
    assert len({mapped(one).events[0].data.deployment_id for one in (first, second)}) == 2


@pytest.mark.parametrize("missing", ["id", "source", "type", "timestamp", "specversion"])
def test_a_context_without_what_every_version_demands_is_refused(missing):
    payload = load("run_queued")
    del payload["context"][missing]
    with pytest.raises(Rejected, match="missing_field"):
        mapped(payload)


def test_a_time_without_a_zone_is_refused():
    payload = load("run_queued")
    payload["context"]["timestamp"] = "2024-05-01T10:00:00"
    with pytest.raises(Rejected, match="time_without_zone"):
        mapped(payload)


def test_secrets_in_addresses_are_dropped():
    payload = load("service_upgraded")
    payload["subject"]["source"] = "https://bot:s3cret@clusters.example/eu?token=s3cret"
    (event,) = mapped(payload).events
    assert event.source == "//clusters.example/eu"
    assert "s3cret" not in event.model_dump_json()
