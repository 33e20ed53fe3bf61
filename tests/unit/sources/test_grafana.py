"""Grafana alerting's webhook: given alerts, expected incidents."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.grafana import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "grafana"
BEGAN = datetime(2024, 5, 2, 9, 50, 0, 123456, tzinfo=UTC)


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def test_a_firing_alert_opens_an_incident():
    (event,) = mapped(load("firing")).events
    incident = event.data
    assert (event.source, event.time) == ("//grafana/grafana.example/1", BEGAN)
    assert event.subject == incident.incident_id == "c6eadffa33fcdf37:2024-05-02T09:50:00.123456+00:00"
    assert (incident.state, incident.opened_at, incident.title) == ("opened", BEGAN, "Error rate high")
    assert (incident.service, incident.environment, incident.severity) == ("pay", "production", "critical")
    assert incident.version == "1.4.0"
    assert incident.labels["grafana_folder"] == "Payments"


def test_a_resolved_alert_tells_the_whole_story_with_the_same_ids():
    opened, resolved = mapped(load("resolved")).events
    assert opened == mapped(load("firing")).events[0]
    assert (resolved.data.state, resolved.time) == ("resolved", datetime(2024, 5, 2, 10, 5, tzinfo=UTC))


def test_a_zero_end_is_no_end():
    mapping = mapped(load("resolved_without_end"))
    assert [event.data.state for event in mapping.events] == ["opened"]
    assert mapping.ignored == ("grafana:resolved_without_end",)


def test_an_organization_is_an_instance():
    payload = load("firing")
    payload["orgId"] = 2
    assert mapped(payload).events[0].id != mapped(load("firing")).events[0].id


@pytest.mark.parametrize(
    ("name", "reason"),
    [("no_data", "grafana:no_data"), ("test", "grafana:test"), ("legacy", "grafana:legacy_alerting")],
)
def test_what_is_no_incident_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


def test_a_word_that_is_no_state_is_refused():
    payload = load("firing")
    payload["alerts"][0]["status"] = "pending"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)
