"""Opsgenie's webhook: given actions on an alert, expected states of an incident."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.opsgenie import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "opsgenie"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


BEGAN = datetime(2024, 5, 2, 9, 50, 0, 123000, tzinfo=UTC)


def only(name):
    (event,) = mapped(load(name)).events
    return event


def test_a_created_alert_opens_an_incident():
    event = only("created")
    incident = event.data
    assert (event.source, event.subject, event.time) == ("//opsgenie", "0a1b2c3d-1111-4222-8333-444455556666", BEGAN)
    assert (incident.state, incident.opened_at, incident.title) == ("opened", BEGAN, "Payments fail")
    assert (incident.service, incident.environment, incident.version) == ("pay", "production", "1.4.0")
    assert (incident.severity, len(incident.actor), incident.labels) == ("P2", 16, {})


@pytest.mark.parametrize(
    ("name", "state", "at"),
    [
        ("acknowledged", "acknowledged", datetime(2024, 5, 2, 9, 53, 20, 764002, tzinfo=UTC)),
        ("closed", "resolved", datetime(2024, 5, 2, 10, 20, 0, 1, tzinfo=UTC)),
        ("deleted", "resolved", datetime(2024, 5, 2, 10, 21, 40, 1, tzinfo=UTC)),
    ],
)
def test_one_body_has_milliseconds_and_nanoseconds(name, state, at):
    event = only(name)
    assert (event.data.state, event.time, event.data.opened_at) == (state, at, BEGAN)
    assert event.data.incident_id == only("created").data.incident_id


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unacknowledged", "opsgenie:unacknowledge"),
        ("note_added", "opsgenie:addnote"),
        ("custom", "opsgenie:restarteverything"),
    ],
)
def test_what_neither_begins_nor_ends_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


def test_details_come_before_tags_and_a_severity_before_the_priority():
    payload = load("created")
    payload["alert"]["details"] |= {"env": "staging", "Severity": "minor"}
    incident = mapped(payload).events[0].data
    assert (incident.environment, incident.severity) == ("staging", "minor")


def test_an_action_without_its_time_is_refused():
    payload = load("closed")
    del payload["alert"]["updatedAt"]
    with pytest.raises(Rejected, match=r"expected alert\.updatedAt"):
        mapped(payload)
