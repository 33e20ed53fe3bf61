"""Jira's issue webhooks: given changes of issues, expected states of incidents."""

import json
from pathlib import Path

import pytest

from producers.sources.common import Context, Rejected
from producers.sources.jira import map_payload

EXAMPLES = Path(__file__).parents[2] / "examples" / "jira"


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def mapped(payload):
    return map_payload(payload, {}, Context(salt=b"salt"))


def states(name):
    return [(event.data.state, f"{event.time:%H:%M}") for event in mapped(load(name)).events]


def test_an_issue_of_an_incident_type_is_one():
    (event,) = mapped(load("created")).events
    incident = event.data
    assert (event.source, event.subject) == ("//acme.atlassian.example", "OPS-41")
    assert (incident.state, incident.opened_at) == ("opened", event.time)
    assert (incident.service, incident.environment, incident.severity) == ("pay", "production", "Highest")
    assert (incident.title, incident.actor) == ("Payments fail", None)


def test_each_webhook_tells_the_beginning_again():
    assert mapped(load("commented")).events == mapped(load("created")).events


@pytest.mark.parametrize("name", ["resolved", "done_without_resolution"])
def test_an_issue_that_is_done_is_resolved(name):
    assert states(name) == [("opened", "09:50"), ("resolved", "10:20")]


def test_a_resolution_taken_back_reopens_it():
    assert states("reopened") == [("opened", "09:50"), ("reopened", "10:40")]


def test_a_label_makes_any_issue_an_incident():
    incident = mapped(load("labelled_bug")).events[0].data
    assert (incident.service, incident.labels) == ("shop", {"type": "Bug"})


@pytest.mark.parametrize(("name", "reason"), [("bug", "jira:issue"), ("deleted", "jira:issue_deleted")])
def test_what_is_no_incident_is_ignored(name, reason):
    result = mapped(load(name))
    assert (result.events, result.ignored) == ((), (reason,))


def test_an_incident_without_its_creation_is_refused():
    payload = load("created")
    del payload["issue"]["fields"]["created"]
    with pytest.raises(Rejected, match=r"expected issue\.fields\.created"):
        mapped(payload)
