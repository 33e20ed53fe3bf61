"""GitHub `workflow_run` to CI runs: one event per attempt and state.

`workflow_job`, `check_run`, `check_suite` and `status` tell of the same run at other grains; counting them too would
count CI several times, so `mapper.py` ignores them. GitHub's `created_at` is when the first attempt was queued, and
`run_started_at` when this one was: a first attempt that waited 11 s for a runner has both at the same second. When it
began to run is what `in_progress` says; of an end alone, a `run_started_at` equal to `created_at` says nothing of it.
"""

from __future__ import annotations

from typing import Literal

from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, link, sha, word
from producers.sources.forge import Origin, left_out
from producers.sources.github.shared import GITHUB, account
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from schemas.delivery import CiRun, Outcome

_STATES: dict[str, Literal["queued", "started", "finished"]] = {
    "requested": "queued",
    "in_progress": "started",
    "completed": "finished",
}
_OUTCOMES: dict[str, Outcome] = {
    "success": "success",
    "failure": "failure",
    "cancelled": "cancelled",
    "skipped": "skipped",
    "neutral": "neutral",
    "timed_out": "timed_out",
    "startup_failure": "error",
    "stale": "cancelled",
    "action_required": "neutral",  # waits for a person's approval: nothing ran
}


def workflow_run(payload: Fields, where: Origin, context: Context) -> Mapped:
    """`requested`, `in_progress` and `completed` of a workflow run's attempt."""
    action = payload.text("action")
    state = _STATES.get(action)
    if state is None:
        return left_out(GITHUB, "workflow_run", action)
    run = payload.child("workflow_run")
    number, attempt = run.integer("id"), run.maybe_integer("run_attempt") or 1
    began, created = run.maybe_instant("run_started_at"), run.maybe_instant("created_at")
    queued = created if attempt == 1 else None
    started = None if began == created else began
    at = began or run.instant("created_at") if state == "queued" else run.instant("updated_at")
    return where.mapped(
        at,
        ("workflow_run", number, attempt, state),
        lambda: CiRun(
            provider=GITHUB.name,
            repository=where.repository,
            **account(context, run.maybe_child("triggering_actor") or run.maybe_child("actor")),
            url=link(run, "html_url"),
            run_id=str(number),
            attempt=attempt,
            name=word(run, "name") or word(payload.maybe_child("workflow"), "name"),
            ref=run.maybe_text("head_branch"),
            commit=sha(run, "head_sha"),
            state=state,
            outcome=chosen(run, "conclusion", _OUTCOMES, "unknown_conclusion") if state == "finished" else None,
            queued_at=queued,
            started_at={"queued": None, "started": at, "finished": started}[state],
            finished_at=at if state == "finished" else None,
            template=_template(run, where),
        ),
    )


def _template(run: Fields, where: Origin) -> str | None:
    """The first reusable workflow of *another* repository that the run was made of, without its ref."""
    own = (where.repository.name or "").partition("/")[2]
    for used in run.children("referenced_workflows"):
        path = used.text("path").partition("@")[0]
        if not path.lower().startswith(f"{own}/"):
            return dimension(path) or None
    return None
