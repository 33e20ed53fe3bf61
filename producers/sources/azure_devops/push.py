"""Azure DevOps `git.push` to pushes: one per branch or tag that moved, at the server's time.

Commits come newest first with their committer's time. A push of several refs does not say to which of them its commits
belong; one that lists none although its branch moved says that the list is cut.
"""

from __future__ import annotations

from producers.sources import forge
from producers.sources.azure_devops.shared import AZURE, Hook, account, origin
from producers.sources.common import Context, Mapped
from producers.sources.evidence import sha
from producers.sources.forge import Origin, fit, joined, left_out
from producers.sources.payload import Fields
from schemas.delivery import Commit, Push


def push(hook: Hook, context: Context) -> Mapped:
    """The branches and tags that moved."""
    it = hook.resource
    updates = list(it.children("refUpdates"))
    if not updates:
        return left_out(AZURE, "git.push", "empty")
    where = origin(hook, it.child("repository"))
    commits = tuple(_commit(one, context) for one in it.children("commits"))[::-1] if len(updates) == 1 else ()
    who = account(context, it.maybe_child("pushedBy"))
    return joined(_update(one, hook, where, who, commits) for one in updates)


def _update(
    update: Fields, hook: Hook, where: Origin, who: dict[str, str | bool | None], commits: tuple[Commit, ...]
) -> Mapped:
    ref, before, after = update.text("name"), sha(update, "oldObjectId"), sha(update, "newObjectId")
    return where.mapped(
        hook.resource.instant("date"),
        ("push", hook.resource.integer("pushId"), ref, before, after),
        lambda: fit(
            Push(
                provider=AZURE.name,
                repository=where.repository,
                **who,
                ref=ref,
                before=before,
                after=after,
                commits=commits,
                is_truncated=bool(before and after) and all(commit.sha != after for commit in commits),
            )
        ),
    )


def _commit(it: Fields, context: Context) -> Commit:
    author, committer = it.maybe_child("author"), it.maybe_child("committer")
    return forge.commit(
        it.text("commitId"),
        it.maybe_text("comment"),
        tuple(author.maybe_text(key) for key in ("email", "name")) if author else (),
        committer.maybe_instant("date") if committer else None,
        context,
        clock="committer",
    )
