"""Prometheus Alertmanager's webhook to incidents: one story per alert, `opened` and, once it ended, `resolved`.

A body repeats its alerts until they end, and the webhook of the beginning may have been missed: a resolved alert so
gives both states, with the ids that the earlier webhooks gave. What an alert is about is what its labels say, by these
names: `service`, `environment` or `env`, `severity`, `version`, `deployment_id`, `commit`. Other labels are kept as
evidence; `job`, `namespace` and the like name no service.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from producers.sources.common import Context, Mapped, Rejected, contract
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from producers.sources.times import known
from schemas.base import event_id
from schemas.delivery import Incident
from schemas.envelope import Event

PROVIDER = "alertmanager"
REVISION = 1
"""Revision of this mapper; raise it when the same payload would give another content."""

_MOST_LABELS = 50
_SHA = re.compile(r"[0-9a-f]{7,64}")


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """Incidents of one Alertmanager webhook, in the order of its alerts.

    An alert said to be resolved without an end gives its opening alone: an end is not invented.

    Raises:
        Rejected: what is missing or malformed; one bad alert refuses the whole body.
    """
    body = Fields(payload)
    if body.items("alerts") is None:
        raise Rejected("missing_field", "expected alerts, a list, got a payload without it")
    source = _source(body)
    events: list[Event] = []
    ignored: list[str] = []
    for alert in body.children("alerts"):
        status = alert.text("status")
        if status not in {"firing", "resolved"}:
            raise Rejected("unknown_status", f"expected {alert.at('status')} firing or resolved, got {status[:40]!r}")
        began = alert.instant("startsAt")
        events.append(_event(source, alert, began, began, "opened"))
        ended = alert.maybe_instant("endsAt")
        if status == "resolved" and ended and known(ended) and ended >= began:
            events.append(_event(source, alert, began, ended, "resolved"))
        elif status == "resolved":
            ignored.append("alertmanager:resolved_without_end")
    if not events:
        ignored.append("alertmanager:no_alerts")
    return Mapped(events=tuple(events), ignored=tuple(ignored))


def _source(body: Fields) -> str:
    """The instance: the host of its external address, else the receiver's name."""
    try:
        host = urlsplit(body.maybe_text("externalURL") or "").netloc.rpartition("@")[2].lower()
    except ValueError:
        host = ""
    name = dimension(host or body.maybe_text("receiver") or "")
    return f"//alertmanager/{name}" if name else "//alertmanager"


def _event(source: str, alert: Fields, began: datetime, at: datetime, state: Literal["opened", "resolved"]) -> Event:
    labels = _labels(alert)
    fingerprint = dimension(alert.maybe_text("fingerprint") or "") or _fingerprint(labels)
    incident = f"{fingerprint}:{began.isoformat()}"
    commit = labels.get("commit", "")
    deployment = labels.get("deployment_id")
    name = labels.get("alertname")
    return contract(
        lambda: Event(
            id=event_id(PROVIDER, fingerprint, began.isoformat(), state, at.isoformat()),
            source=source,
            time=at,
            subject=incident,
            mapperrevision=REVISION,
            data=Incident(
                provider=PROVIDER,
                service=labels.get("service"),
                labels=_kept(labels),
                incident_id=incident,
                state=state,
                opened_at=began,
                environment=labels.get("environment") or labels.get("env"),
                severity=labels.get("severity"),
                title=title(name) if name else None,
                deployment_ids=(deployment,) if deployment else (),
                commits=(commit,) if _SHA.fullmatch(commit) else (),
                version=labels.get("version"),
            ),
        )
    )


def _labels(alert: Fields) -> dict[str, str]:
    labels = alert.maybe_child("labels")
    texts = {name: labels.maybe_text(name) for name in labels.names()} if labels else {}
    clean = {dimension(name): dimension(title(text) or "") for name, text in texts.items() if text}
    return {name: text for name, text in clean.items() if name and text}


def _kept(labels: dict[str, str]) -> dict[str, str]:
    return {name: labels[name] for name in sorted(labels)[:_MOST_LABELS]}


def _fingerprint(labels: dict[str, str]) -> str:
    """Identity of an alert whose sender (Alertmanager before 0.19) gives none: a digest of its labels."""
    canonical = json.dumps(labels, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
