"""Azure DevOps `git.pullrequest.…` to merges: a change, opened to merged or abandoned.

`git.pullrequest.merged` says that a merge was *tried*: also of an active pull request, whose `lastMergeCommit` is a
test merge. Its status alone says that it was completed, and both `merged` and `updated` tell of that: one event. An
active one has no time of its change: that is the event's. Votes are seen, not their times: the first event that shows
one is the review.
"""

from __future__ import annotations

from typing import Any, Literal

from producers.sources.azure_devops.shared import AZURE, Hook, account, origin, repository, within
from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, labels, link, sha
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import title
from schemas.delivery import Merge, Repository

State = Literal["opened", "updated", "approved", "merged", "closed"]

_STATUSES: dict[str, State] = {"active": "updated", "completed": "merged", "abandoned": "closed"}
_METHODS: dict[str, Literal["merge", "squash", "rebase"]] = {
    "noFastForward": "merge",
    "rebaseMerge": "merge",
    "squash": "squash",
    "rebase": "rebase",
}
_APPROVAL = 5
"""Votes: 10 approved, 5 approved with suggestions, -5 waits for the author, -10 rejected."""


def pull_request(hook: Hook, context: Context) -> Mapped:
    """A pull request opened, changed, voted on, completed or abandoned."""
    it, kind = hook.resource, hook.body.text("eventType")
    state = chosen(it, "status", _STATUSES)
    if state == "updated" and kind == "git.pullrequest.merged":
        return left_out(AZURE, kind, "attempt")
    more: dict[str, Any] = {}
    at = it.instant("closedDate") if state in {"merged", "closed"} else hook.at
    if kind == "git.pullrequest.created" and state == "updated":
        state, at = "opened", it.instant("creationDate")
    elif state == "updated" and (votes := _votes(it, context)):
        state, more = "approved" if max(votes) >= _APPROVAL else "updated", {"first_review_at": at}
    elif state == "merged":
        more = {"merged_at": at, "merge_commit": _commit(it, "lastMergeCommit"), "method": _method(it)}
    where, number = origin(hook, it.child("repository")), it.integer("pullRequestId")
    head = _commit(it, "lastMergeSourceCommit")
    return where.mapped(
        at,
        ("pull_request", number, state, at.isoformat(), head),
        lambda: Merge(
            provider=AZURE.name,
            repository=where.repository,
            **account(context, it.maybe_child("createdBy")),
            labels=labels({label.maybe_text("name") or "": "true" for label in it.children("labels")}),
            url=_page(it),
            number=number,
            state=state,
            base_ref=it.maybe_text("targetRefName"),
            head_ref=it.maybe_text("sourceRefName"),
            head_repository=_fork(it),
            head_commit=head,
            title=title(it.maybe_text("title") or ""),
            opened_at=it.maybe_instant("creationDate"),
            **more,
        ),
    )


def _votes(it: Fields, context: Context) -> list[int]:
    """What other persons voted; teams repeat their members' votes. Without an author nobody is known to be another."""
    author = it.maybe_child("createdBy")
    own = _names(author) if author else set()
    voters = [one for one in it.children("reviewers") if own and not own & _names(one) and not one.flag("isContainer")]
    votes = [one.maybe_integer("vote") for one in voters if not account(context, one).get("is_bot")]
    return [vote for vote in votes if vote]


def _names(it: Fields) -> set[str]:
    return {name for key in ("id", "uniqueName") if (name := it.maybe_text(key))}


def _commit(it: Fields, key: str) -> str | None:
    commit = it.maybe_child(key)
    return sha(commit, "commitId") if commit else None


def _method(it: Fields) -> Literal["merge", "squash", "rebase"] | None:
    options = it.maybe_child("completionOptions")
    if options is None:
        return None
    return _METHODS.get(options.maybe_text("mergeStrategy") or "") or (
        "squash" if options.flag("squashMerge") else None
    )


def _page(it: Fields) -> str | None:
    web = within(it, "_links", "web")
    return link(web, "href") if web else None


def _fork(it: Fields) -> Repository | None:
    fork = within(it, "forkSource", "repository")
    return repository(fork) if fork else None
