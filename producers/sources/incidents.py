"""What all who tell of incidents have in common: one event per state, and the words that labels, tags and fields say.

Used by the mappers of alerting, on-call and ticket systems. An incident is known by its own id in its instance (the
event's source), so that people can name it where they mend it (`--fixes`); its states are one story.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from producers.sources.evidence import Vendor, maybe_sha
from producers.sources.redact import dimension, title
from producers.sources.times import stamp
from schemas.delivery import Incident
from schemas.envelope import Event

State = Literal["opened", "acknowledged", "resolved", "reopened"]


def told(vendor: Vendor, source: str, native: str, *, state: State, at: datetime, said: Mapping[str, Any]) -> Event:
    """The event of one state of an incident.

    Args:
        vendor: who tells.
        source: the instance, `//acme.pagerduty.com`.
        native: the incident's id there.
        state: what it came to.
        at: when.
        said: other fields of the contract.
    """
    return vendor.event(
        source,
        (source, native, state, stamp(at)),
        at,
        lambda: Incident(provider=vendor.name, incident_id=native, state=state, **said),
        subject=native,
    )


def fields_of(labels: Mapping[str, str | None]) -> dict[str, Any]:
    """Fields of the contract that labels give, by their names in any case, `_`, `-` and space being one.

    `service`, `environment` or `env`, `severity`, `version`, `deployment_id`, `commit`; what is empty says nothing.
    """
    said: dict[str, str] = {}
    for name in sorted(labels, reverse=True):  # of `Service` and `service` the latter, plain one stands
        text = dimension(labels[name] or "")
        said.setdefault(name.strip().lower().replace(" ", "_").replace("-", "_"), text)
    deployment, commit = said.get("deployment_id"), maybe_sha(said.get("commit"))
    named = {
        "service": said.get("service"),
        "environment": said.get("environment") or said.get("env"),
        "severity": said.get("severity"),
        "version": said.get("version"),
        "deployment_ids": (deployment,) if deployment else (),
        "commits": (commit,) if commit else (),
    }
    return {name: value for name, value in named.items() if value}


def tagged(tags: Iterable[str]) -> dict[str, str]:
    """Labels of tags that are written `name:value` or `name=value`; plain words are none."""
    pairs = (tag.partition(":" if ":" in tag else "=")[::2] for tag in tags)
    return {name: text for name, text in pairs if name.strip() and text.strip()}


def clean(text: str | None) -> str | None:
    """A label's value that people wrote: without addresses and secrets; None when empty."""
    return (title(text) if text else None) or None
