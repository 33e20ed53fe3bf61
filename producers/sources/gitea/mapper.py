"""The webhook of Gitea, Forgejo and Gogs to contract events: says which event a body is, and hands it to its module.

Bodies look like GitHub's; the servers send `X-Gitea-Event`, `X-Forgejo-Event` or `X-Gogs-Event`, and beside them
`X-GitHub-Event` for receivers that know no other: alone, that one means GitHub. No header is signed: the body says its
kind by its keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from producers.sources import forge
from producers.sources.common import Context, Mapped, Rejected, header
from producers.sources.evidence import link
from producers.sources.forge import Origin, left_out
from producers.sources.gitea.changes import pull_request
from producers.sources.gitea.ci import action_run, workflow_run
from producers.sources.gitea.push import push
from producers.sources.gitea.shared import GITEA, account, moment, origin
from producers.sources.payload import Fields

HEADERS = ("X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event", "X-GitHub-Event")

_FULL_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:
    """Contract events of one webhook of Gitea, Forgejo or Gogs.

    Args:
        payload: parsed JSON body.
        headers: request headers: they tell GitHub's look-alikes, and name what is ignored.
        context: salt of hashed persons.

    Raises:
        Rejected: `foreign_forge` for GitHub's, else what is missing or malformed in an event of ours.
    """
    *own, github = (header(headers, name) for name in HEADERS)
    if github and not any(own):
        raise Rejected("foreign_forge", "expected a webhook of Gitea, got one of GitHub: send it to its own address")
    body = Fields(payload)
    for keys, mapper in _MAPPERS:
        if all(key in body for key in keys):
            it = body.maybe_child("repository") or body.child("run").child("repository")
            return mapper(body, origin(it), context)
    return left_out(GITEA, next((name for name in own if name), None) or _unnamed(body))


def release(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A published release; drafts, and what is said of one later, tell nothing new."""
    action, it = payload.text("action"), payload.child("release")
    if action != "published" or it.flag("draft"):
        return left_out(GITEA, "release", "draft" if action == "published" else action)
    target = it.maybe_text("target_commitish") or ""
    return forge.release(
        where,
        it.integer("id"),
        it.text("tag_name"),
        moment(it, "published_at") or it.instant("created_at"),
        who=account(context, it.maybe_child("author")),
        url=link(it, "html_url"),
        commit=target if _FULL_SHA.fullmatch(target) else None,
        name=it.maybe_text("name"),
    )


_MAPPERS: tuple[tuple[tuple[str, ...], Callable[[Fields, Origin, Context], Mapped]], ...] = (
    (("workflow_run", "action"), workflow_run),
    (("run", "action"), action_run),
    (("pull_request", "action"), pull_request),
    (("release", "action"), release),
    (("ref", "before", "after"), push),
)
"""Keys that a body has, and who reads it."""


def _unnamed(body: Fields) -> str:
    return next((key for key in ("workflow_job", "ref_type", "issue", "comment") if key in body), "unnamed")
