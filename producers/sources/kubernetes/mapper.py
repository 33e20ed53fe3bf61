"""Kubernetes objects to contract events: bare, in a watch's envelope, or in kubewatch's CloudEvent.

`adoption watch kubernetes` reads them off the cluster itself and gives the same events. kubewatch's plain webhook
(`eventmeta`, `text`) says only that something was updated: no version, no outcome; let it send CloudEvents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.common import Context, Mapped
from producers.sources.forge import left_out
from producers.sources.kubernetes.deployments import deployment
from producers.sources.kubernetes.events import event
from producers.sources.kubernetes.shared import KUBERNETES
from producers.sources.payload import Fields


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """Events of one object, whichever envelope it came in.

    Raises:
        Rejected: what is missing or malformed in an object of a kind that is read.
    """
    body = Fields(payload)
    if "eventmeta" in body:
        return left_out(KUBERNETES, "kubewatch_text")
    if isinstance(body.raw("data"), dict):
        return _kubewatch(body.child("data"), context)
    if isinstance(body.raw("object"), dict):
        return watched(body, context)
    return _object(body, body.text("kind"), context)


def watched(change: Fields, context: Context, cluster: str | None = None) -> Mapped:
    """Events of one change of a watch (`{"type": "MODIFIED", "object": {...}}`); what was deleted deploys nothing.

    Args:
        change: the change.
        context: a mapper's.
        cluster: the cluster's name, where it is known.
    """
    if change.text("type") not in {"ADDED", "MODIFIED"}:
        return left_out(KUBERNETES, change.text("type"))
    it = change.child("object")
    return _object(it, it.text("kind"), context, cluster)


def _kubewatch(data: Fields, context: Context) -> Mapped:
    kind, operation = data.text("kind"), data.text("operation")
    if operation == "delete" or kind not in {"Deployment", "Event"}:
        return left_out(KUBERNETES, kind, operation)
    return _object(data.child("obj"), kind, context)


def _object(it: Fields, kind: str, context: Context, cluster: str | None = None) -> Mapped:
    if kind == "Deployment":
        return deployment(it, cluster)
    return event(it, context) if kind == "Event" else left_out(KUBERNETES, kind)
