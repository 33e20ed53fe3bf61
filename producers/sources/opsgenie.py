"""Opsgenie's outgoing webhook (and Jira Service Management's, which took it over) to incidents: an alert's states.

- One body mixes milliseconds (`createdAt`) and nanoseconds (`updatedAt`): the size of each number tells its unit.
- An alert begins at `createdAt`; what is done to it happens at `updatedAt`. A deleted alert is over: it is resolved.
- Un-acknowledging leaves it as open as it was. Notes, tags, owners and custom actions (of any name) are ignored.
- What an alert is about is what its details say, or its tags written `name:value`: `service`, `environment` or `env`,
  `severity`, `version`, `deployment_id`, `commit`. The priority is the severity where neither says one. Details are
  sent on creation only, and only where the integration says so; what else they say may be personal and is left there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import Vendor, person
from producers.sources.forge import left_out
from producers.sources.incidents import State, clean, fields_of, tagged, told
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from producers.sources.times import epoch_of_any_unit

VENDOR = Vendor("opsgenie", revision=1)

_STATES: dict[str, State] = {
    "Create": "opened",
    "Acknowledge": "acknowledged",
    "Close": "resolved",
    "Delete": "resolved",
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The state of an alert that one webhook tells of.

    Raises:
        Rejected: what is missing or malformed.
    """
    body = Fields(payload)
    action = body.text("action")
    if action not in _STATES:
        return left_out(VENDOR, action)
    state, alert = _STATES[action], body.child("alert")
    began = _instant(alert, "createdAt")
    at = began if state == "opened" else _instant(alert, "updatedAt")
    if at is None:
        key = "createdAt" if state == "opened" else "updatedAt"
        raise Rejected("missing_field", f"expected {alert.at(key)}, got a payload without it")
    found = _labels(alert)
    priority = alert.raw("priority")
    said = {
        **person(context, alert.maybe_text("username")),
        "opened_at": began,
        "title": title(alert.maybe_text("message") or ""),
        "severity": dimension(str(priority))
        if isinstance(priority, str | int) and not isinstance(priority, bool)
        else None,
        **fields_of(found),
    }
    native = dimension(alert.text("alertId"))
    return Mapped((told(VENDOR, "//opsgenie", native, state=state, at=at, said=said),))


def _instant(alert: Fields, key: str) -> datetime | None:
    number = alert.maybe_integer(key)
    return None if number is None else epoch_of_any_unit(number, alert.at(key))


def _labels(alert: Fields) -> dict[str, str]:
    """What details say, and tags that have a name where no detail has it."""
    details = alert.maybe_child("details")
    named = {name: text for name in details.names() if isinstance(text := details.raw(name), str)} if details else {}
    found = {**tagged(alert.texts("tags") or ()), **named}
    return {name: text for name, value in found.items() if (text := clean(value))}
