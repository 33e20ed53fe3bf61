"""The delivery stream's contracts: CI runs, changes, deployments, incidents.

Events carry *evidence*, never a resolved service: repository, paths, labels and, only if the sender named one, an
explicit service. Which service an event belongs to is decided in recompute through the dated catalog. Words follow
CDEvents where it has one; a failed deployment and a usage event are our extension.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, StringConstraints

from schemas.base import Contract, Instant, Labels, Name, Sha, Text

Ref = Annotated[str, StringConstraints(min_length=1, max_length=500)]
"""A git ref as the provider wrote it: `refs/heads/main`, `refs/tags/v1`, or a bare branch name."""

Path = Annotated[str, StringConstraints(min_length=1, max_length=1000)]

Actor = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""A salted hash of a person or robot; no view ranks individuals."""

Outcome = Literal["success", "failure", "error", "timed_out", "cancelled", "skipped", "neutral"]


class Repository(Contract):
    """A repository: `id` survives a rename, `name` is what catalogs and people write."""

    id: Name | None = Field(default=None, description="Provider-qualified native id, e.g. github.com:1296269")
    name: Name | None = Field(default=None, description="Host-qualified name in lower case, e.g. github.com/acme/pay")
    default_branch: Name | None = None


class Commit(Contract):
    """One commit of a push, a merge or a deployment's own list."""

    sha: Sha
    committed_at: Instant | None = Field(default=None, description="The commit's one time, see clock")
    clock: Literal["author", "committer", "unknown"] = "unknown"
    parents: NonNegativeInt | None = Field(default=None, description="Number of parents; 2 or more is a merge commit")
    title: Text | None = Field(default=None, description="First line of the message")
    author: Actor | None = None
    is_bot: bool = False
    paths: tuple[Path, ...] | None = Field(default=None, description="Files touched; None when not known")


class Evidence(Contract):
    """What every delivery event may say about where it belongs."""

    provider: Name = Field(description="github, gitlab, argocd, git, emit, ...")
    service: Name | None = Field(default=None, description="Only when the sender named it")
    repository: Repository | None = None
    labels: Labels = Field(default_factory=dict)
    actor: Actor | None = None
    is_bot: bool = False
    url: Text | None = Field(default=None, description="The vendor's page of this object")


class CiRun(Evidence):
    """One attempt of one pipeline run, at one of its states."""

    kind: Literal["ci_run"] = "ci_run"
    run_id: Name
    attempt: PositiveInt = 1
    name: Name | None = Field(default=None, description="Workflow or pipeline")
    ref: Ref | None = None
    commit: Sha | None = None
    state: Literal["queued", "started", "finished"]
    outcome: Outcome | None = Field(default=None, description="None until finished")
    queued_at: Instant | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    template: Name | None = Field(default=None, description="Platform-provided pipeline template")


class Push(Evidence):
    """A branch or tag moved."""

    kind: Literal["push"] = "push"
    ref: Ref
    before: Sha | None = Field(default=None, description="None when the ref was created")
    after: Sha | None = Field(default=None, description="None when the ref was deleted")
    forced: bool = False
    commits: tuple[Commit, ...] = ()
    is_truncated: bool = Field(default=False, description="The provider cut the list of commits")


class Merge(Evidence):
    """A pull or merge request, at one of its states."""

    kind: Literal["merge"] = "merge"
    number: NonNegativeInt
    state: Literal["opened", "updated", "approved", "merged", "closed"]
    base_ref: Ref | None = None
    head_ref: Ref | None = None
    head_repository: Repository | None = Field(default=None, description="Another one than repository: a fork")
    head_commit: Sha | None = None
    merge_commit: Sha | None = Field(default=None, description="Only of a merged one")
    method: Literal["merge", "squash", "rebase"] | None = None
    title: Text | None = None
    opened_at: Instant | None = None
    first_review_at: Instant | None = None
    merged_at: Instant | None = None
    commit_count: NonNegativeInt | None = None
    commits: tuple[Commit, ...] | None = None


class Deployment(Evidence):
    """One status of one deployment to one environment. The event's time is the time of that status."""

    kind: Literal["deployment"] = "deployment"
    deployment_id: Name
    environment: Name | None = None
    tier: Literal["production", "nonprod"] | None = Field(default=None, description="Only when the sender said so")
    is_production: bool | None = Field(default=None, description="The provider's own flag; false says nothing")
    region: Name | None = None
    release_id: Name | None = Field(default=None, description="What is one release over environments and regions")
    version: Name | None = None
    ref: Ref | None = None
    commit: Sha | None = None
    status: Literal[
        "queued", "started", "success", "failure", "error", "cancelled", "skipped", "inactive", "rolled_back"
    ]
    started_at: Instant | None = None
    commits: tuple[Commit, ...] | None = Field(default=None, description="None: not said. Empty: there are none")
    title: Text | None = None
    is_rollback: bool | None = None
    fixes: tuple[Name, ...] = Field(default=(), description="Incident ids that this deployment mends")
    deployer: Name | None = Field(default=None, description="Platform deployer used")


class Incident(Evidence):
    """One state of one incident."""

    kind: Literal["incident"] = "incident"
    incident_id: Name
    state: Literal["opened", "acknowledged", "resolved", "reopened"]
    opened_at: Instant | None = Field(default=None, description="When it began, where the source says so")
    environment: Name | None = None
    severity: Name | None = None
    title: Text | None = None
    deployment_ids: tuple[Name, ...] = ()
    commits: tuple[Sha, ...] = ()
    version: Name | None = None


Delivery = Annotated[CiRun | Push | Merge | Deployment | Incident, Field(discriminator="kind")]
