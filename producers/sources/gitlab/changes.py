"""GitLab `merge_request` to merges: a change, opened to merged or closed.

`approved` says that all approvals needed are there, `approval` that one came: both are a review. A merge request that
was fast-forwarded has no merge commit. `update` fires for a label as for a push: what stands then is `last_commit`. The
person is the one who did it: of a merge request's author GitLab tells a number only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, labels, link, sha
from producers.sources.forge import Origin, left_out
from producers.sources.gitlab.shared import GITLAB, account, project
from producers.sources.payload import Fields
from producers.sources.redact import title
from schemas.delivery import Merge, Repository

State = Literal["opened", "updated", "approved", "merged", "closed"]

_ACTIONS: dict[str, State] = {
    "open": "opened",
    "reopen": "updated",
    "update": "updated",
    "approval": "approved",
    "approved": "approved",
    "unapproval": "updated",
    "unapproved": "updated",
    "merge": "merged",
    "close": "closed",
}


def merge_request(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A merge request opened, changed, approved, merged, or closed without a merge."""
    it = payload.child("object_attributes")
    if "action" not in it:  # a hook's test, and what GitLab does by itself
        return left_out(GITLAB, "merge_request", "no_action")
    state = chosen(it, "action", _ACTIONS, "unknown_action")
    user = payload.maybe_child("user")
    who = account(context, user)
    if state == "approved" and (left := _no_review(it, user, is_bot=bool(who.get("is_bot")))):
        return left_out(GITLAB, "merge_request", it.text("action"), left)
    last = it.maybe_child("last_commit")
    head = sha(last, "id") if last else None
    at = _time(it, state)
    more: dict[str, Any] = {"first_review_at": at} if state == "approved" else {}
    if state == "merged":
        more = {"merged_at": at, "merge_commit": sha(it, "merge_commit_sha")}
    return where.mapped(
        at,
        ("merge_request", it.integer("id"), it.text("action"), at.isoformat(), head, _number(user)),
        lambda: Merge(
            provider=GITLAB.name,
            repository=where.repository,
            **who,
            labels=labels({label.maybe_text("title") or "": "true" for label in payload.children("labels")}),
            url=link(it, "url"),
            number=it.integer("iid"),
            state=state,
            base_ref=it.maybe_text("target_branch"),
            head_ref=it.maybe_text("source_branch"),
            head_repository=_fork(it),
            head_commit=head,
            title=title(it.maybe_text("title") or ""),
            opened_at=it.maybe_instant("created_at"),
            **more,
        ),
    )


def _no_review(it: Fields, user: Fields | None, *, is_bot: bool) -> str | None:
    """Why an approval is no review by another person."""
    if is_bot:
        return "bot"
    author = it.maybe_integer("author_id")
    return "own" if author is not None and _number(user) == author else None


def _time(it: Fields, state: State) -> datetime:
    key = {"opened": "created_at", "merged": "merged_at"}.get(state, "updated_at")
    return it.maybe_instant(key) or it.instant("updated_at")


def _number(user: Fields | None) -> int | None:
    return user.maybe_integer("id") if user else None


def _fork(it: Fields) -> Repository | None:
    """The project that the change comes from, where it is another one."""
    source, number = it.maybe_child("source"), it.maybe_integer("source_project_id")
    return project(source, number) if source and number != it.maybe_integer("target_project_id") else None
