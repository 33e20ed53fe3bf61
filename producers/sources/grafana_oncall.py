"""Grafana OnCall's (and Cloud IRM's) outgoing webhooks to incidents: an alert group's states.

- The body is the default one (no template of one's own). It has the times of all that happened to the group so far:
  creation, acknowledgement, resolution are told each time, with the same ids, whatever the webhook was sent for.
- `unresolve` and `unacknowledge` come without a time, and take away the one that was there: nothing is told of them.
- What a group is about is what labels say: its own, else those its alerts have in common, else the integration's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, labels, link, maybe_host, word
from producers.sources.forge import left_out
from producers.sources.incidents import State, clean, fields_of, told
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title

VENDOR = Vendor("grafana-oncall", revision=1)

_TIMES: dict[str, State] = {"created_at": "opened", "acknowledged_at": "acknowledged", "resolved_at": "resolved"}
_TOLD = frozenset(
    {"alert group created", "acknowledge", "resolve", "silence", "unsilence", "escalation", "status change"}
)


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """All states of the alert group that one webhook tells of, in their order.

    Raises:
        Rejected: what is missing or malformed.
    """
    body = Fields(payload)
    kind = body.child("event").text("type")
    if kind not in _TOLD:
        return left_out(VENDOR, kind)
    group = body.child("alert_group")
    pages, integration = group.maybe_child("permalinks"), body.maybe_child("integration")
    found = dict(_labels(integration)) | dict(_common(body)) | dict(_labels(group))
    said = {
        "opened_at": group.instant("created_at"),
        "title": title(group.maybe_text("title") or ""),
        "url": link(pages, "web") if pages else None,
        "labels": labels({"integration": word(integration, "name")}),
        **fields_of(found),
    }
    host = maybe_host(pages.maybe_text("web")) if pages else None
    source = f"//grafana-oncall/{host}" if host else "//grafana-oncall"
    native = dimension(group.text("id"))
    moments = [(state, at) for key, state in _TIMES.items() if (at := group.maybe_instant(key))]
    return Mapped(tuple(told(VENDOR, source, native, state=state, at=at, said=said) for state, at in moments))


def _common(body: Fields) -> Iterator[tuple[str, str]]:
    """Labels of an alert that has Alertmanager's form; others have forms of their own."""
    alert = body.raw("alert_payload")
    return _labels(Fields(alert, "alert_payload", body), "commonLabels") if isinstance(alert, dict) else iter(())


def _labels(it: Fields | None, key: str = "labels") -> Iterator[tuple[str, str]]:
    found = it.raw(key) if it else None
    for name, text in found.items() if isinstance(found, dict) else ():
        if isinstance(text, str) and (plain := clean(text)):
            yield name, plain
