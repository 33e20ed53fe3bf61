"""CircleCI's webhook to CI runs: `workflow-completed`; `job-completed` tells of the same run at a finer grain.

Only ends are told. A workflow that is run again is a new one of the same pipeline, so its own creation is when it
began, and the pipeline's says nothing of it. What was built stands in `pipeline.vcs` (GitHub's OAuth app, Bitbucket),
else in `pipeline.trigger_parameters` (GitLab, GitHub's app). A workflow that nobody was authorized to run is an
error of CI. What is sent twice has one identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producers.sources.clones import clone
from producers.sources.common import Context, Mapped
from producers.sources.evidence import Vendor, chosen, link, maybe_host, maybe_sha, person, ref_of, word
from producers.sources.forge import left_out
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from schemas.delivery import CiRun, Outcome

CIRCLECI = Vendor("circleci", revision=1)

_STATUSES: dict[str, Outcome] = {
    "success": "success",
    "failed": "failure",
    "error": "error",
    "canceled": "cancelled",
    "unauthorized": "error",
}
_NOTHING = Fields({})


def map_payload(payload: Any, headers: Mapping[str, str], context: Context) -> Mapped:  # noqa: ARG001 - a mapper's shape
    """The end of a workflow.

    Raises:
        Rejected: `unknown_status`, else what is missing or malformed.
    """
    body = Fields(payload)
    type_ = body.text("type")
    if type_ != "workflow-completed":
        return left_out(CIRCLECI, type_)
    workflow, pipeline = body.child("workflow"), body.child("pipeline")
    host = maybe_host(workflow.maybe_text("url")) or "app.circleci.com"
    outcome = chosen(workflow, "status", _STATUSES)
    number = dimension(workflow.text("id"))
    at = workflow.maybe_instant("stopped_at") or body.instant("happened_at")
    built = _built(pipeline, context)
    where = built["repository"]
    project = body.maybe_child("project")
    event = CIRCLECI.event(
        f"//{host}",
        (host, "workflow", number, outcome, at.isoformat()),
        at,
        lambda: CiRun(
            provider=CIRCLECI.name,
            **built,
            url=link(workflow, "url"),
            run_id=number,
            name=word(workflow, "name"),
            state="finished",
            outcome=outcome,
            started_at=workflow.maybe_instant("created_at"),
            finished_at=at,
        ),
        subject=(where.name if where else None) or word(project, "slug", "name") or number,
    )
    return Mapped((event,))


def _built(pipeline: Fields, context: Context) -> dict[str, Any]:
    """Repository, commit, ref and person of what was built, from either layout."""
    vcs = pipeline.maybe_child("vcs") or _NOTHING
    given = pipeline.maybe_child("trigger_parameters") or _NOTHING
    git = given.maybe_child("git") or _NOTHING
    forge = given.maybe_child("gitlab") or given.maybe_child("github_app") or _NOTHING
    author = (vcs.maybe_child("commit") or _NOTHING).maybe_child("author") or _NOTHING
    owner, name = forge.maybe_text("owner"), forge.maybe_text("repo_name")
    homes = (
        vcs.maybe_text("target_repository_url"),
        forge.maybe_text("web_url"),
        git.maybe_text("checkout_url"),
        forge.maybe_text("repo_url"),
        f"https://github.com/{owner}/{name}" if owner and name and "github_app" in given else None,
    )
    told = (forge.maybe_text("checkout_sha"), forge.maybe_text("commit_sha"))
    commits = (vcs.maybe_text("revision"), git.maybe_text("checkout_sha"), *told)
    tag = vcs.maybe_text("tag") or git.maybe_text("tag")
    branch = vcs.maybe_text("branch") or git.maybe_text("branch") or forge.maybe_text("branch")
    repository = next(filter(None, map(clone, homes)), None)
    commit = next(filter(None, map(maybe_sha, commits)), None)
    login = forge.maybe_text("user_username") or author.maybe_text("email")
    return {
        "repository": repository,
        "commit": commit,
        "ref": ref_of(tag, branch),
        **person(context, login, author.maybe_text("name") or forge.maybe_text("user_name")),
    }
