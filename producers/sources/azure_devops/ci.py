"""Azure DevOps `build.complete` and pipelines' `run-state-changed` to CI runs: a run has one number in both.

A hook of either is enough, and two tell of one run. Jobs are ignored by `mapper.py`. `partiallySucceeded` is what the
platform goes on after, as after a success (steps failed that were allowed to): it counts as one and is labelled. XAML
builds have their result as `status`, and ref and commit in `sourceGetVersion`. The page of a run is known by its query
alone, which never passes.
"""

from __future__ import annotations

from typing import Any

from producers.sources.azure_devops.shared import AZURE, Hook, account, mapped, moment, repository, within
from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, labels, maybe_sha, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from schemas.delivery import CiRun, Outcome, Repository

_RESULTS: dict[str, Outcome] = {
    "succeeded": "success",
    "partiallySucceeded": "success",
    "succeededWithIssues": "success",
    "failed": "failure",
    "canceled": "cancelled",
    "stopped": "cancelled",
    "skipped": "skipped",
}
_PARTIAL = frozenset({"partiallySucceeded", "succeededWithIssues"})
_STATES: dict[str, str] = {"inProgress": "started", "completed": "finished", "canceling": ""}


def build(hook: Hook, context: Context) -> Mapped:
    """A build that ended."""
    it = hook.resource
    key = "result" if "result" in it else "status"
    ref, commit = _source(it)
    target = it.maybe_child("repository")
    at = it.instant("finishTime")
    return _run(
        hook,
        it,
        {
            **account(context, it.maybe_child("requestedFor") or it.maybe_child("lastChangedBy")),
            "outcome": chosen(it, key, _RESULTS),
            "labels": partial(it.text(key)),
            "name": word(it.maybe_child("definition"), "name"),
            "ref": ref,
            "commit": commit,
            "repository": repository(target) if target else None,
            "queued_at": moment(it, "queueTime"),
            "started_at": moment(it, "startTime"),
            "finished_at": at,
        },
    )


def run(hook: Hook, context: Context) -> Mapped:  # noqa: ARG001 - a run names no person
    """A pipeline's run that began or ended."""
    it = hook.resource.child("run")
    state = chosen(it, "state", _STATES)
    if not state:
        return left_out(AZURE, "run", it.text("state"))
    is_end = state == "finished"
    own = within(it, "resources", "repositories", "self")
    return _run(
        hook,
        it,
        {
            "outcome": chosen(it, "result", _RESULTS) if is_end else None,
            "labels": partial(it.text("result")) if is_end else {},
            "name": word(hook.resource.maybe_child("pipeline") or it.maybe_child("pipeline"), "name"),
            "ref": own.maybe_text("refName") if own else None,
            "commit": maybe_sha(own.maybe_text("version")) if own else None,
            "repository": own_repository(hook),
            "queued_at": moment(it, "createdDate"),
            "started_at": None if is_end else hook.at,
            "finished_at": it.instant("finishedDate") if is_end else None,
        },
    )


def _run(hook: Hook, it: Fields, said: dict[str, Any]) -> Mapped:
    number, end = it.integer("id"), said["finished_at"]
    state = "finished" if end else "started"
    native = ("run", number, state, *((end.isoformat(),) if end else ()))
    return mapped(
        hook,
        end or hook.at,
        native,
        lambda: CiRun(provider=AZURE.name, run_id=str(number), state=state, **said),
        about=said["repository"],
    )


def partial(result: str) -> dict[str, str]:
    """A label for what succeeded with exceptions."""
    return labels({"result": result if result in _PARTIAL else None})


def own_repository(hook: Hook) -> Repository | None:
    """The repository that a run's pipeline lies in."""
    listed = list(hook.resource.children("repositories"))
    found = next((one for one in listed if one.maybe_text("alias") == "self"), listed[0] if len(listed) == 1 else None)
    found = found or within(hook.resource, "run", "resources", "repositories", "self", "repository")
    return repository(found) if found else None


def _source(it: Fields) -> tuple[str | None, str | None]:
    """Ref and commit; a XAML build has both in one text (`LG:refs/heads/main:600c52d2…`)."""
    _, _, both = (it.maybe_text("sourceGetVersion") or "").partition(":")
    ref, _, commit = both.rpartition(":")
    return it.maybe_text("sourceBranch") or ref or None, maybe_sha(it.maybe_text("sourceVersion") or commit)
