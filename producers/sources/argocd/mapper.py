"""Argo CD's notifications to deployments: one per sync operation, started and finished.

A body holds the Application (`{"app": {{toJson .app}}, "context": {{toJson .context}}}`) as it is when the trigger
fires, whichever trigger that was: what it becomes is read off its state. An operation is known by its application and
the second it began; a repeated or a later notification that still shows it gives the same event.

- A finished sync is a success, unless the application has become Degraded since the sync began: then it is a failure at
  that moment (a success that was told before stands). Degradation as an incident is left to alerts: Argo CD says that
  an application is healthy, never which degradation that ended.
- `revision` is a commit where the source is git, and the chart's version where it is a Helm chart. Of several sources
  the first chart gives the version and the first git source the commit; they hold one revision each.
- Self-healing applies what is deployed already, a dry run nothing, and a sync of chosen resources is none of the
  application (Argo CD keeps no history of it either): they are ignored.
- A person who syncs to the state of an older entry of the history, not the last, rolls back.
- An automated sync names nobody. A waiting retry is still Running.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from producers.sources import workloads
from producers.sources.argocd import flat
from producers.sources.clones import clone
from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, chosen, maybe_host, maybe_sha, person, word
from producers.sources.payload import Fields
from producers.sources.redact import dimension, page, title
from producers.sources.times import stamp
from schemas.delivery import Deployment, Repository

VENDOR = Vendor("argocd", revision=1)

Status = Literal["started", "success", "failure", "error"]

_PHASES: dict[str, Status | None] = {
    "Running": "started",
    "Terminating": None,  # ends as Failed
    "Succeeded": "success",
    "Failed": "failure",
    "Error": "error",
}
_LOCAL = "in-cluster"
_FULL_SHA = 40


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The deployment that an Application tells of.

    Raises:
        Rejected: `missing_field` where there is no Application, else what is missing or malformed in it.
    """
    body = Fields(payload)
    app = _application(body)
    said = body.child("context") if isinstance(body.raw("context"), dict) else body
    address = said.maybe_text("argocdUrl") or ""
    state = (app.maybe_child("status") or Fields({})).maybe_child("operationState")
    if state is None or "phase" not in state:
        return Mapped(ignored=("argocd:no_operation",))
    status = chosen(state, "phase", _PHASES)
    left_out = "terminating" if status is None else _left_out(state)
    if status is None or left_out:
        return Mapped(ignored=(f"argocd:{left_out}",))
    return _deployment(app, state, status, address, context)


def _application(body: Fields) -> Fields:
    """The Application of a body: under `app` or `application`, at the top, or as loose fields."""
    for key in ("app", "application"):
        if isinstance(body.raw(key), dict) and "metadata" in body.child(key):
            return body.child(key)
    if "metadata" in body:
        return body
    return Fields(flat.application(body))


def _left_out(state: Fields) -> str | None:
    sync = (state.maybe_child("operation") or Fields({})).maybe_child("sync")
    if sync is None:
        return None
    if sync.maybe_integer("autoHealAttemptsCount"):
        return "self_heal"
    if sync.flag("dryRun"):
        return "dry_run"
    return "partial_sync" if sync.items("resources") else None


