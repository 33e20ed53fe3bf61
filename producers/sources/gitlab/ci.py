"""GitLab `pipeline` to CI runs: one event per state.

Jobs (`build`) tell of the same run at another grain and are ignored by `mapper.py`; so are child pipelines, which
GitLab itself lists as parts of their parent. A retry of jobs runs in the same pipeline, which has no attempts: its
later end is an event of its own, and the first end stands. A pipeline that ends in `success` may hold a failed
deployment job that was allowed to fail: what was deployed is told by `deployment` alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import chosen, link, sha, word
from producers.sources.forge import Origin, left_out
from producers.sources.gitlab.shared import GITLAB, account
from producers.sources.payload import Fields
from producers.sources.times import known
from schemas.delivery import CiRun, Outcome

State = Literal["queued", "started", "finished"]

_STATUSES: dict[str, tuple[State, Outcome | None] | None] = {
    "created": ("queued", None),
    "waiting_for_resource": ("queued", None),
    "preparing": ("queued", None),
    "pending": ("queued", None),
    "scheduled": ("queued", None),
    "waiting_for_callback": None,
    "running": ("started", None),
    "manual": None,  # waits for a person; what ran before it has not failed, and it is no end
    "canceling": None,
    "success": ("finished", "success"),
    "failed": ("finished", "failure"),
    "canceled": ("finished", "cancelled"),
    "skipped": ("finished", "skipped"),
}


def pipeline(payload: Fields, where: Origin, context: Context) -> Mapped:
    """A pipeline's state."""
    it = payload.child("object_attributes")
    if it.maybe_text("source") == "parent_pipeline":
        return left_out(GITLAB, "pipeline", "child")
    meant = chosen(it, "status", _STATUSES)
    if meant is None:
        return left_out(GITLAB, "pipeline", it.text("status"))
    state, outcome = meant
    number = it.integer("id")
    queued_at = it.instant("created_at")
    started_at = _began(payload, it, queued_at)
    finished_at = _ended(it, outcome) if state == "finished" else None
    at = {"queued": queued_at, "started": started_at or queued_at, "finished": finished_at}[state] or queued_at
    native = ("pipeline", number, state, *(() if state == "queued" else (outcome, at.isoformat())))
    return where.mapped(
        at,
        native,
        lambda: CiRun(
            provider=GITLAB.name,
            repository=where.repository,
            **account(context, payload.maybe_child("user")),
            url=link(it, "url"),
            run_id=str(number),
            name=word(it, "name"),
            ref=_ref(it),
            commit=sha(it, "sha"),
            state=state,
            outcome=outcome,
            queued_at=queued_at,
            started_at=None if state == "queued" else started_at,
            finished_at=finished_at,
        ),
    )


def _began(payload: Fields, it: Fields, created: datetime) -> datetime | None:
    """GitLab counts the queue from `created_at` in whole seconds; before it did, the first job's start is known."""
    if (queued := it.raw("queued_duration")) is not None:
        if isinstance(queued, bool) or not isinstance(queued, int | float) or not 0 <= queued < 1e9:  # noqa: PLR2004
            raise Rejected("wrong_type", f"expected {it.at('queued_duration')} to be seconds, got another value")
        if known(created) is None:
            raise Rejected("time_out_of_range", f"expected {it.at('created_at')} within 2000..2100, got another year")
        return created + timedelta(seconds=queued)
    return min((at for job in payload.children("builds") if (at := job.maybe_instant("started_at"))), default=None)


def _ended(it: Fields, outcome: Outcome | None) -> datetime:
    """A pipeline that was skipped ended when it was made."""
    return it.instant("created_at") if outcome == "skipped" and "finished_at" not in it else it.instant("finished_at")


def _ref(it: Fields) -> str | None:
    ref = it.maybe_text("ref")
    return f"refs/tags/{ref}" if ref and it.flag("tag") else ref
