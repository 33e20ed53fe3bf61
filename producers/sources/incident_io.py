"""incident.io's webhooks to incidents: when one becomes live, when it is over, when it is live again.

- What a status is called is free; its category is not. `live` is an incident. `triage` is none yet, and one that was
  `declined`, `merged` or `canceled` out of it never was. `learning` and `closed` are its end, as is what ended it
  otherwise (`merged`, `canceled`, `declined`) once it was live. A `paused` incident goes on.
- A change of status has the incident's `updated_at`. It begins at the timestamp "Impact started", else "Reported", else
  when it was created; a retrospective incident that comes closed is told from beginning to end by its timestamps.
- Tests and tutorials are ignored. A private incident's webhook has its id only: it is ignored, too.
- Custom fields named Service, Environment, Version, Deployment ID, Commit say what it is about; others may be
  personal and are left there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, chosen, labels, link, maybe_host, person, word
from producers.sources.forge import left_out
from producers.sources.incidents import State, clean, fields_of, told
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from schemas.envelope import Event

VENDOR = Vendor("incident-io", revision=1)

_CREATED = "public_incident.incident_created_v2"
_MOVED = "public_incident.incident_status_updated_v2"
_PHASES = {
    "triage": "before",
    "live": "live",
    "paused": "live",
    "learning": "over",
    "closed": "over",
    "declined": "dropped",
    "merged": "dropped",
    "canceled": "dropped",
}
"""Categories of statuses: whether there is an incident then."""
_MOVES: dict[tuple[str, str], State] = {
    ("before", "live"): "opened",
    ("dropped", "live"): "reopened",
    ("over", "live"): "reopened",
    ("live", "over"): "resolved",
    ("live", "dropped"): "resolved",
    ("before", "over"): "resolved",
}
_NOT_REAL = frozenset({"test", "tutorial"})
_BEGINNINGS = ("impact started", "reported")
_ENDS = ("resolved", "closed")


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """States of an incident that one webhook tells of.

    Raises:
        Rejected: what is missing or malformed.
    """
    body = Fields(payload)
    kind = body.text("event_type")
    if kind not in {_CREATED, _MOVED}:
        return left_out(VENDOR, kind)
    content = body.child(kind)
    incident = content if kind == _CREATED else content.child("incident")
    mode = incident.maybe_text("mode") or ""
    if mode in _NOT_REAL:
        return left_out(VENDOR, mode)
    events = tuple(_created(incident, context) if kind == _CREATED else _moved(content, incident, context))
    return Mapped(events) if events else left_out(VENDOR, "neither_begins_nor_ends")


def _created(incident: Fields, context: Context) -> Iterator[Event]:
    phase = chosen(incident.child("incident_status"), "category", _PHASES)
    began = _began(incident)
    if phase in {"live", "over"}:
        yield _event(incident, "opened", began, context)
    if phase == "over" and (ended := _timestamp(incident, _ENDS)) and ended >= began:
        yield _event(incident, "resolved", ended, context)


def _moved(content: Fields, incident: Fields, context: Context) -> Iterator[Event]:
    before = chosen(content.child("previous_status"), "category", _PHASES)
    after = chosen(content.child("new_status"), "category", _PHASES)
    if state := _MOVES.get((before, after)):
        yield _event(incident, state, incident.instant("updated_at"), context)


def _event(incident: Fields, state: State, at: datetime, context: Context) -> Event:
    found = _custom(incident)
    creator = incident.maybe_child("creator")
    user = creator.maybe_child("user") if creator else None
    said = {
        **(person(context, user.maybe_text("id")) if user else {}),
        "opened_at": _began(incident),
        "severity": word(incident.maybe_child("severity"), "name"),
        "title": title(incident.maybe_text("name") or ""),
        "url": link(incident, "permalink"),
        "labels": labels(
            {"reference": word(incident, "reference"), "type": word(incident.maybe_child("incident_type"), "name")}
        ),
        **fields_of(found),
    }
    host = maybe_host(incident.maybe_text("permalink")) or "incident.io"
    return told(VENDOR, f"//{host}", dimension(incident.text("id")), state=state, at=at, said=said)


def _began(incident: Fields) -> datetime:
    return _timestamp(incident, _BEGINNINGS) or incident.instant("created_at")


def _timestamp(incident: Fields, names: tuple[str, ...]) -> datetime | None:
    """The first of these timestamps that is set; their names may end in ` at`."""
    found: dict[str, datetime] = {}
    for entry in incident.children("incident_timestamp_values"):
        value = entry.maybe_child("value")
        at = value.maybe_instant("value") if value else None
        name = entry.child("incident_timestamp").text("name").lower().removesuffix(" at")
        if at:
            found[name] = at
    return next((found[name] for name in names if name in found), None)


def _custom(incident: Fields) -> dict[str, str]:
    """Custom fields with one value: name -> option, catalog entry or text."""
    found: dict[str, str] = {}
    for entry in incident.children("custom_field_entries"):
        values = list(entry.children("values"))
        name = entry.child("custom_field").maybe_text("name")
        if name is None or len(values) != 1:
            continue
        (value,) = values
        text = (
            word(value.maybe_child("value_option"), "value")
            or word(value.maybe_child("value_catalog_entry"), "name")
            or word(value, "value_text")
        )
        if plain := clean(text):
            found[name] = plain
    return found
