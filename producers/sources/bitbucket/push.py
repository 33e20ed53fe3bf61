"""Bitbucket Cloud `repo:push` to pushes: one per branch or tag that moved.

Bitbucket gives a push no time of its own: the time is the one of the commit it moved to, or of an annotated tag. What
was removed has none and is left out, counted. Commits come newest first, at most five (`truncated`), with their
parents and one time of which Bitbucket does not say whose it is (clock `unknown`).
"""

from __future__ import annotations

from producers.sources import forge
from producers.sources.bitbucket.shared import BITBUCKET, account, author_names, page
from producers.sources.common import Context, Mapped
from producers.sources.evidence import sha
from producers.sources.forge import Origin, fit, joined, left_out
from producers.sources.payload import Fields
from schemas.delivery import Commit, Push

_TAGS = frozenset({"tag", "annotated_tag"})


def push(payload: Fields, where: Origin, context: Context) -> Mapped:
    """The branches and tags that moved."""
    changes = list(payload.child("push").children("changes"))
    who = account(context, payload.maybe_child("actor"))
    if not changes:
        return left_out(BITBUCKET, "push", "empty")
    return joined(_change(change, where, who, context) for change in changes)


def _change(change: Fields, where: Origin, who: dict[str, str | bool | None], context: Context) -> Mapped:
    old, new = change.maybe_child("old"), change.maybe_child("new")
    if new is None:
        return left_out(BITBUCKET, "push", "without_time")
    target = new.child("target")
    ref = f"refs/{'tags' if new.text('type') in _TAGS else 'heads'}/{new.text('name')}"
    before, after = sha(old.child("target"), "hash") if old else None, sha(target, "hash")
    commits = tuple(_commit(it, context) for it in change.children("commits"))[::-1]
    return where.mapped(
        new.maybe_instant("date") or target.instant("date"),
        ("push", ref, before, after),
        lambda: fit(
            Push(
                provider=BITBUCKET.name,
                repository=where.repository,
                **who,
                url=page(change),
                ref=ref,
                before=before,
                after=after,
                forced=change.flag("forced"),
                commits=commits,
                is_truncated=change.flag("truncated"),
            )
        ),
    )


def _commit(it: Fields, context: Context) -> Commit:
    parents = it.items("parents")
    return forge.commit(
        it.text("hash"),
        it.maybe_text("message"),
        author_names(it.maybe_child("author")),
        it.maybe_instant("date"),
        context,
        parents=None if parents is None else len(parents),
    )
