"""Bitbucket Data Center's webhook to contract events: says which event a body is, and hands it to that kind's module.

`eventKey` in the body says it. Build statuses are told to no webhook: CI runs come from the CI system.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.bitbucket_server.changes import KEYS, pull_request
from producers.sources.bitbucket_server.push import refs_changed
from producers.sources.bitbucket_server.shared import SERVER
from producers.sources.common import Context, Mapped
from producers.sources.forge import left_out
from producers.sources.payload import Fields


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's form
    """Contract events of one Bitbucket Data Center webhook.

    Args:
        payload: parsed JSON body.
        headers: request headers; not needed, the body says all.
        context: salt of hashed persons.

    Raises:
        Rejected: what is missing or malformed in an event of ours.
    """
    body = Fields(payload)
    key = body.maybe_text("eventKey") or "unnamed"
    if key == "repo:refs_changed":
        return refs_changed(body, context)
    return pull_request(body, key, context) if key in KEYS else left_out(SERVER, key)
