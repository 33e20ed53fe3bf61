"""Grafana OnCall's webhooks: given alert groups, expected states of incidents."""

import json
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.grafana_oncall import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "grafana_oncall"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def states(name):
    return [(event.data.state, f"{event.time:%H:%M}") for event in mapped(load(name)).events]


def test_an_alert_group_opens_an_incident_of_what_its_labels_say():
    (event,) = mapped(load("created")).events
    incident = event.data
    assert (event.source, event.subject) == ("//grafana-oncall/acme.grafana.example", "I68T24C13IFW1")
    assert incident.opened_at == event.time
    assert (incident.service, incident.environment, incident.severity) == ("pay", "production", "critical")
    assert incident.url == "https://acme.grafana.example/a/grafana-oncall-app/alert-groups/I68T24C13IFW1"


def test_every_webhook_tells_the_whole_story_with_the_same_ids():
    assert states("acknowledged") == [("opened", "09:50"), ("acknowledged", "09:55")]
    assert states("resolved") == [("opened", "09:50"), ("acknowledged", "09:55"), ("resolved", "10:20")]
    assert mapped(load("resolved")).events[:2] == mapped(load("acknowledged")).events


def test_an_alert_of_another_form_leaves_the_integrations_labels():
    incident = mapped(load("plain_text_alert")).events[0].data
    assert (incident.service, incident.environment) == ("shop", "production")


@pytest.mark.parametrize("name", ["unresolved", "unacknowledged"])
def test_what_has_no_time_is_ignored(name):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (f"grafana-oncall:{load(name)['event']['type']}",))


def test_a_group_without_its_beginning_is_refused():
    payload = load("created")
    del payload["alert_group"]["created_at"]
    with pytest.raises(Rejected, match=r"expected alert_group\.created_at"):
        mapped(payload)
