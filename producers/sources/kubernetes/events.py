"""Kubernetes Event objects (core/v1, events.k8s.io/v1): what other controllers report of what they deployed.

Kubernetes' own events of a Deployment (`ScalingReplicaSet`) tell no outcome: the Deployment object does. Flux writes
its events as Event objects too, with `ReconciliationSucceeded`, which its webhooks do not get. What Argo Rollouts
writes names its revision in words only: its notifications tell it better. An event that happens again is the same
object with a later time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from producers.sources import flux
from producers.sources.common import Context, Mapped, Rejected
from producers.sources.forge import left_out
from producers.sources.kubernetes.shared import KUBERNETES
from producers.sources.payload import Fields
from producers.sources.times import known, stamp

_OF_FLUX = frozenset({"Kustomization", "HelmRelease"})
_TIMES = ("lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp", "deprecatedFirstTimestamp")


def event(it: Fields, context: Context) -> Mapped:
    """The deployment that an Event object tells of.

    Raises:
        Rejected: what is missing or malformed in an event of ours.
    """
    about = it.maybe_child("involvedObject") or it.child("regarding")
    kind = about.text("kind")
    if kind in _OF_FLUX:
        return flux.map_payload(_as_flux(it, about), {}, context)
    return left_out(KUBERNETES, "event", kind, it.maybe_text("reason") or "no_reason")


def _when(it: Fields) -> datetime:
    series = it.maybe_child("series")
    candidates = [it.maybe_instant(key) for key in _TIMES]
    if series:
        candidates.insert(0, series.maybe_instant("lastObservedTime"))
    at = next((one for one in candidates if one and known(one)), None)
    if at is None:
        raise Rejected("missing_field", "expected lastTimestamp, eventTime or firstTimestamp, got an Event without it")
    return at


def _as_flux(it: Fields, about: Fields) -> dict[str, Any]:
    """The same event as Flux's notification-controller sends it."""
    meta = it.maybe_child("metadata")
    keys = ("kind", "name", "namespace", "uid")
    return {
        "involvedObject": {key: about.raw(key) for key in keys},
        "metadata": meta.raw("annotations") if meta else None,
        "reason": it.raw("reason"),
        "message": it.raw("message") if "message" in it else it.raw("note"),
        "timestamp": stamp(_when(it)),
    }
