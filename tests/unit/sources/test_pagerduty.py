"""PagerDuty's webhooks: given events of an incident, expected states of one story."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.pagerduty import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "pagerduty"
BEGAN = datetime(2024, 5, 2, 9, 50, tzinfo=UTC)


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def only(name):
    (event,) = mapped(load(name)).events
    return event


def test_a_triggered_incident_is_opened():
    event = only("triggered")
    incident = event.data
    assert (event.source, event.subject) == ("//acme.pagerduty.com", "Q1PAY7INC0001")
    assert event.time == datetime(2024, 5, 2, 9, 50, 0, 394000, tzinfo=UTC)
    assert (incident.state, incident.opened_at, incident.service) == ("opened", BEGAN, "pay")
    assert (incident.severity, incident.environment) == ("P1", None)
    assert incident.title == "Payments fail for [email]"
    assert incident.url == "https://acme.pagerduty.com/incidents/Q1PAY7INC0001"
    assert incident.labels == {"number": "41", "service_id": "PPAY001", "urgency": "high"}
    assert incident.actor is None


@pytest.mark.parametrize("state", ["acknowledged", "resolved", "reopened"])
def test_the_states_of_an_incident_are_one_story(state):
    event = only(state)
    assert (event.data.state, event.data.incident_id) == (state, "Q1PAY7INC0001")
    assert event.data.opened_at == BEGAN
    assert event.id != only("triggered").id
    assert len(event.data.actor) == 16


def test_the_urgency_stands_in_for_a_priority():
    assert only("resolved").data.severity == "high"


def test_the_events_own_id_is_the_delivery():
    payload = load("resolved")
    payload["event"]["id"] = "01ANOTHER"
    assert mapped(payload).events == mapped(load("resolved")).events


def test_an_account_is_an_instance():
    payload = load("resolved")
    payload["event"]["data"]["html_url"] = "https://other.pagerduty.com/incidents/Q1PAY7INC0001"
    assert mapped(payload).events[0].id != only("resolved").id


@pytest.mark.parametrize(
    ("name", "reason"),
    [("unacknowledged", "pagerduty:incident.unacknowledged"), ("version_2", "pagerduty:version_2")],
)
def test_what_opens_or_ends_nothing_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


def test_an_event_without_its_time_is_refused():
    payload = load("triggered")
    del payload["event"]["occurred_at"]
    with pytest.raises(Rejected, match=r"expected event\.occurred_at"):
        mapped(payload)
