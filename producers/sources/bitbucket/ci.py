"""Bitbucket Cloud `repo:commit_status_…` to CI runs: a build's status on a commit.

Bitbucket Pipelines tells of its runs in no other way, nor do builds of other systems that report here: the run is the
status' key on that commit. A re-run of the same key is the same run; its first end stands. When it began is told by the
status `INPROGRESS`, by an end alone it is not. Pipelines numbers its names (`Pipeline #4 for main`): the number is no
part of what ran.
"""

from __future__ import annotations

import re
from typing import Literal

from producers.sources.bitbucket.shared import BITBUCKET, account
from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import chosen, link, maybe_sha, sha, word
from producers.sources.forge import Origin
from producers.sources.payload import Fields
from schemas.delivery import CiRun, Outcome

_STATES: dict[str, tuple[Literal["started", "finished"], Outcome | None]] = {
    "INPROGRESS": ("started", None),
    "SUCCESSFUL": ("finished", "success"),
    "FAILED": ("finished", "failure"),
    "STOPPED": ("finished", "cancelled"),
}
_NUMBER = re.compile(r" #\d+\b")


def commit_status(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A build's status on a commit."""
    it = payload.child("commit_status")
    state, outcome = chosen(it, "state", _STATES)
    key, commit, at = it.text("key"), _commit(it), it.instant("updated_on")
    return where.mapped(
        at,
        ("commit_status", commit, key, it.text("state"), at.isoformat()),
        lambda: CiRun(
            provider=BITBUCKET.name,
            repository=where.repository,
            **account(context, payload.maybe_child("actor")),
            url=link(it, "url"),
            run_id=f"{commit}:{key}",
            name=_NUMBER.sub("", word(it, "name", "key") or "") or None,
            ref=it.maybe_text("refname"),
            commit=commit,
            state=state,
            outcome=outcome,
            started_at=at if state == "started" else None,
            finished_at=at if state == "finished" else None,
        ),
    )


def _commit(it: Fields) -> str:
    """The commit itself; older payloads have its address alone."""
    commit, links = it.maybe_child("commit"), it.maybe_child("links")
    found = sha(commit, "hash") if commit else None
    if found is None and links and (address := links.maybe_child("commit")):
        found = maybe_sha((link(address, "href") or "").rstrip("/").rpartition("/")[2])
    if found is None:
        raise Rejected("missing_field", f"expected {it.at('commit.hash')}, got a status without its commit")
    return found
