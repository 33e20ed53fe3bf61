"""Bitbucket Data Center `pr:…` to merges: a change, opened to merged, declined or deleted."""

from __future__ import annotations

from typing import Any, Literal

from producers.sources.bitbucket_server.shared import SERVER, account, origin, page, repository
from producers.sources.common import Context, Mapped
from producers.sources.evidence import sha
from producers.sources.forge import Origin, left_out
from producers.sources.payload import Fields
from producers.sources.redact import title
from schemas.delivery import Merge, Repository

State = Literal["opened", "updated", "approved", "merged", "closed"]

_STATES: dict[str, State] = {
    "pr:opened": "opened",
    "pr:modified": "updated",
    "pr:reopened": "updated",
    "pr:from_ref_updated": "updated",
    "pr:to_ref_updated": "updated",
    "pr:merged": "merged",
    "pr:declined": "closed",
    "pr:deleted": "closed",
}
_REVIEWS: dict[str, State] = {
    "pr:reviewer:approved": "approved",
    "pr:reviewer:needs_work": "updated",
    "pr:reviewer:changes_requested": "updated",
}
KEYS = frozenset({*_STATES, *_REVIEWS})
"""Keys of the events that say something of a change."""


def pull_request(body: Fields, key: str, context: Context) -> Mapped:
    """A pull request opened, changed, reviewed, merged, declined or deleted; `key`: one of `KEYS`."""
    return _review(body, key, context) if key in _REVIEWS else _change(body, key, _STATES[key], context)


def _review(body: Fields, key: str, context: Context) -> Mapped:
    author = body.child("pullRequest").maybe_child("author")
    who = account(context, body.maybe_child("actor"))
    if who.get("is_bot"):
        return left_out(SERVER, key, "bot")
    if who and who.get("actor") == account(context, author.maybe_child("user") if author else None).get("actor"):
        return left_out(SERVER, key, "own")
    return _change(body, key, _REVIEWS[key], context, first_review_at=body.instant("date"))


def _change(body: Fields, key: str, state: State, context: Context, **more: Any) -> Mapped:
    it = body.child("pullRequest")
    source, target, author = it.child("fromRef"), it.child("toRef"), it.maybe_child("author")
    where, head = origin(target.child("repository")), sha(source, "latestCommit")
    number, at = it.integer("id"), body.instant("date")
    who = account(context, author.maybe_child("user") if author else None)
    actor = account(context, body.maybe_child("actor")).get("actor")
    if state == "merged":
        at = it.maybe_instant_ms("closedDate") or at
        more = {"merged_at": at, "merge_commit": _merge_commit(it)}
    return where.mapped(
        at,
        ("pull_request", number, key, it.maybe_integer("version"), at.isoformat(), head, str(actor or "")),
        lambda: Merge(
            provider=SERVER.name,
            repository=where.repository,
            **who,
            url=page(it),
            number=number,
            state=state,
            base_ref=target.maybe_text("id"),
            head_ref=source.maybe_text("id"),
            head_repository=_fork(source, where),
            head_commit=head,
            title=title(it.maybe_text("title") or ""),
            opened_at=it.maybe_instant_ms("createdDate"),
            **more,
        ),
    )


def _merge_commit(it: Fields) -> str | None:
    properties = it.maybe_child("properties")
    commit = properties.maybe_child("mergeCommit") if properties else None
    return sha(commit, "id") if commit else None


def _fork(source: Fields, where: Origin) -> Repository | None:
    """The repository that the change comes from, where it is another one."""
    it = source.maybe_child("repository")
    found = repository(it) if it else None
    return found if found and (found.id, found.name) != (where.repository.id, where.repository.name) else None
