"""Alertmanager's webhook payloads (version 4) for the invented company's alerts, which carry a service label."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

RECEIVER = "adoption"
_NOT_ENDED = "0001-01-01T00:00:00Z"


@dataclass(frozen=True)
class Alert:
    """One notification, sent when the alert fired or was resolved."""

    at: datetime
    service: str
    payload: dict[str, Any]


def notification(
    service: str, what: tuple[str, str], severity: str, started_at: datetime, resolved_at: datetime | None
) -> Alert:
    """The notification of one alert: firing while `resolved_at` is None, else resolved. `what`: name, summary."""
    name, summary = what
    status = "firing" if resolved_at is None else "resolved"
    labels = {"alertname": name, "service": service, "environment": "production", "severity": severity}
    annotations = {"summary": summary}
    fingerprint = hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16]
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": started_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "endsAt": _NOT_ENDED if resolved_at is None else resolved_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "generatorURL": "http://prometheus.acme.example/graph?g0.expr=errors",
        "fingerprint": fingerprint,
    }
    payload = {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}", service="{service}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": RECEIVER,
        "groupLabels": {"alertname": name, "service": service},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "http://alerts.acme.example",
        "alerts": [alert],
    }
    return Alert(resolved_at or started_at, service, payload)
