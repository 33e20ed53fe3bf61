"""incident.io's webhooks: given changes of an incident, expected states of its story."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.incident_io import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "incident_io"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


BEGAN = datetime(2024, 5, 2, 9, 48, tzinfo=UTC)


def only(name):
    (event,) = mapped(load(name)).events
    return event


def test_a_live_incident_is_opened_when_its_impact_started():
    event = only("created")
    incident = event.data
    assert (event.source, event.time) == ("//app.incident.io", BEGAN)
    assert (incident.state, incident.opened_at, incident.severity) == ("opened", BEGAN, "Major")
    assert (incident.service, incident.environment, incident.version) == ("pay", "production", "1.4.0")
    assert incident.incident_id == event.subject == "01HINCIDENT00000000000PAY1"
    assert incident.url == "https://app.incident.io/acme/incidents/41"
    assert incident.labels == {"reference": "INC-41", "type": "Production"}


@pytest.mark.parametrize(
    ("name", "state", "hour", "minute"),
    [
        ("accepted", "opened", 9, 55),
        ("resolved", "resolved", 10, 30),
        ("canceled", "resolved", 10, 31),
        ("reopened", "reopened", 11, 0),
    ],
)
def test_a_change_of_category_is_a_state(name, state, hour, minute):
    event = only(name)
    assert (event.data.state, event.time) == (state, datetime(2024, 5, 2, hour, minute, tzinfo=UTC))
    assert (event.data.incident_id, event.data.opened_at) == ("01HINCIDENT00000000000PAY1", BEGAN)


def test_a_retrospective_incident_is_told_from_beginning_to_end():
    opened, resolved = mapped(load("retrospective")).events
    assert (opened.data.state, opened.time) == ("opened", BEGAN)
    assert (resolved.data.state, resolved.time) == ("resolved", datetime(2024, 5, 2, 10, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("created_in_triage", "incident-io:neither_begins_nor_ends"),
        ("declined", "incident-io:neither_begins_nor_ends"),
        ("monitoring", "incident-io:neither_begins_nor_ends"),
        ("private", "incident-io:private_incident.incident_created_v2"),
        ("test", "incident-io:test"),
    ],
)
def test_what_is_no_change_or_no_incident_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


def test_an_unknown_category_is_refused():
    payload = load("resolved")
    payload[payload["event_type"]]["new_status"]["category"] = "simmering"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)
