"""GitHub `pull_request` and `pull_request_review` to merges: a change, opened to merged or closed.

`merge_commit_sha` of an open pull request is a test merge and is left out. A payload counts its commits but lists none;
how it was merged is told only when auto-merge did it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from producers.sources.common import Context, Mapped
from producers.sources.evidence import labels, link, sha
from producers.sources.forge import Origin, left_out
from producers.sources.github.shared import GITHUB, account, repository_of
from producers.sources.payload import Fields
from producers.sources.redact import title
from schemas.delivery import Merge

State = Literal["opened", "updated", "approved", "merged", "closed"]

_STATES: dict[str, State] = {
    "opened": "opened",
    "reopened": "updated",
    "edited": "updated",
    "synchronize": "updated",
    "ready_for_review": "updated",
    "closed": "closed",
}
_METHODS: dict[str, Literal["merge", "squash", "rebase"]] = {"merge": "merge", "squash": "squash", "rebase": "rebase"}


def pull_request(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A pull request opened, changed, merged, or closed without a merge."""
    action = payload.text("action")
    state = _STATES.get(action)
    if state is None:
        return left_out(GITHUB, "pull_request", action)
    pull = payload.child("pull_request")
    if state == "closed" and pull.flag("merged"):
        state = "merged"
    at = _time(pull, state)
    merged = {"merged_at": pull.maybe_instant("merged_at"), "merge_commit": sha(pull, "merge_commit_sha")}
    identity = ("pull_request", pull.integer("id"), action, at.isoformat(), sha(pull.child("head"), "sha"))
    return _mapped(where, at, identity, pull, state, context=context, **(merged if state == "merged" else {}))


def pull_request_review(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A person's review of somebody else's change; an approval is a state of its own."""
    action = payload.text("action")
    if action != "submitted":
        return left_out(GITHUB, "pull_request_review", action)
    pull, review = payload.child("pull_request"), payload.child("review")
    reviewer, author = review.maybe_child("user"), pull.maybe_child("user")
    who = account(context, reviewer)
    if who.get("is_bot"):
        return left_out(GITHUB, "pull_request_review", "bot")
    if author and who.get("actor") == account(context, author).get("actor"):
        return left_out(GITHUB, "pull_request_review", "own")
    state: State = "approved" if review.text("state").lower() == "approved" else "updated"
    at = review.instant("submitted_at")
    identity = ("pull_request_review", review.integer("id"))
    return _mapped(where, at, identity, pull, state, context=context, first_review_at=at)


def _time(pull: Fields, state: State) -> datetime:
    keys = {
        "opened": ("created_at",),
        "merged": ("merged_at", "closed_at", "updated_at"),
        "closed": ("closed_at", "updated_at"),
    }.get(state, ("updated_at",))
    return next((at for key in keys if (at := pull.maybe_instant(key))), None) or pull.instant(keys[-1])


def _mapped(
    where: Origin,
    at: datetime,
    identity: tuple[str | int | None, ...],
    pull: Fields,
    state: State,
    *,
    context: Context,
    **more: Any,
) -> Mapped:
    head, base = pull.child("head"), pull.child("base")
    fork = head.maybe_child("repo")
    auto = pull.maybe_child("auto_merge")
    head_repository = repository_of(fork) if fork and fork.integer("id") != where.number else None
    return where.mapped(
        at,
        identity,
        lambda: Merge(
            provider=GITHUB.name,
            repository=where.repository,
            **account(context, pull.maybe_child("user")),
            labels=labels({label.maybe_text("name") or "": "true" for label in pull.children("labels")}),
            url=link(pull, "html_url"),
            number=pull.integer("number"),
            state=state,
            base_ref=base.maybe_text("ref"),
            head_ref=head.maybe_text("ref"),
            head_repository=head_repository,
            head_commit=sha(head, "sha"),
            method=_METHODS.get(auto.maybe_text("merge_method") or "") if auto else None,
            title=title(pull.maybe_text("title") or ""),
            opened_at=pull.maybe_instant("created_at"),
            commit_count=pull.maybe_integer("commits"),
            **more,
        ),
    )
