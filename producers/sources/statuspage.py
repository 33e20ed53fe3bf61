"""Statuspage's webhook notifications to incidents: what a page told its subscribers.

- Each webhook repeats the whole incident with its updates, newest first: all states are told each time, with the same
  ids. One that was resolved and investigated again by a later update is reopened then.
- Scheduled maintenance and updates of components are no incidents.
- An incident with one component is that component's: give its name as an alias in the catalog. With several, or none,
  it says no service. The impact is the severity (`none` is one, too).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, chosen, labels, link, word
from producers.sources.forge import left_out
from producers.sources.incidents import State, told
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title

VENDOR = Vendor("statuspage", revision=1)

_PHASES = {
    "investigating": "open",
    "identified": "open",
    "monitoring": "open",
    "resolved": "over",
    "postmortem": "over",
    "scheduled": "maintenance",
    "in_progress": "maintenance",
    "verifying": "maintenance",
    "completed": "maintenance",
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """All states of the incident that one webhook tells of, in their order.

    Raises:
        Rejected: what is missing or malformed.
    """
    body = Fields(payload)
    if "incident" not in body:
        return left_out(VENDOR, "component_update" if "component_update" in body else "no_incident")
    incident = body.child("incident")
    if chosen(incident, "status", _PHASES) == "maintenance":
        return left_out(VENDOR, "maintenance")
    page = body.maybe_child("page")
    owner = word(page, "id") or word(incident, "page_id")
    components = [(word(one, "id"), name) for one in incident.children("components") if (name := word(one, "name"))]
    said = {
        "opened_at": incident.instant("created_at"),
        "service": components[0][1] if len(components) == 1 else None,
        "severity": word(incident, "impact"),
        "title": title(incident.maybe_text("name") or ""),
        "url": link(incident, "shortlink"),
        "labels": labels({f"component.{number}": name for number, name in components}),
    }
    source = f"//statuspage/{owner}" if owner else "//statuspage"
    native = dimension(incident.text("id"))
    return Mapped(tuple(told(VENDOR, source, native, state=state, at=at, said=said) for state, at in _states(incident)))


def _states(incident: Fields) -> Iterator[tuple[State, datetime]]:
    yield "opened", incident.instant("created_at")
    is_over = False
    updates = list(_updates(incident))
    updates.reverse()  # of one moment, the one that is written later came first
    for phase, at in sorted(updates, key=lambda update: update[1]):
        if phase == "over" and not is_over:
            yield "resolved", at
        elif phase == "open" and is_over:
            yield "reopened", at
        is_over = phase == "over"
    ended = incident.maybe_instant("resolved_at")
    if ended and not is_over:
        yield "resolved", ended


def _updates(incident: Fields) -> Iterator[tuple[str, datetime]]:
    for update in incident.children("incident_updates"):
        yield chosen(update, "status", _PHASES), update.instant("created_at")
