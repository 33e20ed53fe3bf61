"""Pipelines that Spinnaker ran (Orca) to CI runs, and their deploying stages to deployments.

The end of a pipeline tells of its stages with their own times; events of stages and tasks tell less of them (no id),
and count for nothing. A canceled pipeline arrives as failed: its status says what it was. A stage within another is a
part of it. The environment is the account that a stage deploys to; the application is the service; the version is the
tag of the image that was deployed or that triggered the pipeline.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, person, ref_of, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from producers.sources.spinnaker.shared import NOTHING, SPINNAKER, Code, code_of, maybe_time, time, triggers
from producers.sources.workloads import tag_of
from schemas.delivery import CiRun, Deployment, Outcome
from schemas.envelope import Event

Status = Literal["success", "failure", "cancelled", "skipped"]
_ENDS: dict[str, tuple[Outcome, Status] | None] = {
    "SUCCEEDED": ("success", "success"),
    "TERMINAL": ("failure", "failure"),
    "FAILED_CONTINUE": ("failure", "failure"),
    "CANCELED": ("cancelled", "cancelled"),
    "STOPPED": ("cancelled", "cancelled"),
    "SKIPPED": ("skipped", "skipped"),
    "NOT_STARTED": None,
    "RUNNING": None,
    "PAUSED": None,
    "SUSPENDED": None,
    "BUFFERED": None,
    "REDIRECT": None,
}
_DEPLOYS = frozenset({"deploy", "deployManifest", "deployService", "cloneServerGroup", "createServerGroup"})
_ROLLBACKS = frozenset({"rollbackCluster", "rollbackServerGroup", "undoRolloutManifest"})
_SOURCE = "//spinnaker"


def starting(content: Fields, context: Context) -> Mapped:
    """A pipeline that has begun."""
    execution = content.child("execution")
    at = time(execution, "startTime")
    return Mapped((_run(execution, at, context),))


def ended(content: Fields, context: Context) -> Mapped:
    """A pipeline that has ended, and the deployments that it made."""
    execution = content.child("execution")
    end = chosen(execution, "status", _ENDS)
    if end is None:
        return left_out(SPINNAKER, "pipeline.not_ended")
    run = _run(execution, time(execution, "endTime"), context, end[0])
    stages = [one for one in execution.children("stages") if _deploys(one)]
    return Mapped((run, *(event for one in stages if (event := _deployment(execution, one, context)))))


def _run(execution: Fields, at: datetime, context: Context, outcome: Outcome | None = None) -> Event:
    number, name = dimension(execution.text("id")), word(execution, "name")
    application = word(execution, "application")
    is_end = outcome is not None
    return SPINNAKER.event(
        _SOURCE,
        ("pipeline", number, outcome or "started", at.isoformat()),
        at,
        lambda: CiRun(
            **_evidence(execution, context),
            run_id=number,
            name=name,
            state="finished" if is_end else "started",
            outcome=outcome,
            queued_at=maybe_time(execution, "buildTime"),
            started_at=maybe_time(execution, "startTime"),
            finished_at=at if is_end else None,
        ),
        subject=application or name or number,
    )


def _deploys(stage: Fields) -> bool:
    return stage.maybe_text("type") in _DEPLOYS | _ROLLBACKS and "parentStageId" not in stage


def _deployment(execution: Fields, stage: Fields, context: Context) -> Event | None:
    """The deployment that a stage was; None for one that did not end, or was skipped before it began."""
    end, at = chosen(stage, "status", _ENDS), maybe_time(stage, "endTime")
    if end is None or at is None:
        return None
    number, held = dimension(stage.text("id")), stage.maybe_child("context") or NOTHING
    status = end[1]
    return SPINNAKER.event(
        _SOURCE,
        ("stage", execution.text("id"), number, status, at.isoformat()),
        at,
        lambda: Deployment(
            **_evidence(execution, context),
            deployment_id=number,
            environment=_account(held),
            region=_region(held),
            version=_version(execution, stage),
            status=status,
            started_at=maybe_time(stage, "startTime"),
            title=title(stage.maybe_text("name") or ""),
            is_rollback=True if stage.maybe_text("type") in _ROLLBACKS else None,
        ),
        subject=word(execution, "application") or number,
    )


def _evidence(execution: Fields, context: Context) -> dict[str, Any]:
    chain = triggers(execution)
    code = next((found for one in chain if (found := code_of(one)) != Code()), Code())
    who = execution.maybe_child("authentication") or NOTHING
    users = (who.maybe_text("user"), *(one.maybe_text("user") for one in chain))
    return {
        "provider": SPINNAKER.name,
        "service": word(execution, "application"),
        "repository": code.repository,
        "commit": code.commit,
        "ref": ref_of(None, code.branch),
        **person(context, next((user for user in users if user and user != "anonymous"), None)),
    }


def _account(held: Fields) -> str | None:
    cluster = next(held.children("clusters"), None)
    return word(held, "account", "credentials", "deploy.account.name") or word(cluster, "account")


def _region(held: Fields) -> str | None:
    """The region that server groups were made in; None where there are several, or none is told."""
    groups = held.maybe_child("deploy.server.groups")
    names = groups.names() if groups else []
    return dimension(names[0]) or None if len(names) == 1 else None


def _version(execution: Fields, stage: Fields) -> str | None:
    """The tag of the first image that the stage made or was given, else that the pipeline was triggered by."""
    outputs, held = stage.maybe_child("outputs") or NOTHING, stage.maybe_child("context") or NOTHING
    chain = triggers(execution)
    for it in (outputs, held, *chain):
        for artifact in it.children("artifacts"):
            if artifact.maybe_text("type") == "docker/image":
                found = word(artifact, "version") or tag_of(artifact.maybe_text("reference"))
                if found:
                    return found
    return next((found for one in chain if (found := word(one, "tag"))), None)
