"""Gitea `pull_request` and its reviews to merges: a change, opened to merged or closed.

A review comes as an action of the pull request (`reviewed`) by the sender, at the time the pull request was updated.
Nothing says how it was merged.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, labels, link, sha
from producers.sources.forge import Origin, left_out
from producers.sources.gitea.shared import GITEA, account, moment, repository
from producers.sources.payload import Fields
from producers.sources.redact import title
from schemas.delivery import Merge, Repository

State = Literal["opened", "updated", "approved", "merged", "closed"]

_ACTIONS: dict[str, State] = {
    "opened": "opened",
    "reopened": "updated",
    "edited": "updated",
    "synchronized": "updated",
    "synchronize": "updated",
    "label_updated": "updated",
    "label_cleared": "updated",
    "closed": "closed",
}
_REVIEWS: dict[str, State] = {
    "pull_request_review_approved": "approved",
    "pull_request_review_rejected": "updated",
    "pull_request_review_comment": "updated",
}
_TIMES: dict[State, tuple[str, ...]] = {"opened": ("created_at",), "merged": ("merged_at",), "closed": ("closed_at",)}


def pull_request(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A pull request opened, changed, reviewed, merged, or closed without a merge."""
    action, pull = payload.text("action"), payload.child("pull_request")
    sender = account(context, payload.maybe_child("sender"))
    if action == "reviewed":
        return _review(payload, pull, where, context, sender)
    state = _ACTIONS.get(action)
    if state is None:
        return left_out(GITEA, "pull_request", action)
    if state == "closed" and pull.flag("merged"):
        state = "merged"
    at = _time(pull, state)
    more: dict[str, Any] = {}
    if state == "merged":
        more = {"merged_at": moment(pull, "merged_at"), "merge_commit": sha(pull, "merge_commit_sha")}
    return _mapped(pull, where, at, (action,), context=context, state=state, **more)


def _review(payload: Fields, pull: Fields, where: Origin, context: Context, sender: dict[str, Any]) -> Mapped:
    review = payload.child("review")
    state = chosen(review, "type", _REVIEWS, "unknown_review")
    if sender.get("is_bot"):
        return left_out(GITEA, "pull_request", "reviewed", "bot")
    if sender and sender.get("actor") == account(context, pull.maybe_child("user")).get("actor"):
        return left_out(GITEA, "pull_request", "reviewed", "own")
    at = pull.instant("updated_at")
    native = (review.text("type"), str(sender.get("actor") or ""))
    return _mapped(pull, where, at, native, context=context, state=state, first_review_at=at)


def _time(pull: Fields, state: State) -> datetime:
    found = (moment(pull, key) for key in _TIMES.get(state, ()))
    return next((at for at in found if at), None) or pull.instant("updated_at")


def _mapped(
    pull: Fields, where: Origin, at: datetime, native: tuple[str, ...], *, context: Context, state: State, **more: Any
) -> Mapped:
    head, base = pull.child("head"), pull.child("base")
    commit = sha(head, "sha")
    return where.mapped(
        at,
        ("pull_request", pull.integer("id"), *native, at.isoformat(), commit),
        lambda: Merge(
            provider=GITEA.name,
            repository=where.repository,
            **account(context, pull.maybe_child("user")),
            labels=labels({label.maybe_text("name") or "": "true" for label in pull.children("labels")}),
            url=link(pull, "html_url"),
            number=pull.integer("number"),
            state=state,
            base_ref=base.maybe_text("ref"),
            head_ref=head.maybe_text("ref"),
            head_repository=_fork(head, where),
            head_commit=commit,
            title=title(pull.maybe_text("title") or ""),
            opened_at=moment(pull, "created_at"),
            **more,
        ),
    )


def _fork(head: Fields, where: Origin) -> Repository | None:
    """The repository that the change comes from, where it is another one; one that is gone is null."""
    it = head.maybe_child("repo")
    return repository(it) if it and it.integer("id") != where.number else None
