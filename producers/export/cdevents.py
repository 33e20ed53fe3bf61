"""Contract events as CDEvents 0.5, each in a structured CloudEvent: the way out for other systems.

The mirror of `producers/sources/cdevents/`, which reads what this writes. What CDEvents has no words for is said in
`customData.adoption` and, of deployments and incidents, by custom types (`dev.cdeventsx.adoption-service.failed`); a
consumer that knows CDEvents alone sees pipeline runs, changes, services and incidents. A service that nobody named is
called as its repository: CDEvents has no service without an id. Pushes have no CDEvent; hashes of persons stay here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from schemas.delivery import CiRun, Deployment, Evidence, Incident, Merge, Repository
from schemas.envelope import Event

VERSION = "0.5.0"
_OUTCOMES = {"success": "success", "failure": "failure", "error": "error", "timed_out": "error", "cancelled": "cancel"}
_CHANGES = {
    "opened": "created",
    "updated": "updated",
    "approved": "reviewed",
    "merged": "merged",
    "closed": "abandoned",
}
_SERVICES = {
    "success": "service.deployed",
    "inactive": "service.removed",
    "queued": "adoption-service.queued",
    "started": "adoption-service.started",
    "failure": "adoption-service.failed",
    "error": "adoption-service.errored",
    "cancelled": "adoption-service.cancelled",
    "skipped": "adoption-service.skipped",
    "rolled_back": "adoption-service.rolledback",
}
_INCIDENTS = {
    "opened": "incident.detected",
    "resolved": "incident.resolved",
    "acknowledged": "adoption-incident.acknowledged",
    "reopened": "adoption-incident.reopened",
}
_NEWER = {"change.created": "0.4.0"}
_OUR_VERSION = "0.1.0"


def cdevent(event: Event) -> dict[str, Any] | None:
    """The event as a CloudEvent that carries a CDEvent; None for what CDEvents has no word for."""
    make = _MAKERS.get(event.data.kind)
    if make is None:
        return None
    what, subject, links = make(event.data)
    is_ours = what.startswith("adoption-")
    type_ = f"dev.cdevents{'x' if is_ours else ''}.{what}.{_OUR_VERSION if is_ours else _NEWER.get(what, '0.3.0')}"
    at = event.time.isoformat().replace("+00:00", "Z")
    context = {"specversion": VERSION, "id": event.id, "source": event.source, "type": type_, "timestamp": at}
    added = _added(event.data)
    data = {
        "context": {**context, "links": links} if links else context,
        "subject": {**subject, "source": event.source},
        **({"customData": {"adoption": added}, "customDataContentType": "application/json"} if added else {}),
    }
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": type_,
        "time": at,
        "subject": subject["id"],
        "datacontenttype": "application/json",
        "data": data,
    }


_Made = tuple[str, dict[str, Any], list[dict[str, Any]]]
"""(subject and predicate, subject, links)."""


def _run(run: CiRun) -> _Made:
    outcome = _OUTCOMES.get(run.outcome or "")
    content = {"pipelineName": run.name, "uri": run.url, "outcome": outcome}
    return f"pipelinerun.{run.state}", {"id": run.run_id, "content": _said(content)}, []


def _change(change: Merge) -> _Made:
    what = "reviewed" if change.state == "updated" and change.first_review_at else _CHANGES[change.state]
    return f"change.{what}", {"id": str(change.number), "content": _said({"repository": _home(change.repository)})}, []


def _service(deployment: Deployment) -> _Made:
    what = _SERVICES[deployment.status]
    if deployment.is_rollback and deployment.status == "success":
        what = "service.rolledback"
    name = deployment.service or _path(deployment.repository) or deployment.deployment_id
    environment = {"id": deployment.environment} if deployment.environment else None
    package = None if what == "service.removed" else _package(name, deployment)
    return what, {"id": name, "content": _said({"environment": environment, "artifactId": package})}, []


def _incident(incident: Incident) -> _Made:
    content = {
        "description": incident.title,
        "environment": {"id": incident.environment} if incident.environment else None,
        "service": {"id": incident.service} if incident.service else None,
        "uri": incident.url,
    }
    links = [
        {"linkType": "RELATION", "linkKind": "CAUSE", "target": {"contextId": one}} for one in incident.deployment_ids
    ]
    return _INCIDENTS[incident.state], {"id": incident.incident_id, "content": _said(content)}, links


_MAKERS: dict[str, Callable[[Any], _Made]] = {
    "ci_run": _run,
    "merge": _change,
    "deployment": _service,
    "incident": _incident,
}
_WORDS = (
    "base_ref",
    "commit",
    "deployer",
    "deployment_id",
    "environment",
    "head_commit",
    "head_ref",
    "merge_commit",
    "ref",
    "region",
    "release_id",
    "service",
    "severity",
    "template",
    "tier",
    "version",
)


def _added(data: Any) -> dict[str, Any]:
    """What the reader of `customData.adoption` knows."""
    words: dict[str, Any] = {name: getattr(data, name, None) for name in _WORDS}
    home = data.repository if isinstance(data, Evidence) else None
    words["repository"] = f"https://{home.name}" if home and home.name else None
    if isinstance(data, CiRun):
        words["attempt"] = data.attempt
        words["outcome"] = None if _OUTCOMES.get(data.outcome or "") == data.outcome else data.outcome
    return _said(words)


def _home(repository: Repository | None) -> dict[str, str] | None:
    if repository is None or not repository.name:
        return None
    host, _, path = repository.name.partition("/")
    return {"id": path, "source": f"https://{host}"}


def _path(repository: Repository | None) -> str | None:
    return repository.name.partition("/")[2] or None if repository and repository.name else None


def _package(name: str, deployment: Deployment) -> str:
    """The artifact as a package URL: CDEvents demands one of every deployed service."""
    version = f"@{quote(deployment.version, safe='.')}" if deployment.version else ""
    home = deployment.repository.name if deployment.repository else None
    commit = f"@{deployment.commit}" if deployment.commit else ""
    vcs = f"?vcs_url={quote(f'git+https://{home}{commit}', safe='')}" if home else ""
    return f"pkg:generic/{quote(name, safe='/.')}{version}{vcs}"


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
