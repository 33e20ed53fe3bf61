"""HCP Terraform's notifications: given runs, expected deployments."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.identity import actor
from producers.sources.terraform import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "terraform"
CONTEXT = Context(salt=b"salt")


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, CONTEXT)


def test_an_applied_run_is_a_successful_deployment():
    (event,) = mapped(load("applied")).events
    deployment = event.data
    assert (event.source, event.subject) == ("//app.terraform.io", "pay-production")
    assert event.time == datetime(2024, 5, 2, 9, 31, tzinfo=UTC)
    assert (deployment.status, deployment.deployment_id) == ("success", "run-7Kq2")
    assert (deployment.service, deployment.environment) == ("pay-production", "pay-production")
    assert deployment.actor == actor(CONTEXT, "ada")
    assert deployment.title == "Raise the pool's size ([email])"
    assert deployment.url == "https://app.terraform.io/app/acme/pay-production/runs/run-7Kq2"
    assert deployment.labels == {"organization": "acme", "workspace": "pay-production"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("applying", "started"),
        ("errored", "failure"),
        ("canceled", "cancelled"),  # its trigger is run:errored too
        ("discarded", "cancelled"),
    ],
)
def test_the_status_decides_and_not_the_trigger(name, status):
    (event,) = mapped(load(name)).events
    assert (event.data.status, event.data.deployment_id) == (status, "run-7Kq2")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing_to_apply", "terraform:planned_and_finished"),
        ("planning", "terraform:planning"),
        ("verification", "terraform:verification"),
    ],
)
def test_what_applies_nothing_is_ignored(name, reason):
    assert mapped(load(name)).ignored == (reason,)


def test_several_changes_of_one_notification_are_told_each():
    payload = load("applied")
    payload["notifications"] = [*load("applying")["notifications"], *payload["notifications"]]
    assert [event.data.status for event in mapped(payload).events] == ["started", "success"]


def test_a_status_that_runs_do_not_have_is_refused():
    payload = load("applied")
    payload["notifications"][0]["run_status"] = "melted"
    with pytest.raises(Rejected) as refused:
        mapped(payload)
    assert refused.value.reason == "unknown_status"
