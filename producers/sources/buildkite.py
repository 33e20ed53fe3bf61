"""Buildkite's builds to CI runs: its webhook, its events on Amazon EventBridge, and builds as its REST API gives them.

The three say the same of one build, whose UUID makes their events one. Jobs are a finer grain, agents and clusters none
of our business. A build that waits for somebody to unblock it is reported as finished and will finish again: that is
left out, whatever word it has (`state: blocked`, or `blocked: true`). Jobs retried within a build make it finish again,
too; its first end stands. `HEAD` is no commit. EventBridge writes times as `2019-08-11 06:01:35 UTC`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from producers.sources.clones import clone
from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, chosen, link, maybe_sha, person, ref_of, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension, page
from schemas.delivery import CiRun, Outcome

BUILDKITE = Vendor("buildkite", revision=1)

State = Literal["queued", "started", "finished"]
_WEBHOOK: dict[str, State] = {
    "build.scheduled": "queued",
    "build.running": "started",
    "build.finished": "finished",
    "build.skipped": "finished",
}
_EVENTBRIDGE: dict[str, State] = {
    "Build Created": "queued",
    "Build Started": "started",
    "Build Finished": "finished",
    "Build Skipped": "finished",
}
_REST: dict[str, State] = {
    "scheduled": "queued",
    "running": "started",
    "passed": "finished",
    "failed": "finished",
    "canceled": "finished",
    "skipped": "finished",
    "not_run": "finished",
}
_IN_BETWEEN = frozenset({"blocked", "canceling", "creating", "failing", "waiting"})
_OUTCOMES: dict[str, Outcome] = {
    "passed": "success",
    "failed": "failure",
    "canceled": "cancelled",
    "skipped": "skipped",
    "not_run": "skipped",
}
_TIMES: dict[State, tuple[str, ...]] = {
    "queued": ("scheduled_at", "created_at"),
    "started": ("started_at",),
    "finished": ("finished_at",),
}


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The state of a build.

    Raises:
        Rejected: `unknown_status`, else what is missing or malformed.
    """
    body = Fields(payload)
    if "detail-type" in body:
        type_ = body.text("detail-type")
        if type_ not in _EVENTBRIDGE:
            return left_out(BUILDKITE, type_)
        detail = body.child("detail")
        return _mapped(detail, _EVENTBRIDGE[type_], context, told_at=body.maybe_instant("time"))
    if "event" in body:
        type_ = body.text("event")
        if type_ not in _WEBHOOK:
            return left_out(BUILDKITE, type_)
        return _mapped(body, _WEBHOOK[type_], context)
    said = body.maybe_text("state") if "number" in body else None
    if said is None or said in _IN_BETWEEN:
        return left_out(BUILDKITE, "build", said or "none")
    return _mapped(body, chosen(body, "state", _REST), context)


def _mapped(body: Fields, state: State, context: Context, *, told_at: datetime | None = None) -> Mapped:
    """The build in a body that holds it beside its pipeline, or is it."""
    build = body.maybe_child("build") or body
    pipeline = body.maybe_child("pipeline") or build.maybe_child("pipeline")
    organization = word(body.maybe_child("organization"), "slug") or _organization(build)
    said = build.maybe_text("state")
    if state == "finished" and (said == "blocked" or build.flag("blocked")):
        return left_out(BUILDKITE, "build.blocked")
    outcome = chosen(build, "state", _OUTCOMES) if state == "finished" else None
    number = dimension(build.maybe_text("uuid") or build.text("id"))
    at = _time(build, state, told_at)
    where = clone(pipeline.maybe_text("repository") or pipeline.maybe_text("repo")) if pipeline else None
    name = word(pipeline, "slug", "name")
    source = f"//buildkite.com/{organization}" if organization else "//buildkite.com"
    event = BUILDKITE.event(
        source,
        ("build", number, state, outcome, at.isoformat()),
        at,
        lambda: CiRun(
            provider=BUILDKITE.name,
            repository=where,
            **_actor(build, context),
            url=link(build, "web_url"),
            run_id=number,
            name=name,
            ref=ref_of(build.maybe_text("tag"), build.maybe_text("branch")),
            commit=maybe_sha(build.maybe_text("commit")),
            state=state,
            outcome=outcome,
            queued_at=at if state == "queued" else build.maybe_instant("created_at"),
            started_at=build.maybe_instant("started_at") if state != "queued" else None,
            finished_at=at if state == "finished" else None,
        ),
        subject=(where.name if where else None) or name or number,
    )
    return Mapped((event,))


def _time(build: Fields, state: State, told_at: datetime | None) -> datetime:
    """When the build reached its state; a build that was skipped has no end, so what told of it says when."""
    keys = _TIMES[state]
    found = next((at for key in keys if (at := build.maybe_instant(key))), None) or told_at
    if found is None and build.maybe_text("state") in {"skipped", "not_run"}:
        found = build.maybe_instant("created_at")
    return found or build.instant(keys[-1])


def _actor(build: Fields, context: Context) -> dict[str, Any]:
    """Who made the build, else who wrote what it builds."""
    who = build.maybe_child("creator") or build.maybe_child("author")
    return person(context, who.maybe_text("email"), who.maybe_text("username"), who.maybe_text("name")) if who else {}


def _organization(build: Fields) -> str | None:
    """The first part of a build's page: https://buildkite.com/acme/pay/builds/2."""
    path = (page(build.maybe_text("web_url")) or "").partition("://")[2].partition("/")[2]
    return dimension(path.partition("/")[0]) or None
