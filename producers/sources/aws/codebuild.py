"""CodeBuild's `Build State Change` to CI runs; a build that a pipeline started is a part of the pipeline's run.

`build-start-time` is written without a zone (`Sep 1, 2017 4:12:29 PM`): when a build began is what its IN_PROGRESS
says. Its environment variables may hold secrets and are not read.
"""

from __future__ import annotations

from typing import Literal

from producers.sources.aws.shared import AWS, Notice
from producers.sources.clones import clone
from producers.sources.common import Context, Mapped
from producers.sources.evidence import chosen, labels, maybe_sha, person
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from schemas.delivery import CiRun, Outcome, Repository

_STATUSES: dict[str, tuple[Literal["started", "finished"], Outcome | None]] = {
    "IN_PROGRESS": ("started", None),
    "SUCCEEDED": ("finished", "success"),
    "FAILED": ("finished", "failure"),
    "FAULT": ("finished", "error"),
    "STOPPED": ("finished", "cancelled"),
    "TIMED_OUT": ("finished", "timed_out"),
}


def build_state(notice: Notice, context: Context) -> Mapped:
    """A state of a build.

    Raises:
        Rejected: what is missing or malformed; `unknown_status` for a status that builds do not have.
    """
    detail = notice.detail
    (state, outcome), project = chosen(detail, "build-status", _STATUSES), detail.text("project-name")
    build = detail.text("build-id").rpartition("/")[2]
    more = detail.maybe_child("additional-information") or Fields({})
    initiator = more.maybe_text("initiator")
    if (initiator or "").startswith("codepipeline/"):
        return left_out(AWS, "codebuild", "of_a_pipeline")
    version = more.maybe_text("source-version")
    return notice.mapped(
        dimension(project),
        ("codebuild", build, detail.text("build-status")),
        lambda: CiRun(
            provider=AWS.name,
            repository=_repository(more),
            labels=labels({"account": notice.account, "region": notice.region}),
            **person(context, initiator),
            run_id=dimension(build),
            name=dimension(project),
            ref=version if version and version.startswith("refs/") else None,
            commit=maybe_sha(version),
            state=state,
            outcome=outcome,
            started_at=notice.at if state == "started" else None,
            finished_at=notice.at if state == "finished" else None,
        ),
    )


def _repository(more: Fields) -> Repository | None:
    """The repository of a build's source, where that is an address of git and no bucket."""
    source = more.maybe_child("source")
    address = source.maybe_text("location") if source else None
    return clone(address.partition("?")[0]) if address and "://" in address else None
