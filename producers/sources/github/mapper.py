"""GitHub's webhook to contract events: says which event a body is, and hands it to that kind's module.

The edge has verified the signature over the raw body. `X-GitHub-Event` is not signed: the body must agree with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from producers.sources.common import Context, Mapped, Rejected, header
from producers.sources.forge import Origin
from producers.sources.github.changes import pull_request, pull_request_review
from producers.sources.github.ci import workflow_run
from producers.sources.github.deployments import deployment, deployment_status, release
from producers.sources.github.push import push
from producers.sources.github.shared import origin
from producers.sources.payload import Fields

_MAPPERS: dict[str, Callable[[Fields, Origin, Context], Mapped]] = {
    "deployment": deployment,
    "deployment_status": deployment_status,
    "pull_request": pull_request,
    "pull_request_review": pull_request_review,
    "push": push,
    "release": release,
    "workflow_run": workflow_run,
}

_SHAPES: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    ("deployment_status", frozenset({"deployment_status", "deployment"}), frozenset()),
    ("deployment", frozenset({"deployment"}), frozenset({"deployment_callback_url", "workflow_job", "check_run"})),
    (
        "workflow_run",
        frozenset({"workflow_run"}),
        frozenset({"deployment", "reviewers", "approver", "requestor", "workflow_job_run", "since"}),
    ),
    ("pull_request_review", frozenset({"pull_request", "review"}), frozenset({"comment", "thread"})),
    ("pull_request", frozenset({"pull_request", "number"}), frozenset({"review", "comment", "thread"})),
    ("release", frozenset({"release", "action"}), frozenset()),
    ("push", frozenset({"ref", "before", "after"}), frozenset({"pull_request"})),
    ("workflow_job", frozenset({"workflow_job"}), frozenset()),
    ("check_run", frozenset({"check_run"}), frozenset()),
    ("check_suite", frozenset({"check_suite"}), frozenset()),
    ("status", frozenset({"sha", "state", "context"}), frozenset()),
    ("ping", frozenset({"zen"}), frozenset()),
)
"""Event, keys that its body has, keys that it has not; the first that fits is what the body is."""

_FORGES = ("gitea", "gogs", "forgejo")
_NAME = re.compile(r"[a-z_]{1,60}")


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:
    """Contract events of one GitHub webhook.

    Args:
        payload: parsed JSON body.
        headers: request headers; `X-GitHub-Event` names the event. Without it the body decides.
        context: salt of hashed persons.

    Raises:
        Rejected: `event_mismatch` where header and body disagree, `foreign_forge` for Gitea's look-alikes, else what is
            missing or malformed in an event of ours.
    """
    for forge in _FORGES:
        if header(headers, f"X-{forge}-Event"):
            raise Rejected(
                "foreign_forge", f"expected a webhook of GitHub, got one of {forge}: send it to its own address"
            )
    body = Fields(payload)
    derived = _event_of(body)
    named = header(headers, "X-GitHub-Event") or derived or "unknown"
    if named != derived and (named in _MAPPERS or derived in _MAPPERS):
        raise Rejected("event_mismatch", f"expected a body of {named[:40]!r} as the header says, got {derived!r}")
    mapper = _MAPPERS.get(named)
    if mapper is None:
        return Mapped(ignored=(f"github:{named if _NAME.fullmatch(named) else 'unnamed'}",))
    return mapper(body, origin(body), context)


def _event_of(body: Fields) -> str | None:
    for name, has, has_not in _SHAPES:
        if all(key in body for key in has) and not any(key in body for key in has_not):
            return name
    return None
