"""Bitbucket Cloud `pullrequest:…` to merges: a change, opened to merged or closed.

Commits are named by 12 characters. The body tells merged, declined and a review by its shape; only `X-Event-Key` tells
an opened pull request from a changed one, and an approval from its withdrawal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from producers.sources.bitbucket.shared import BITBUCKET, account, page, repository
from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, sha
from producers.sources.forge import Origin, left_out
from producers.sources.payload import Fields
from producers.sources.redact import title
from schemas.delivery import Merge, Repository

State = Literal["opened", "updated", "approved", "merged", "closed"]

_STATES: dict[str, State] = {"OPEN": "updated", "MERGED": "merged", "DECLINED": "closed", "SUPERSEDED": "closed"}
_REVIEWS: dict[str, State] = {"approval": "approved", "changes_request": "updated"}
_WITHDRAWN = frozenset({"unapproved", "changes_request_removed"})


def pull_request(payload: Fields, where: Origin, context: Context, action: str | None) -> Mapped:
    """A pull request opened, changed, reviewed, merged or declined; `action`: what the event's key says of it."""
    if "comment" in payload:
        return left_out(BITBUCKET, "pullrequest", "comment")
    review = next((name for name in _REVIEWS if name in payload), None)
    if review:
        return _review(payload, where, context, review, action)
    it = payload.child("pullrequest")
    state = chosen(it, "state", _STATES)
    if state == "updated" and action == "created":
        state = "opened"
    at = it.instant("created_on" if state == "opened" else "updated_on")
    more: dict[str, Any] = {}
    if state == "merged":
        merge = it.maybe_child("merge_commit")
        more = {"merged_at": at, "merge_commit": sha(merge, "hash") if merge else None}
    return _mapped(it, where, at, (state,), context=context, state=state, **more)


def _review(payload: Fields, where: Origin, context: Context, review: str, action: str | None) -> Mapped:
    it = payload.child("pullrequest")
    said = payload.child(review)
    at, user = said.instant("date"), said.maybe_child("user") or payload.maybe_child("actor")
    if action in _WITHDRAWN:
        return left_out(BITBUCKET, "pullrequest", action or "")
    who, author = account(context, user), account(context, it.maybe_child("author"))
    if who.get("is_bot"):
        return left_out(BITBUCKET, "pullrequest", review, "bot")
    if who and who.get("actor") == author.get("actor"):
        return left_out(BITBUCKET, "pullrequest", review, "own")
    native = (review, str(who.get("actor") or ""))
    return _mapped(it, where, at, native, context=context, state=_REVIEWS[review], first_review_at=at)


def _mapped(
    it: Fields, where: Origin, at: datetime, native: tuple[str, ...], *, context: Context, state: State, **more: Any
) -> Mapped:
    source, target = it.child("source"), it.child("destination")
    number = it.integer("id")
    return where.mapped(
        at,
        ("pullrequest", number, *native, at.isoformat(), _commit(source)),
        lambda: Merge(
            provider=BITBUCKET.name,
            repository=where.repository,
            **account(context, it.maybe_child("author")),
            url=page(it),
            number=number,
            state=state,
            base_ref=_branch(target),
            head_ref=_branch(source),
            head_repository=_fork(source, where),
            head_commit=_commit(source),
            title=title(it.maybe_text("title") or ""),
            opened_at=it.maybe_instant("created_on"),
            **more,
        ),
    )


def _branch(side: Fields) -> str | None:
    branch = side.maybe_child("branch")
    return branch.maybe_text("name") if branch else None


def _commit(side: Fields) -> str | None:
    commit = side.maybe_child("commit")
    return sha(commit, "hash") if commit else None


def _fork(source: Fields, where: Origin) -> Repository | None:
    """The repository that the change comes from, where it is another one; a fork that is gone is null."""
    it = source.maybe_child("repository")
    found = repository(it) if it else None
    return found if found and found.id != where.repository.id else None
