"""Statuspage's webhooks: given an incident with its updates, expected states."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.statuspage import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "statuspage"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def states(name):
    return [(event.data.state, f"{event.time:%H:%M}") for event in mapped(load(name)).events]


def test_a_new_incident_is_opened():
    (event,) = mapped(load("created")).events
    incident = event.data
    assert event.source == "//statuspage/jbpage01"
    assert event.time == incident.opened_at == datetime(2024, 5, 2, 9, 50, 0, 507000, tzinfo=UTC)
    assert (incident.state, incident.incident_id, incident.severity) == ("opened", "z3inc0001", "major")
    assert (incident.service, incident.title) == ("Payments", "Payments fail")
    assert incident.url == "https://stspg.example/z3"


def test_every_webhook_tells_the_whole_story_with_the_same_ids():
    assert states("resolved") == [("opened", "09:50"), ("resolved", "10:20")]
    ids = [event.id for event in mapped(load("reopened")).events]
    assert [event.id for event in mapped(load("resolved")).events] == ids[:2]


def test_an_update_after_the_end_reopens_it():
    assert states("reopened") == [("opened", "09:50"), ("resolved", "10:20"), ("reopened", "10:40")]


def test_a_postmortem_is_no_news_of_the_incident():
    assert states("postmortem")[-1] == ("resolved", "11:00")


def test_an_incident_of_several_components_names_no_service():
    (event,) = mapped(load("identified")).events
    assert event.data.service is None
    assert event.data.labels == {"component.c1": "Payments", "component.c2": "Shop"}


@pytest.mark.parametrize(
    ("name", "reason"), [("maintenance", "statuspage:maintenance"), ("component", "statuspage:component_update")]
)
def test_what_is_no_incident_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


def test_an_unknown_status_is_refused():
    payload = load("created")
    payload["incident"]["status"] = "simmering"
    with pytest.raises(Rejected, match="unknown_status"):
        mapped(payload)
