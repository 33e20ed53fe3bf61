"""Bitbucket Cloud's webhook to contract events: says which event a body is, and hands it to that kind's module.

The body tells its kind by its keys. `X-Event-Key` is not signed: it may only say more of a pull request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.bitbucket.changes import pull_request
from producers.sources.bitbucket.ci import commit_status
from producers.sources.bitbucket.push import push
from producers.sources.bitbucket.shared import BITBUCKET, origin
from producers.sources.common import Context, Mapped, header
from producers.sources.forge import left_out
from producers.sources.payload import Fields


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:
    """Contract events of one Bitbucket Cloud webhook.

    Args:
        payload: parsed JSON body.
        headers: request headers; `X-Event-Key` tells an opened pull request from a changed one.
        context: salt of hashed persons.

    Raises:
        Rejected: what is missing or malformed in an event of ours.
    """
    body = Fields(payload)
    key = header(headers, "X-Event-Key") or "unnamed"
    if "push" in body:
        return push(body, origin(body), context)
    if "commit_status" in body:
        return commit_status(body, origin(body), context)
    if "pullrequest" in body:
        return pull_request(body, origin(body), context, key.partition(":")[2] or None)
    return left_out(BITBUCKET, key)
