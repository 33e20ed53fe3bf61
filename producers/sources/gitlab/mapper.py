"""GitLab's webhook to contract events: says which event a body is, and hands it to that kind's module.

`object_kind` in the body says it; `X-Gitlab-Event` says the same in other words and is not needed. System and group
hooks send the same bodies; their other events have an `event_name` alone and are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from producers.sources.common import Context, Mapped
from producers.sources.forge import Origin, left_out
from producers.sources.gitlab.changes import merge_request
from producers.sources.gitlab.ci import pipeline
from producers.sources.gitlab.deployments import deployment, release
from producers.sources.gitlab.push import push
from producers.sources.gitlab.shared import GITLAB, origin
from producers.sources.payload import Fields

_MAPPERS: dict[str, Callable[[Fields, Origin, Context], Mapped]] = {
    "deployment": deployment,
    "merge_request": merge_request,
    "pipeline": pipeline,
    "push": push,
    "release": release,
    "tag_push": push,
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's form
    """Contract events of one GitLab webhook.

    Args:
        payload: parsed JSON body.
        headers: request headers; not needed, the body says all.
        context: salt of hashed persons.

    Raises:
        Rejected: what is missing or malformed in an event of ours.
    """
    body = Fields(payload)
    kind = body.maybe_text("object_kind") or body.maybe_text("event_name") or "unnamed"
    mapper = _MAPPERS.get(kind) if "object_kind" in body else None
    return mapper(body, origin(body), context) if mapper else left_out(GITLAB, kind)
