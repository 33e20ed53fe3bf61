"""Gitea `push` to pushes: a branch or tag moved, with the commits that came.

A push has no time of its own: the time is its head commit's. One without any commit (a branch removed) has none and is
left out, counted. Commits come newest first, five at most unless the server is set otherwise: `total_commits` tells how
many there are, and where an older server does not, five are taken for a list that was cut.
"""

from __future__ import annotations

from producers.sources import forge
from producers.sources.common import Context, Mapped
from producers.sources.evidence import link, sha
from producers.sources.forge import Origin, fit, left_out, paths
from producers.sources.gitea.shared import GITEA, account, author_names
from producers.sources.payload import Fields
from schemas.delivery import Commit, Push

_CAP = 5


def push(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A push of a branch or tag; its creation has no `before`, its deletion no `after`."""
    ref, before, after = payload.text("ref"), sha(payload, "before"), sha(payload, "after")
    listed = list(payload.children("commits"))
    head = payload.maybe_child("head_commit") or next(iter(listed), None)
    if head is None:
        return left_out(GITEA, "push", "without_time")
    total = payload.maybe_integer("total_commits")
    at = head.instant("timestamp")
    commits = tuple(_commit(it, context) for it in reversed(listed))
    return where.mapped(
        at,
        ("push", ref, before, after, at.isoformat()),
        lambda: fit(
            Push(
                provider=GITEA.name,
                repository=where.repository,
                **account(context, payload.maybe_child("pusher") or payload.maybe_child("sender")),
                url=link(payload, "compare_url"),
                ref=ref,
                before=before,
                after=after,
                commits=commits,
                is_truncated=len(commits) == _CAP if total is None else total > len(commits),
            )
        ),
    )


def _commit(it: Fields, context: Context) -> Commit:
    return forge.commit(
        it.text("id"),
        it.maybe_text("message"),
        author_names(it.maybe_child("author")),
        it.maybe_instant("timestamp"),
        context,
        touched=paths(*(it.texts(key) for key in ("added", "modified", "removed"))),
    )
