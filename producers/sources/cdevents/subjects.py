"""CDEvents' subjects to contract events: pipeline runs, changes, services, incidents.

`taskRun`, `build` and the tests are finer grains of a pipeline run, which alone is counted. `service.published` says
that a deployed service can be reached: its deployment has been told. A service that was rolled back runs an older
artifact again: a deployment of it, which says what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from producers.sources.cdevents.shared import CDEVENTS, Said, name_of, repository_of
from producers.sources.common import Mapped
from producers.sources.evidence import chosen, link, word
from producers.sources.forge import left_out
from producers.sources.purl import artifact
from producers.sources.redact import dimension, title
from schemas.delivery import CiRun, Deployment, Incident, Merge, Outcome

_RUN: Mapping[str, Literal["queued", "started", "finished"]] = {
    "queued": "queued",
    "started": "started",
    "finished": "finished",
}
_OUTCOMES: dict[str, Outcome] = {
    "success": "success",
    "failure": "failure",
    "error": "error",
    "cancel": "cancelled",
}
_CHANGE: Mapping[str, Literal["opened", "updated", "merged", "closed"]] = {
    "created": "opened",
    "updated": "updated",
    "reviewed": "updated",  # whether it was an approval is not said
    "merged": "merged",
    "abandoned": "closed",
}
_SERVICE: Mapping[str, Literal["success", "inactive"]] = {
    "deployed": "success",
    "upgraded": "success",
    "rolledback": "success",
    "removed": "inactive",
}
_OUR_SERVICE: Mapping[str, Literal["queued", "started", "failure", "error", "cancelled", "skipped", "rolled_back"]] = {
    "queued": "queued",
    "started": "started",
    "failed": "failure",
    "errored": "error",
    "cancelled": "cancelled",
    "skipped": "skipped",
    "rolledback": "rolled_back",
}
"""CDEvents tells of deployments made; of others a custom type does: `dev.cdeventsx.adoption-service.failed`."""
_INCIDENT: Mapping[str, Literal["opened", "resolved"]] = {
    "detected": "opened",
    "reported": "opened",
    "resolved": "resolved",
}
_OUR_INCIDENT: Mapping[str, Literal["acknowledged", "reopened"]] = {
    "acknowledged": "acknowledged",
    "reopened": "reopened",
}
_NUMBER = re.compile(r"(?:.*[/#!])?(\d{1,18})", re.DOTALL)


def run(said: Said) -> Mapped:
    """A state of a pipeline run. An outcome that is not said is not invented."""
    state = _RUN.get(said.predicate)
    if state is None:
        return left_out(CDEVENTS, said.subject, said.predicate)
    has_ended = state == "finished" and "outcome" in said.content
    name = word(said.content, "pipelineName")
    fields = {
        "run_id": said.subject_id,
        "name": name,
        "url": link(said.content, "uri", "url"),
        "state": state,
        "outcome": chosen(said.content, "outcome", _OUTCOMES) if has_ended else None,
        f"{state}_at": said.at,
    }
    return Mapped((said.event(CiRun, fields, about=name),))


def change(said: Said) -> Mapped:
    """A state of a change. Our changes have numbers, CDEvents' have names: one that ends in no number is left out."""
    state, found = _CHANGE.get(said.predicate), _NUMBER.fullmatch(said.subject_id)
    if state is None:
        return left_out(CDEVENTS, said.subject, said.predicate)
    if found is None:
        return left_out(CDEVENTS, "change_without_number")
    repository = repository_of(said.reference("repository"))
    times = {"created": "opened_at", "reviewed": "first_review_at", "merged": "merged_at"}
    fields: dict[str, Any] = {"number": int(found[1]), "state": state, "repository": repository}
    if said.predicate in times:
        fields[times[said.predicate]] = said.at
    return Mapped((said.event(Merge, fields, about=repository.name if repository else None),))


def service(said: Said) -> Mapped:
    """A deployment of a service, or its end."""
    status = (_SERVICE if said.subject == "service" else _OUR_SERVICE).get(said.predicate)
    if status is None:
        return left_out(CDEVENTS, said.subject, said.predicate)
    environment, package = name_of(said.reference("environment")), said.content.maybe_text("artifactId")
    ran = artifact(package)
    fields = {
        "deployment_id": dimension(said.id),
        "service": said.subject_id,
        "repository": ran.repository,
        "environment": environment,
        "version": ran.version,
        "commit": ran.commit,
        "status": status,
        "is_rollback": True if status == "success" and said.predicate == "rolledback" else None,
    }
    return Mapped((said.event(Deployment, fields, about=None, told=(environment, package)),))


def incident(said: Said) -> Mapped:
    """A state of an incident; a link to a deployment's event is a reference to the deployment."""
    state = (_INCIDENT if said.subject == "incident" else _OUR_INCIDENT).get(said.predicate)
    if state is None:
        return left_out(CDEVENTS, said.subject, said.predicate)
    ran = artifact(said.content.maybe_text("artifactId"))
    name = dimension(f"{said.source}:{said.subject_id}")
    fields = {
        "incident_id": name,
        "state": state,
        "opened_at": said.at if said.predicate == "detected" else None,
        "service": name_of(said.reference("service")),
        "environment": name_of(said.reference("environment")),
        "title": title(said.content.maybe_text("description") or "") if state != "resolved" else None,
        "url": link(said.content, "ticketURI", "uri"),
        "deployment_ids": said.links,
        "commits": (ran.commit,) if ran.commit else (),
        "version": ran.version,
    }
    return Mapped((said.event(Incident, fields, about=name),))


SUBJECTS: dict[str, Callable[[Said], Mapped]] = {
    "pipelinerun": run,
    "change": change,
    "service": service,
    "adoption-service": service,
    "incident": incident,
    "adoption-incident": incident,
}
