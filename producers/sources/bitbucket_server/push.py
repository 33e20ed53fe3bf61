"""Bitbucket Data Center `repo:refs_changed` to pushes: one per branch or tag that moved.

Servers before 8 list no commits: the list is said to be cut. Newer ones list them newest first with the committer's
time and the parents; the list is cut where no parent is the commit before (a forced push looks the same). A push of
several refs does not say to which of them its commits belong.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from producers.sources import forge
from producers.sources.bitbucket_server.shared import SERVER, account, names, origin
from producers.sources.common import Context, Mapped
from producers.sources.evidence import sha
from producers.sources.forge import Origin, fit, joined, left_out
from producers.sources.payload import Fields
from schemas.delivery import Commit, Push


class _Listed(NamedTuple):
    """The commits that a push of one ref lists, oldest first, and the ids of their parents."""

    commits: tuple[Commit, ...]
    parents: frozenset[str | None]


def refs_changed(body: Fields, context: Context) -> Mapped:
    """The branches and tags that moved."""
    where = origin(body.child("repository"))
    changes = list(body.children("changes"))
    if not changes:
        return left_out(SERVER, "push", "empty")
    listed = _listed(body, context) if len(changes) == 1 else None
    at, who = body.instant("date"), account(context, body.maybe_child("actor"))
    return joined(_change(change, where, at, who, listed) for change in changes)


def _listed(body: Fields, context: Context) -> _Listed | None:
    if body.items("commits") is None:
        return None
    commits = list(body.children("commits"))
    parents = frozenset(parent.maybe_text("id") for it in commits for parent in it.children("parents"))
    return _Listed(tuple(_commit(it, context) for it in reversed(commits)), parents)


def _change(
    change: Fields, where: Origin, at: datetime, who: dict[str, str | bool | None], listed: _Listed | None
) -> Mapped:
    ref = change.child("ref").text("id")
    before, after = sha(change, "fromHash"), sha(change, "toHash")
    is_whole = listed is not None and (before is None or before in listed.parents)
    return where.mapped(
        at,
        ("push", ref, before, after, at.isoformat()),
        lambda: fit(
            Push(
                provider=SERVER.name,
                repository=where.repository,
                **who,
                ref=ref,
                before=before,
                after=after,
                commits=listed.commits if listed else (),
                is_truncated=after is not None and not is_whole,
            )
        ),
    )


def _commit(it: Fields, context: Context) -> Commit:
    author = it.maybe_child("author")
    return forge.commit(
        it.text("id"),
        it.maybe_text("message"),
        names(author) if author else (),
        it.maybe_instant_ms("committerTimestamp"),
        context,
        clock="committer",
        parents=None if it.items("parents") is None else len(it.items("parents") or ()),
    )
