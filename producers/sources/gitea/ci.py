"""Gitea `workflow_run` and Forgejo `action_run_…` to CI runs: one event per attempt and state.

Jobs (`workflow_job`) and statuses tell of the same run and are ignored by `mapper.py`. Gitea gives a run no time of its
making: one that waits has no time at all and is left out, counted. A re-run without a number (older servers, Forgejo)
belongs to the same attempt, whose first end stands. Forgejo tells of ends only; `recover` is a success after a failure
and tells of the run that `success` tells of.
"""

from __future__ import annotations

from typing import Literal

from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, link, sha, word
from producers.sources.forge import Origin, left_out
from producers.sources.gitea.shared import GITEA, account, moment
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from schemas.delivery import CiRun, Outcome

_ACTIONS: dict[str, Literal["queued", "started", "finished"]] = {
    "requested": "queued",
    "in_progress": "started",
    "completed": "finished",
}
_OUTCOMES: dict[str, Outcome] = {
    "success": "success",
    "failure": "failure",
    "cancelled": "cancelled",
    "skipped": "skipped",
}


def workflow_run(payload: Fields, where: Origin, context: Context) -> Mapped:
    """`requested`, `in_progress` and `completed` of a workflow run's attempt."""
    state = chosen(payload, "action", _ACTIONS, "unknown_action")
    run, workflow = payload.child("workflow_run"), payload.maybe_child("workflow")
    started = moment(run, "started_at")
    at = run.instant("completed_at") if state == "finished" else started
    if at is None:
        return left_out(GITEA, "workflow_run", payload.text("action"), "without_time")
    number, attempt = run.integer("id"), run.maybe_integer("run_attempt") or 1
    path = (run.maybe_text("path") or "").partition("@")[0]
    return where.mapped(
        at,
        ("workflow_run", number, attempt, state, at.isoformat()),
        lambda: CiRun(
            provider=GITEA.name,
            repository=where.repository,
            **account(context, run.maybe_child("trigger_actor") or run.maybe_child("actor")),
            url=link(run, "html_url"),
            run_id=str(number),
            attempt=attempt,
            name=word(workflow, "name") or dimension(path) or None,
            ref=run.maybe_text("head_branch"),
            commit=sha(run, "head_sha"),
            state=state,
            outcome=chosen(run, "conclusion", _OUTCOMES, "unknown_conclusion") if state == "finished" else None,
            started_at=started if state != "queued" else None,
            finished_at=at if state == "finished" else None,
        ),
    )


def action_run(payload: Fields, where: Origin, context: Context) -> Mapped:
    """The end of a run on Forgejo."""
    run = payload.child("run")
    number, at = run.integer("id"), run.instant("stopped")
    return where.mapped(
        at,
        ("action_run", number, at.isoformat()),
        lambda: CiRun(
            provider=GITEA.name,
            repository=where.repository,
            **account(context, run.maybe_child("trigger_user")),
            url=link(run, "html_url"),
            run_id=str(number),
            name=word(run, "workflow_id"),
            ref=run.maybe_text("prettyref"),
            commit=sha(run, "commit_sha"),
            state="finished",
            outcome=chosen(run, "status", _OUTCOMES),
            queued_at=moment(run, "created"),
            started_at=moment(run, "started"),
            finished_at=at,
        ),
    )