def _deployment(app: Fields, state: Fields, status: Status, address: str, context: Context) -> Mapped:
    meta = app.child("metadata")
    name, home = meta.text("name"), meta.maybe_text("namespace")
    began = state.maybe_instant("startedAt")
    at = state.instant("startedAt" if status == "started" else "finishedAt")
    if status == "success" and (degraded := _degraded_since(app, began)):
        status, at = "failure", max(at, degraded)
    destination = app.child("spec").maybe_child("destination") or Fields({})
    host = maybe_host(address) or ""
    known_by = (home or "", name, stamp(began or at))
    version, commit, where = _revisions(app, state)
    failed = status in {"failure", "error"}
    asked = state.maybe_child("operation") or Fields({})
    by = asked.maybe_child("initiatedBy") or Fields({})
    return Mapped(
        events=(
            VENDOR.event(
                f"//argocd/{host}" if host else "//argocd",
                (host, *known_by, status, stamp(at)),
                at,
                lambda: Deployment(
                    provider=VENDOR.name,
                    service=workloads.service_of(meta),
                    repository=where,
                    labels=workloads.labels_of(meta, project=app.child("spec").maybe_text("project")),
                    **person(context, by.maybe_text("username")),
                    url=page(f"{(page(address) or '').rstrip('/')}/applications/{home}/{name}") if home else None,
                    deployment_id=dimension(f"{f'{home}/' if home else ''}{name}@{known_by[-1]}"),
                    environment=workloads.environment_of(meta, destination.maybe_text("namespace")),
                    tier=workloads.tier_of(meta),
                    region=_cluster(destination),
                    version=workloads.said(meta, *workloads.VERSION) or version,
                    commit=commit,
                    status=status,
                    started_at=began,
                    title=title(state.maybe_text("message") or "") if failed else None,
                    is_rollback=_is_rollback(app, state, by),
                ),
                subject=dimension(name),
            ),
        )
    )


def _degraded_since(app: Fields, began: datetime | None) -> datetime | None:
    """Since when the application is Degraded, if that is since the sync began."""
    health = app.child("status").maybe_child("health")
    if health is None or health.maybe_text("status") != "Degraded":
        return None
    since = health.maybe_instant("lastTransitionTime")
    return since if since and began and since >= began else None


def _cluster(destination: Fields) -> str | None:
    """The cluster's name, else its API's host; None for the one that Argo CD runs in."""
    name = word(destination, "name") or maybe_host(destination.maybe_text("server"))
    return None if name is None or name == _LOCAL or name.startswith("kubernetes.default") else name


def _revisions(app: Fields, state: Fields) -> tuple[str | None, str | None, Repository | None]:
    """(chart's version, commit, repository of the commit) of what was synced, or is being."""
    spec = app.child("spec")
    result = state.maybe_child("syncResult")
    asked = (state.maybe_child("operation") or Fields({})).maybe_child("sync") or Fields({})
    revisions = _revisions_of(result) or _revisions_of(asked)
    sources = _sources(result) or _sources(asked) or _sources(spec)
    if not sources:  # a small template: only a full commit id is surely no chart's version
        return None, next((maybe_sha(one) for one in revisions if len(one) >= _FULL_SHA), None), None
    charts = [revision for source, revision in zip(sources, revisions, strict=False) if "chart" in source]
    gits = [(source, revision) for source, revision in zip(sources, revisions, strict=False) if "chart" not in source]
    commit, where = next(
        ((sha, _repository(source)) for source, revision in gits if (sha := maybe_sha(revision))), (None, None)
    )
    if where is None:
        where = next((found for source in sources if "chart" not in source and (found := _repository(source))), None)
    return next((dimension(one) for one in charts if one), None) or None, commit, where


def _revisions_of(it: Fields | None) -> list[str]:
    if it is None:
        return []
    one = it.maybe_text("revision")
    return it.texts("revisions") or ([one] if one else [])


def _sources(it: Fields | None) -> list[Fields]:
    if it is None:
        return []
    several = list(it.children("sources"))
    one = it.maybe_child("source")
    return several or ([one] if one and (one.maybe_text("repoURL") or "chart" in one) else [])


def _repository(source: Fields) -> Repository | None:
    return clone((source.maybe_text("repoURL") or "").partition("?")[0])


def _is_rollback(app: Fields, state: Fields, by: Fields) -> bool | None:
    """True where a person synced to what an older entry of the history deployed, and not the one before this."""
    synced = _revisions_of(state.maybe_child("syncResult"))
    if not synced or not by.maybe_text("username"):
        return None
    before = [
        _revisions_of(entry)
        for entry in app.child("status").children("history")
        if entry.maybe_text("deployStartedAt") != state.maybe_text("startedAt")
    ]
    return True if synced in before[:-1] and synced != before[-1] else None
