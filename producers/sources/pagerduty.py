"""PagerDuty's v3 webhooks to incidents: triggered, acknowledged, resolved, reopened.

- `event.id` is the delivery; `event.data.id` is the incident, known within its account (the host of its page).
- The service is PagerDuty's, by its name: give it (or its id, the label `service_id`) as an alias in the catalog.
- The severity is the priority where one is set, else the urgency. An incident says no environment.
- An incident that is unacknowledged (a time-out) is as open as before; that and what only tells of people, notes and
  workflows is ignored, and so is whatever type is added. Webhooks of version 2 are out of support and not signed:
  they are ignored; subscribe to version 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, labels, link, maybe_host, person, word
from producers.sources.forge import left_out
from producers.sources.incidents import State, told
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title

VENDOR = Vendor("pagerduty", revision=1)

_STATES: dict[str, State] = {
    "incident.triggered": "opened",
    "incident.acknowledged": "acknowledged",
    "incident.resolved": "resolved",
    "incident.reopened": "reopened",
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The state of an incident that one webhook tells of.

    Raises:
        Rejected: what is missing or malformed.
    """
    body = Fields(payload)
    if "event" not in body and "messages" in body:
        return left_out(VENDOR, "version_2")
    event = body.child("event")
    kind = event.text("event_type")
    if kind not in _STATES:
        return left_out(VENDOR, kind)
    data = event.child("data")
    state, at = _STATES[kind], event.instant("occurred_at")
    service, agent, priority = (
        it.maybe_child(key) for it, key in ((data, "service"), (event, "agent"), (data, "priority"))
    )
    host = maybe_host(data.maybe_text("html_url")) or maybe_host(data.maybe_text("self")) or VENDOR.name
    number = data.maybe_integer("number")
    said = {
        **(person(context, agent.maybe_text("id")) if agent else {}),
        "service": word(service, "summary"),
        "url": link(data, "html_url"),
        "opened_at": data.maybe_instant("created_at") or (at if state == "opened" else None),
        "severity": word(priority, "summary") or word(data, "urgency"),
        "title": title(data.maybe_text("title") or ""),
        "labels": labels(
            {
                "service_id": word(service, "id"),
                "number": None if number is None else str(number),
                "urgency": word(data, "urgency"),
            }
        ),
    }
    return Mapped((told(VENDOR, f"//{host}", dimension(data.text("id")), state=state, at=at, said=said),))
