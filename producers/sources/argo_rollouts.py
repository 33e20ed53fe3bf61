"""Argo Rollouts' notifications to deployments: one per revision of a Rollout, started and finished.

The body is what the operator's template says; ours is
`{"trigger": "on-rollout-completed", "at": "{{(call .time.Now).Format "2006-01-02T15:04:05Z07:00"}}", "rollout":
{{toJson .rollout}}}`, one for each trigger. The controller sends before it stores the new status, so that the Rollout
in the body may be one step behind: the trigger says what happened, and `at` when. Without a trigger the Rollout's own
status decides, and its conditions say when. A revision is known by the Rollout's uid and its revision number: a Rollout
that was made anew begins at 1 again. An aborted rollout, by a failed analysis or by hand, is a failure; the analysis
run that failed tells the same and is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from producers.sources import workloads
from producers.sources.common import Context, Mapped, Rejected
from producers.sources.evidence import Vendor
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from producers.sources.times import stamp
from schemas.delivery import Deployment

VENDOR = Vendor("argo-rollouts", revision=1)

Status = Literal["started", "success", "failure"]

_TRIGGERS: dict[str, Status] = {
    "on-rollout-updated": "started",
    "on-rollout-completed": "success",
    "on-rollout-aborted": "failure",
}
_PHASES: dict[str, Status | None] = {
    "Healthy": "success",
    "Degraded": "failure",
    "Progressing": "started",
    "Paused": None,
}
_CONDITIONS: dict[Status, tuple[str, ...]] = {
    "started": ("Progressing",),
    "success": ("Completed", "Progressing"),
    "failure": ("Progressing", "InvalidSpec"),
}
_ENDED_BADLY = frozenset({"RolloutAborted", "ProgressDeadlineExceeded", "InvalidSpec"})
_REVISION = "rollout.argoproj.io/revision"


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The deployment that a Rollout's notification tells of.

    Raises:
        Rejected: what is missing or malformed in the Rollout; `unknown_status` for a phase that Rollouts do not have.
    """
    body = Fields(payload)
    rollout = body if "metadata" in body else body.child("rollout")
    trigger = body.maybe_text("trigger")
    if trigger and trigger not in _TRIGGERS:
        return left_out(VENDOR, trigger)
    status = _TRIGGERS[trigger] if trigger else _status(rollout)
    if status is None:
        return left_out(VENDOR, "unfinished")
    return _deployment(rollout, status, body.maybe_instant("at"))


def _status(rollout: Fields) -> Status | None:
    said = rollout.maybe_child("status")
    phase = said.maybe_text("phase") if said else None
    if phase and phase not in _PHASES:
        raise Rejected("unknown_status", f"expected status.phase of {', '.join(_PHASES)}, got {phase[:40]!r}")
    status = _PHASES[phase] if phase else None
    progressing = workloads.condition(said, "Progressing")
    reason = progressing.maybe_text("reason") if progressing else None
    if status == "failure" and reason not in _ENDED_BADLY:
        return None  # pods that fail while it still goes on
    return status


def _when(rollout: Fields, status: Status) -> datetime:
    """When the Rollout came to this, by its abort or the condition that tells of it."""
    said = rollout.child("status")
    if status == "failure" and (aborted := said.maybe_instant("abortedAt")):
        return aborted
    for kind in _CONDITIONS[status]:
        one = workloads.condition(said, kind)
        if one and (at := one.maybe_instant("lastUpdateTime") or one.maybe_instant("lastTransitionTime")):
            return at
    expected = " or ".join(_CONDITIONS[status])
    raise Rejected("missing_field", f"expected at, or a condition {expected} with lastUpdateTime, got neither")


def _deployment(rollout: Fields, status: Status, told: datetime | None) -> Mapped:
    meta, spec = rollout.child("metadata"), rollout.child("spec")
    uid, revision = meta.text("uid"), workloads.said(meta, _REVISION)
    if revision is None:
        raise Rejected("missing_field", f"expected metadata.annotations.{_REVISION}, got a Rollout without it")
    at = told or _when(rollout, status)
    namespace, name = meta.maybe_text("namespace"), meta.text("name")
    version, commit = workloads.version_of(meta, spec)
    state = rollout.maybe_child("status")
    said = state.maybe_text("message") if state and status == "failure" else None
    return Mapped(
        events=(
            VENDOR.event(
                "//argo-rollouts",
                (uid, revision, status, None if told else stamp(at)),
                at,
                lambda: Deployment(
                    provider=VENDOR.name,
                    service=workloads.service_of(meta),
                    labels=workloads.labels_of(meta),
                    deployment_id=f"{uid}:{revision}",
                    environment=workloads.environment_of(meta, namespace),
                    tier=workloads.tier_of(meta),
                    version=version,
                    commit=commit,
                    status=status,
                    title=title(said or ""),
                ),
                subject=dimension(name),
            ),
        )
    )
