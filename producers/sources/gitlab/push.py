"""GitLab `push` and `tag_push` to pushes: a branch or tag moved, with the last 20 commits that came.

GitLab gives a push no time of its own: the time is the one of the commit it moved to, as far as the payload lists it.
A push without commits (a branch removed, or made where another one stands) has none at all and is left out, counted.
A commit carries one time of which GitLab does not say whose it is (clock `unknown`), and no parents. An annotated tag's
`after` is the tag's own object; its commit is `checkout_sha`.
"""

from __future__ import annotations

from producers.sources import forge
from producers.sources.common import Context, Mapped
from producers.sources.evidence import sha
from producers.sources.forge import Origin, fit, left_out, paths
from producers.sources.gitlab.shared import GITLAB, author_names, whoever
from producers.sources.payload import Fields
from schemas.delivery import Commit, Push


def push(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A push of a branch or tag; its creation has no `before`, its deletion no `after`."""
    ref, kind = payload.text("ref"), payload.text("object_kind")
    before, after, head = sha(payload, "before"), sha(payload, "after"), sha(payload, "checkout_sha")
    listed = list(payload.children("commits"))
    if not listed:
        return left_out(GITLAB, kind, "without_time")
    commits = tuple(_commit(it, context) for it in listed)
    last = next((it for it in listed if it.maybe_text("id") in {after, head}), listed[-1])
    total = payload.maybe_integer("total_commits_count") or 0
    return where.mapped(
        last.instant("timestamp"),
        ("push", ref, before, after),
        lambda: fit(
            Push(
                provider=GITLAB.name,
                repository=where.repository,
                **whoever(context, *(payload.maybe_text(f"user_{key}") for key in ("username", "email", "name"))),
                ref=ref,
                before=before,
                after=head or after if kind == "tag_push" else after,
                commits=commits,
                is_truncated=total > len(commits) or all(commit.sha not in {after, head} for commit in commits),
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
