"""Bodies of Alertmanager's form (its own webhook and Grafana's) to incidents: `opened`, and once it ended, `resolved`.

A body repeats its alerts until they end, and the webhook of the beginning may have been missed: a resolved alert so
gives both states, with the ids that the earlier webhooks gave. An end of `0001-01-01` is none, and what an alert that
fires says of its end is only a time-out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from producers.sources.common import Mapped, Rejected
from producers.sources.evidence import Vendor, chosen, labels
from producers.sources.incidents import State, clean, fields_of
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from producers.sources.times import known
from schemas.delivery import Incident
from schemas.envelope import Event

_STATES: dict[str, State] = {"firing": "opened", "resolved": "resolved"}


def incidents_of(
    vendor: Vendor,
    body: Fields,
    source: str,
    *,
    whose: tuple[str, ...] = (),
    skipped: Callable[[dict[str, str]], str] = lambda _: "",
) -> Mapped:
    """Incidents of one body, in the order of its alerts.

    Args:
        vendor: who tells.
        body: with `alerts`.
        source: the instance.
        whose: what makes a fingerprint unique, where fingerprints alone are not.
        skipped: why an alert with these labels tells of no incident; empty where it does.

    Raises:
        Rejected: what is missing or malformed; one bad alert refuses the whole body.
    """
    if body.items("alerts") is None:
        raise Rejected("missing_field", "expected alerts, a list, got a payload without it")
    events: list[Event] = []
    ignored: list[str] = []
    for alert in body.children("alerts"):
        found = _labels(alert)
        state = chosen(alert, "status", _STATES)
        began, ended = alert.instant("startsAt"), alert.maybe_instant("endsAt")
        if why := skipped(found):
            ignored.append(f"{vendor.name}:{why}")
            continue
        story = _Story(vendor, source, whose, found, _fingerprint(alert, found), began)
        events.append(story.event("opened", began))
        if state == "resolved" and ended and known(ended) and ended >= began:
            events.append(story.event("resolved", ended))
        elif state == "resolved":
            ignored.append(f"{vendor.name}:resolved_without_end")
    if not events and not ignored:
        ignored.append(f"{vendor.name}:no_alerts")
    return Mapped(events=tuple(events), ignored=tuple(ignored))


class _Story(NamedTuple):
    """An alert from its beginning: what its events have in common."""

    vendor: Vendor
    source: str
    whose: tuple[str, ...]
    labels: dict[str, str]
    fingerprint: str
    began: datetime

    def event(self, state: State, at: datetime) -> Event:
        incident = f"{self.fingerprint}:{self.began.isoformat()}"
        return self.vendor.event(
            self.source,
            (*self.whose, self.fingerprint, self.began.isoformat(), state, at.isoformat()),
            at,
            lambda: Incident(
                provider=self.vendor.name,
                incident_id=incident,
                state=state,
                opened_at=self.began,
                title=self.labels.get("alertname"),
                labels=labels(self.labels),
                **fields_of(self.labels),
            ),
            subject=incident,
        )


def _labels(alert: Fields) -> dict[str, str]:
    """An alert's labels without secrets, the empty ones left out."""
    found = alert.maybe_child("labels")
    texts = {name: clean(found.maybe_text(name)) for name in found.names()} if found else {}
    return {named: text for name, text in texts.items() if (named := dimension(name)) and text}


def _fingerprint(alert: Fields, found: dict[str, str]) -> str:
    """An alert's identity; where its sender (Alertmanager before 0.19) gives none, a digest of its labels."""
    if given := dimension(alert.maybe_text("fingerprint") or ""):
        return given
    canonical = json.dumps(found, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
