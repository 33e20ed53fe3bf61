"""GitHub `push` to pushes: a branch or tag moved, with the commits that came.

The push's time is `repository.pushed_at` (the server's clock, to the second), else the head commit's own time. A commit
carries one time of which GitHub does not say whose it is (clock `unknown`), and no parents.
"""

from __future__ import annotations

from datetime import datetime

from producers.sources import forge
from producers.sources.common import Context, Mapped
from producers.sources.evidence import link, sha
from producers.sources.forge import Origin, fit, paths
from producers.sources.github.shared import GITHUB, account
from producers.sources.identity import actor, is_bot
from producers.sources.payload import Fields
from schemas.delivery import Commit, Push

_CAPS = frozenset({20, 2048})
"""Lengths at which GitHub cuts the list of commits: enterprise servers of old, github.com today."""


def push(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A push of a branch or tag; its creation has no `before`, its deletion no `after`."""
    before, after = sha(payload, "before"), sha(payload, "after")
    commits = tuple(_commit(it, context) for it in payload.children("commits"))
    ref = payload.text("ref")
    at = _time(payload)
    sender = payload.maybe_child("sender")
    pusher = payload.maybe_child("pusher")
    who = account(context, sender) if sender else _pusher(context, pusher)
    return where.mapped(
        at,
        ("push", ref, before, after, at.isoformat()),
        lambda: fit(
            Push(
                provider=GITHUB.name,
                repository=where.repository,
                **who,
                url=link(payload, "compare"),
                ref=ref,
                before=None if payload.flag("created") else before,
                after=None if payload.flag("deleted") else after,
                forced=payload.flag("forced"),
                commits=commits,
                is_truncated=_is_truncated(payload, commits, after),
            )
        ),
    )


def _time(payload: Fields) -> datetime:
    repository = payload.child("repository")
    pushed = repository.maybe_instant("pushed_at")
    if pushed is not None:
        return pushed
    head = payload.maybe_child("head_commit")
    return head.instant("timestamp") if head else repository.instant("pushed_at")


def _pusher(context: Context, pusher: Fields | None) -> dict[str, object]:
    name = pusher.maybe_text("name") if pusher else None
    return {"actor": actor(context, name), "is_bot": is_bot(name)}


def _commit(it: Fields, context: Context) -> Commit:
    author = it.maybe_child("author")
    return forge.commit(
        it.text("id"),
        it.maybe_text("message"),
        tuple(author.maybe_text(key) for key in ("username", "email", "name")) if author else (),
        it.maybe_instant("timestamp"),
        context,
        touched=paths(*(it.texts(key) for key in ("added", "modified", "removed"))),
    )


def _is_truncated(payload: Fields, commits: tuple[Commit, ...], after: str | None) -> bool:
    size = payload.maybe_integer("size")
    if size is not None and size > len(commits):
        return True
    return len(commits) in _CAPS or bool(commits and after and all(commit.sha != after for commit in commits))
