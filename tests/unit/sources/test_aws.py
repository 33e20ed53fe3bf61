"""AWS's events: given notices of its services, expected deployments and runs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.aws.mapper import map_payload
from producers.sources.common import Context, Rejected
from producers.sources.identity import actor

EXAMPLES = Path(__file__).parents[2] / "examples" / "aws"
CONTEXT = Context(salt=b"salt")
SOURCE = "//aws/111122223333/eu-central-1"
AT = datetime(2024, 5, 2, 9, 31, tzinfo=UTC)
OPERATION = "3f2b1c60-0c0e-11ef-9a55-0a1b2c3d4e5f:Console-UpdateStack-7f59c3cf"
EXECUTION = "01234567-0123-0123-0123-012345678901"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, CONTEXT)


def only(name):
    (event,) = mapped(load(name)).events
    return event


def test_a_stack_that_was_updated_is_a_successful_deployment():
    event = only("stack_update_complete")
    deployment = event.data
    assert (event.source, event.subject, event.time) == (SOURCE, "pay", AT)
    assert (deployment.status, deployment.deployment_id) == ("success", OPERATION)
    assert (deployment.service, deployment.environment, deployment.region) == ("pay", "111122223333", "eu-central-1")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("stack_update_begun", "started"),
        ("stack_update_rolling_back", "failure"),  # it has failed when the rollback begins
        ("stack_update_rolled_back", "rolled_back"),
    ],
)
def test_all_states_of_an_operation_are_one_deployment(name, status):
    deployment = only(name).data
    assert (deployment.status, deployment.deployment_id) == (status, OPERATION)


def test_an_operation_without_a_token_is_taken_at_its_end_alone():
    assert only("stack_created_without_token").data.status == "success"
    begun = load("stack_update_begun")
    del begun["detail"]["client-request-token"]
    assert mapped(begun).ignored == ("aws:cloudformation.update_in_progress",)


@pytest.mark.parametrize(
    ("name", "status"),
    [("codedeploy_success", "success"), ("codedeploy_failure", "failure"), ("codedeploy_stopped", "cancelled")],
)
def test_a_deployment_of_codedeploy_goes_to_its_group(name, status):
    deployment = only(name).data
    assert (deployment.status, deployment.deployment_id) == (status, "d-7KQ2M9X1Z")
    assert (deployment.service, deployment.environment) == ("pay", "production")


def test_an_execution_of_a_pipeline_is_a_run():
    event = only("pipeline_succeeded")
    run = event.data
    assert (event.source, event.subject) == (SOURCE, "pay")
    assert (run.run_id, run.attempt, run.name, run.state, run.outcome) == (EXECUTION, 1, "pay", "finished", "success")
    assert (run.started_at, run.finished_at) == (datetime(2024, 5, 2, 9, 20, tzinfo=UTC), AT)
    assert (run.repository.name, run.ref, run.commit) == ("github.com/acme/pay", "main", "b2" * 20)
    assert run.actor == actor(CONTEXT, "ada@acme.example")


@pytest.mark.parametrize(
    ("name", "attempt", "state", "outcome"),
    [
        ("pipeline_started", 1, "started", None),
        ("pipeline_failed", 2, "finished", "failure"),
        ("pipeline_superseded", 1, "finished", "cancelled"),
    ],
)
def test_states_of_an_execution(name, attempt, state, outcome):
    run = only(name).data
    assert (run.attempt, run.state, run.outcome) == (attempt, state, outcome)


@pytest.mark.parametrize(
    ("name", "status"), [("pipeline_action_deployed", "success"), ("pipeline_action_failed", "failure")]
)
def test_an_action_that_deploys_is_a_deployment_to_its_stage(name, status):
    deployment = only(name).data
    assert (deployment.status, deployment.deployment_id) == (status, f"{EXECUTION}:Prod:Release")
    assert (deployment.service, deployment.environment, deployment.release_id) == ("pay", "Prod", EXECUTION)
    assert deployment.url == "https://console.example/ecs"


def test_a_build_is_a_run_and_its_variables_are_not_read():
    event = only("build_failed")
    run = event.data
    assert (run.run_id, run.name, run.state, run.outcome) == ("pay:8745a7a9", "pay", "finished", "failure")
    assert (run.repository.name, run.commit) == ("git.example/acme/pay", "b2" * 20)
    assert (run.started_at, run.finished_at) == (None, AT)  # its start is told without a zone
    assert "hunter2" not in repr(event)
    assert only("build_timed_out").data.outcome == "timed_out"


def test_an_event_in_a_notification_of_sns_is_the_event():
    plain = load("stack_update_complete")
    told = load("sns_text") | {"Message": json.dumps(plain)}
    assert mapped(told).events == mapped(plain).events


def test_an_event_of_a_notification_rule_is_the_event():
    told = load("codedeploy_success")
    told["detailType"] = told.pop("detail-type")
    assert mapped(told).events == mapped(load("codedeploy_success")).events


def test_an_event_delivered_by_two_rules_is_one():
    again = load("codedeploy_success")
    again["id"] = "another"
    assert mapped(again).events == mapped(load("codedeploy_success")).events


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("stack_deleted", "aws:cloudformation.delete_complete"),
        ("codedeploy_instance", "aws:codedeploy_instance_state-change_notific"),
        ("pipeline_stage", "aws:codepipeline_stage_execution_state_chang"),
        ("pipeline_action_of_codedeploy", "aws:codepipeline_action.codedeploy"),
        ("pipeline_action_build", "aws:codepipeline_action.build"),
        ("build_of_a_pipeline", "aws:codebuild.of_a_pipeline"),
        ("sns_subscription", "aws:subscription_confirmation"),
        ("sns_text", "aws:text"),
    ],
)
def test_what_is_told_elsewhere_or_is_nothing_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


def test_a_status_that_stacks_do_not_have_is_refused():
    payload = load("stack_update_complete")
    payload["detail"]["status-details"]["status"] = "MELTED"
    with pytest.raises(Rejected) as refused:
        mapped(payload)
    assert refused.value.reason == "unknown_status"


def test_a_stack_whose_id_is_no_arn_is_refused():
    payload = load("stack_update_complete")
    payload["detail"]["stack-id"] = "pay"
    with pytest.raises(Rejected) as refused:
        mapped(payload)
    assert refused.value.reason == "malformed_arn"
