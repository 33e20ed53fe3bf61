"""Spinnaker's events, as Echo posts them to a webhook: says what each is, and hands it to its module.

A body is an event, an array of them, or an event within `payload`, as Echo's own template wraps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.common import Context, Mapped, together
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.spinnaker import pipelines
from producers.sources.spinnaker.builds import build
from producers.sources.spinnaker.shared import SPINNAKER

_PIPELINES = {
    "orca:pipeline:starting": pipelines.starting,
    "orca:pipeline:complete": pipelines.ended,
    "orca:pipeline:failed": pipelines.ended,
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """Runs and deployments of Spinnaker's events.

    Raises:
        Rejected: `unknown_status`, else what is missing or malformed; one bad event refuses the whole body.
    """
    items = payload if isinstance(payload, list) else [payload]
    return together([_one(Fields(item), context) for item in items] or [left_out(SPINNAKER, "empty")])


def _one(body: Fields, context: Context) -> Mapped:
    it = body.maybe_child("payload") or body
    details = it.maybe_child("details")
    type_ = (details.maybe_text("type") if details else None) or "no_type"
    if type_ == "build":
        return build(it.child("content"))
    mapper = _PIPELINES.get(type_)
    return mapper(it.child("content"), context) if mapper else left_out(SPINNAKER, type_)
