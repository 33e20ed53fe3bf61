"""Azure DevOps' deployments: stages of classic releases, and stages of pipelines that say by their name where they go.

A classic release names an environment and neither commit nor repository: its version is the release's name. Of a
pipeline's stage no event says that it deploys: by convention one does that is called `Deploy…` with an environment's
name behind it, or as such an environment (`Production`, `staging-eu`); others are CI. Its version is the run's name:
an old run's stage that runs again brings an old version back. `partiallySucceeded` is a success, and labelled.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from producers.sources.azure_devops.ci import own_repository, partial
from producers.sources.azure_devops.shared import AZURE, Hook, account, mapped, moment, within
from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, labels, maybe_sha, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from schemas.delivery import Deployment

Status = Literal["queued", "started", "success", "failure", "cancelled", "skipped"]

_RELEASED: dict[str, Status | None] = {
    "succeeded": "success",
    "partiallySucceeded": "success",
    "rejected": "failure",
    "failed": "failure",
    "canceled": "cancelled",
    **dict.fromkeys(("undefined", "notStarted", "scheduled", "queued", "inProgress"), None),
}
_RESULTS: dict[str, Status] = {
    "succeeded": "success",
    "partiallySucceeded": "success",
    "succeededWithIssues": "success",
    "failed": "failure",
    "canceled": "cancelled",
    "abandoned": "cancelled",
    "rejected": "cancelled",  # by an approver: nothing ran
    "skipped": "skipped",
}
_STATES: dict[str, Status | None] = {
    "notStarted": None,
    "waiting": "queued",
    "running": "started",
    "canceling": None,
}
_DEFINED = ("deployment", "environment", "release")
_DEPLOYS = re.compile(
    r"deploy(?!ment|ed|ing)(?:[ _-]?to(?=[ _-]|(?-i:[A-Z])))?[ _-]*(?P<environment>[a-z0-9].*)", re.IGNORECASE
)
_ENVIRONMENT = re.compile(r"(?:prod|production|live|staging|preprod|uat|qa|dev|sandbox)(?:[-_./ ].*)?", re.IGNORECASE)


def release(hook: Hook, context: Context) -> Mapped:
    """A classic release's deployment to an environment, begun or ended."""
    it, kind = hook.resource.child("environment"), hook.body.text("eventType")
    ended = kind.endswith("-completed-event")
    status = chosen(it, "status", _RELEASED) if ended else "started"
    if status is None:
        return left_out(AZURE, kind, it.text("status"))
    deployment, of = hook.resource.maybe_child("deployment"), it.child("release")
    at = _time(deployment, "completedOn" if ended else "startedOn") or it.instant("modifiedOn")
    attempt = (deployment.maybe_integer("attempt") if deployment else None) or hook.resource.maybe_integer("attemptId")
    number = _attempt(f"environment:{it.integer('id')}", attempt)
    definition = next(filter(None, (within(hook.resource, name, "releaseDefinition") for name in _DEFINED)), None)
    names = {"project": word(hook.resource.maybe_child("project"), "name"), "pipeline": word(definition, "name")}
    return mapped(
        hook,
        at,
        ("deployment", number, status, at.isoformat()),
        lambda: Deployment(
            provider=AZURE.name,
            **account(context, within(hook.resource, "deployment", "requestedFor")),
            labels={**labels(names), **partial(it.text("status") if ended else "")},
            deployment_id=number,
            environment=word(it, "name"),
            release_id=f"release:{of.integer('id')}",
            version=word(of, "name"),
            status=status,
            started_at=_time(deployment, "startedOn") if ended else at,
        ),
        about=None,
    )


def stage(hook: Hook, context: Context) -> Mapped:  # noqa: ARG001 - a stage names no person
    """A pipeline's stage that deploys, by its name."""
    it, run = hook.resource.child("stage"), hook.resource.child("run")
    environment = environment_of(word(it, "displayName", "name") or "") or environment_of(word(it, "name") or "")
    if environment is None:
        return left_out(AZURE, "stage", "no_environment")
    ended = it.text("state") == "completed"
    status = chosen(it, "result", _RESULTS) if ended else chosen(it, "state", _STATES)
    if status is None:
        return left_out(AZURE, "stage", it.text("state"))
    at = moment(it, "finishTime" if ended else "startTime") or hook.at
    number = _attempt(f"run:{run.integer('id')}:{dimension(it.text('name'), 120)}", it.maybe_integer("attempt"))
    own = within(run, "resources", "repositories", "self")
    where = own_repository(hook)
    return mapped(
        hook,
        at,
        ("stage", number, status, at.isoformat()),
        lambda: Deployment(
            provider=AZURE.name,
            repository=where,
            labels={
                **labels({"pipeline": word(hook.resource.maybe_child("pipeline"), "name")}),
                **partial(it.text("result") if ended else ""),
            },
            deployment_id=number,
            environment=environment,
            release_id=f"run:{run.integer('id')}",
            version=word(run, "name"),
            ref=own.maybe_text("refName") if own else None,
            commit=maybe_sha(own.maybe_text("version")) if own else None,
            status=status,
            started_at=moment(it, "startTime"),
        ),
        about=where,
    )


def environment_of(name: str) -> str | None:
    """The environment that a stage's name says it deploys to; None where it says none."""
    if match := _DEPLOYS.fullmatch(name):
        return match["environment"]
    return name if _ENVIRONMENT.fullmatch(name) else None


def _attempt(number: str, attempt: int | None) -> str:
    """A stage that runs again is another deployment; the first attempt is not always told."""
    return f"{number}:{attempt}" if attempt and attempt > 1 else number


def _time(deployment: Fields | None, key: str) -> datetime | None:
    return moment(deployment, key) if deployment else None
