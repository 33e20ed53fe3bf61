"""Alertmanager's webhook: given alerts, expected incidents."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.alertmanager import map_payload
from producers.sources.common import Context, Rejected

EXAMPLES = Path(__file__).parents[1] / "examples" / "alertmanager"
BEGAN = datetime(2024, 5, 2, 9, 50, 0, 123456, tzinfo=UTC)


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def test_a_firing_alert_opens_an_incident():
    (event,) = mapped(load("firing")).events
    incident = event.data
    assert (event.source, event.time) == ("//alertmanager/alerts.example.com", BEGAN)
    assert event.subject == incident.incident_id == "a1bc48475b20e73d:2024-05-02T09:50:00.123456+00:00"
    assert (incident.state, incident.opened_at, incident.title) == ("opened", BEGAN, "ErrorRateHigh")
    assert (incident.service, incident.environment, incident.severity) == ("pay", "production", "critical")
    assert (incident.deployment_ids, incident.commits, incident.version) == (("7001",), ("c3" * 20,), "1.4.0")
    assert incident.labels["job"] == "pay-api"


def test_a_resolved_alert_tells_the_whole_story_with_the_same_ids():
    opened, resolved = mapped(load("resolved")).events
    assert opened == mapped(load("firing")).events[0]
    assert (resolved.data.state, resolved.time) == ("resolved", datetime(2024, 5, 2, 10, 5, tzinfo=UTC))
    assert resolved.data.incident_id == opened.data.incident_id
    assert resolved.data.opened_at == BEGAN


def test_a_zero_end_is_no_end():
    mapping = mapped(load("resolved_without_end"))
    assert [event.data.state for event in mapping.events] == ["opened"]
    assert mapping.ignored == ("alertmanager:resolved_without_end",)


def test_an_old_sender_without_fingerprints_and_address():
    (event,) = mapped(load("old_without_fingerprint")).events  # it fires: its endsAt is only a time-out
    assert event.source == "//alertmanager/adoption"
    assert (event.data.service, event.data.environment) == (None, None)
    assert len(event.data.incident_id.partition(":")[0]) == 16


def test_job_and_namespace_name_no_service():
    payload = load("firing")
    payload["alerts"][0]["labels"] = {"alertname": "X", "job": "pay", "namespace": "shop"}
    assert mapped(payload).events[0].data.service is None


def test_alerts_of_one_body_are_incidents_of_their_own():
    payload = load("firing")
    payload["alerts"].append({**payload["alerts"][0], "fingerprint": "b2"})
    assert len({event.id for event in mapped(payload).events}) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"startsAt": "yesterday"}, "malformed_time"),
        ({"startsAt": "2024-05-02T09:50:00"}, "time_without_zone"),
        ({"startsAt": "0001-01-01T00:00:00Z"}, "time_out_of_range"),
        ({"startsAt": None}, "missing_field"),
        ({"status": "smouldering"}, "unknown_status"),
        ({"labels": ["x"]}, "wrong_type"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(change, reason):
    payload = load("firing")
    payload["alerts"][0] |= change
    with pytest.raises(Rejected) as caught:
        mapped(payload)
    assert caught.value.reason == reason


def test_a_body_without_alerts_is_refused():
    with pytest.raises(Rejected, match="missing_field"):
        mapped({"status": "firing"})
