"""A Kubernetes Deployment object to the deployment of its revision, when it has finished rolling out or given up.

The object is a state, sent again at every change. Its `Progressing` condition says how the rollout of the current
revision (`deployment.kubernetes.io/revision`) went and when: that moment is part of the event's identity, so that the
same end, seen in a hundred later states, is one event. A rollback gets a new revision number and the old version.
Scaling makes no revision; a restart does, and cannot be told from a change. Until the controller has observed the
newest specification, the conditions speak of the one before. ReplicaSets and pods tell of the same rollout at other
grains.
"""

from __future__ import annotations

from typing import Literal

from producers.sources import workloads
from producers.sources.common import Mapped, Rejected
from producers.sources.evidence import maybe_sha
from producers.sources.forge import left_out
from producers.sources.kubernetes.shared import KUBERNETES, SOURCE
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from producers.sources.times import stamp
from schemas.delivery import Deployment, Repository

Status = Literal["started", "success", "failure"]

_REASONS: dict[str, Status] = {
    "NewReplicaSetCreated": "started",
    "NewReplicaSetAvailable": "success",
    "ProgressDeadlineExceeded": "failure",
}
_REVISION = "deployment.kubernetes.io/revision"


def deployment(it: Fields, cluster: str | None = None) -> Mapped:
    """The deployment that a Deployment object (apps/v1) tells of.

    Args:
        it: the object.
        cluster: its name, where the sender knows it.

    Raises:
        Rejected: what is missing or malformed in it.
    """
    meta, spec, state = it.child("metadata"), it.child("spec"), it.maybe_child("status") or Fields({})
    progressing = workloads.condition(state, "Progressing")
    if progressing is None:
        return left_out(KUBERNETES, "deployment", "no_progress_reported")
    status = _REASONS.get(progressing.text("reason"))
    if status is None or not _is_observed(meta, state) or (status == "success" and not _is_complete(state)):
        return left_out(KUBERNETES, "deployment", "in_progress")
    return _deployment(meta, spec, progressing, status, cluster)


def _is_observed(meta: Fields, state: Fields) -> bool:
    return (state.maybe_integer("observedGeneration") or 0) >= (meta.maybe_integer("generation") or 0)


def _is_complete(state: Fields) -> bool:
    """Whether all pods are of the current revision."""
    return (state.maybe_integer("updatedReplicas") or 0) == (state.maybe_integer("replicas") or 0)


def _deployment(meta: Fields, spec: Fields, progressing: Fields, status: Status, cluster: str | None) -> Mapped:
    uid, revision = meta.text("uid"), workloads.said(meta, _REVISION)
    if revision is None:
        raise Rejected("missing_field", f"expected metadata.annotations.{_REVISION}, got a Deployment without it")
    at = progressing.instant("lastUpdateTime")
    namespace, name = meta.maybe_text("namespace"), meta.text("name")
    version, commit = workloads.version_of(meta, spec)
    repository = workloads.said(meta, "adoption/repository")
    cause = workloads.said(meta, "kubernetes.io/change-cause") or ""
    why = progressing.maybe_text("message") if status == "failure" else None
    return Mapped(
        events=(
            KUBERNETES.event(
                SOURCE,
                (uid, revision, status, stamp(at)),
                at,
                lambda: Deployment(
                    provider=KUBERNETES.name,
                    service=workloads.service_of(meta),
                    repository=Repository(name=repository.lower()) if repository else None,
                    labels=workloads.labels_of(meta, cluster=cluster),
                    deployment_id=dimension(f"{uid}:{revision}"),
                    environment=workloads.environment_of(meta, namespace),
                    tier=workloads.tier_of(meta),
                    region=cluster,
                    version=version,
                    commit=maybe_sha(workloads.said(meta, "adoption/commit")) or commit,
                    status=status,
                    title=title(why or cause),
                ),
                subject=dimension(name),
            ),
        )
    )
