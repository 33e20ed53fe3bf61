"""CodePipeline to CI runs and deployments: an execution of a pipeline is a run, an action that deploys a deployment.

A run is counted once: its stages tell of it at another grain. A stage does not say whether it deploys; an action does
(category `Deploy`), and its stage is the environment. Actions of CodeDeploy and CloudFormation are told by those
services themselves, with more to say: taking both would count them twice. A retried stage raises the attempt of the
execution.
"""

from __future__ import annotations

from typing import Literal

from producers.sources.aws.shared import AWS, Notice, repository_of
from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, labels, link, maybe_sha, person
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from schemas.delivery import CiRun, Deployment, Outcome

State = Literal["started", "finished"]
Status = Literal["started", "success", "failure", "cancelled"]

_RUNS: dict[str, tuple[State, Outcome | None] | None] = {
    "STARTED": ("started", None),
    "RESUMED": ("started", None),
    "STOPPING": None,
    "SUCCEEDED": ("finished", "success"),
    "FAILED": ("finished", "failure"),
    "STOPPED": ("finished", "cancelled"),
    "CANCELED": ("finished", "cancelled"),
    "SUPERSEDED": ("finished", "cancelled"),
}
_ACTIONS: dict[str, Status] = {
    "STARTED": "started",
    "SUCCEEDED": "success",
    "FAILED": "failure",
    "ABANDONED": "cancelled",
    "CANCELED": "cancelled",
}
_TELL_THEMSELVES = frozenset({"CodeDeploy", "CodeDeployToECS", "CloudFormation", "CloudFormationStackSet"})


def execution(notice: Notice, context: Context) -> Mapped:
    """A state of an execution of a pipeline.

    Raises:
        Rejected: what is missing or malformed; `unknown_status` for a state that executions do not have.
    """
    detail = notice.detail
    found, pipeline, run = chosen(detail, "state", _RUNS), detail.text("pipeline"), detail.text("execution-id")
    if found is None:
        return left_out(AWS, "codepipeline", detail.text("state"))
    state, outcome = found
    trigger = detail.maybe_child("execution-trigger") or Fields({})
    attempt = _attempt(detail)
    began = detail.maybe_instant("start-time")
    return notice.mapped(
        dimension(pipeline),
        ("codepipeline", run, attempt, detail.text("state")),
        lambda: CiRun(
            provider=AWS.name,
            repository=repository_of(trigger.maybe_text("provider-type"), trigger.maybe_text("full-repository-name")),
            labels=labels({"account": notice.account, "region": notice.region}),
            **person(context, trigger.maybe_text("author-email"), trigger.maybe_text("author-id")),
            run_id=dimension(run),
            attempt=attempt,
            name=dimension(pipeline),
            ref=trigger.maybe_text("branch-name"),
            commit=maybe_sha(trigger.maybe_text("commit-id")),
            state=state,
            outcome=outcome,
            started_at=began or (notice.at if state == "started" else None),
            finished_at=notice.at if state == "finished" else None,
        ),
    )


def action(notice: Notice) -> Mapped:
    """A state of an action that deploys.

    Raises:
        Rejected: what is missing or malformed in it; `unknown_status` for a state that actions do not have.
    """
    detail = notice.detail
    kind = detail.child("type")
    category, provider = kind.text("category"), kind.maybe_text("provider")
    if category != "Deploy":
        return left_out(AWS, "codepipeline_action", category)
    if provider in _TELL_THEMSELVES:
        return left_out(AWS, "codepipeline_action", str(provider))
    status, stage, name = chosen(detail, "state", _ACTIONS), detail.text("stage"), detail.text("action")
    pipeline, run, attempt = detail.text("pipeline"), detail.text("execution-id"), _attempt(detail)
    result = detail.maybe_child("execution-result")
    return notice.mapped(
        dimension(pipeline),
        ("codepipeline_action", run, stage, name, attempt, status),
        lambda: Deployment(
            provider=AWS.name,
            service=dimension(pipeline),
            labels=labels({"account": notice.account, "deployer": provider}),
            url=link(result, "external-execution-url") if result else None,
            deployment_id=dimension(f"{run}:{stage}:{name}"),
            release_id=dimension(run),
            environment=dimension(stage),
            region=notice.region,
            status=status,
        ),
    )


def _attempt(detail: Fields) -> int:
    """The number of a retry, from 1; EventBridge writes it as a number with or without a fraction, or as a text."""
    told = detail.raw("pipeline-execution-attempt")
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 10:  # noqa: PLR2004 - no run has more
        told = int(told)
    if isinstance(told, int | float) and not isinstance(told, bool) and 1 <= told < 1_000_000:  # noqa: PLR2004
        return int(told)
    return 1
