"""Jira's issue webhooks to incidents: issues of an incident type, or with the label `incident`.

- An issue is an incident where its type's name has the word `incident` (`Incident`, `[System] Incident`), whatever else
  is tracked in Jira. It is known by its key, as people write it; one that is moved to another project is another then.
- Each webhook has the whole issue: its creation and, where it is done, its end are told each time, with the same ids.
  The end is the resolution's date, else when the status became one of the category `done`.
- A resolution taken back reopens it, at the webhook's own time: the issue no longer says when it had ended.
- The one component is the service; labels like `service:pay`, `env:production` say more. The priority is the severity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import Vendor, host_of, labels, word
from producers.sources.forge import left_out
from producers.sources.incidents import clean, fields_of, tagged, told
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title

VENDOR = Vendor("jira", revision=1)

_READ = frozenset({"jira:issue_created", "jira:issue_updated"})
_INCIDENT = re.compile(r"\bincident\b", re.IGNORECASE)


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """States of the incident that one webhook tells of, in their order.

    Raises:
        Rejected: what is missing or malformed.
    """
    body = Fields(payload)
    kind = body.text("webhookEvent")
    if kind not in _READ:
        return left_out(VENDOR, kind.removeprefix("jira:"))
    issue = body.child("issue")
    fields = issue.child("fields")
    tags = fields.texts("labels") or []
    if not _INCIDENT.search(fields.child("issuetype").text("name")) and "incident" not in map(str.lower, tags):
        return left_out(VENDOR, "issue")
    source, native = f"//{host_of(issue, 'self')}", dimension(issue.text("key"))
    began = fields.instant("created")
    components = [name for one in fields.children("components") if (name := word(one, "name"))]
    found = {name: text for name, value in tagged(tags).items() if (text := clean(value))}
    said = {
        "opened_at": began,
        "service": components[0] if len(components) == 1 else None,
        "severity": word(fields.maybe_child("priority"), "name"),
        "title": title(fields.maybe_text("summary") or ""),
        "labels": labels({"type": word(fields.child("issuetype"), "name")}),
        **fields_of(found),
    }
    events = [told(VENDOR, source, native, state="opened", at=began, said=said)]
    if _is_taken_back(body):
        at = body.maybe_instant_ms("timestamp")
        if at is None:
            raise Rejected("missing_field", "expected timestamp, got a payload without it")
        events.append(told(VENDOR, source, native, state="reopened", at=at, said=said))
    elif ended := fields.maybe_instant("resolutiondate") or _done(fields):
        events.append(told(VENDOR, source, native, state="resolved", at=ended, said=said))
    return Mapped(tuple(events))


def _done(fields: Fields) -> datetime | None:
    """When the status became one of the category `done`; None where it is of another."""
    status = fields.maybe_child("status")
    category = status.maybe_child("statusCategory") if status else None
    is_done = category is not None and category.maybe_text("key") == "done"
    return fields.maybe_instant("statuscategorychangedate") if is_done else None


def _is_taken_back(body: Fields) -> bool:
    """Whether this change took the resolution away."""
    changes = body.maybe_child("changelog")
    return any(
        one.maybe_text("field") == "resolution" and "from" in one and "to" not in one
        for one in (changes.children("items") if changes else ())
    )
