"""GitHub's webhook payloads, as its documentation lays them out, for the invented company's repositories.

Only the fields that a receiver has reason to read are there; the many `…_url` templates are not.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.local.demo.organisation import COMPANY

Payload = dict[str, Any]
ZEROS = "0" * 40
MAIN = "refs/heads/main"
_ORGANISATION = {"login": COMPANY, "id": 4400000, "type": "Organization"}


@dataclass(frozen=True)
class Webhook:
    """One delivery: GitHub's event name and the body."""

    at: datetime
    event: str
    payload: Payload


@dataclass(frozen=True)
class Author:
    """Who did it: an invented developer, or a robot."""

    number: int
    robot: bool = False

    @property
    def login(self) -> str:
        """GitHub login."""
        return "update-robot[bot]" if self.robot else f"dev-{self.number:03d}"

    def user(self) -> Payload:
        """As `sender`, `user`, `creator`, …."""
        return {"login": self.login, "id": 8000000 + self.number, "type": "Bot" if self.robot else "User"}

    def signature(self) -> Payload:
        """As `author` and `committer` of a commit."""
        return {
            "name": self.login,
            "email": f"{self.number}+{self.login}@users.noreply.example.com",
            "username": self.login,
        }


@dataclass(frozen=True)
class Commit:
    """One commit as a push lists it."""

    sha: str
    at: datetime
    title: str
    author: Author
    paths: tuple[str, ...] = ()


class Repository:
    """A repository and the numbers that its objects get: each kind counts up by itself."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self._counters: Counter[str] = Counter()

    def count(self, kind: str) -> int:
        """The next number of a kind of object within the repository, from 1 on."""
        self._counters[kind] += 1
        return self._counters[kind]

    def identifier(self, number: int) -> int:
        """The id, unique over all repositories, of the object with this number."""
        return self.number * 100_000 + number

    def commit_id(self) -> str:
        """The next commit's id."""
        return hashlib.sha1(f"{self.name}/{self.count('commit')}".encode(), usedforsecurity=False).hexdigest()

    def payload(self) -> Payload:
        """As `repository`."""
        full_name = f"{COMPANY}/{self.name}"
        return {
            "id": 700_000_000 + self.number,
            "name": self.name,
            "full_name": full_name,
            "private": True,
            "owner": _ORGANISATION,
            "html_url": f"https://github.com/{full_name}",
            "fork": False,
            "default_branch": "main",
        }

    def page(self, path: str) -> str:
        """A page of the repository."""
        return f"https://github.com/{COMPANY}/{self.name}/{path}"


def stamp(at: datetime) -> str:
    """An instant as GitHub writes it: UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _hook(repository: Repository, sender: Author, **body: Any) -> Payload:
    return {**body, "repository": repository.payload(), "organization": _ORGANISATION, "sender": sender.user()}


def push(repository: Repository, ref: str, before: str, commits: Sequence[Commit], pusher: Author) -> Payload:
    """`push`: the branch moved over the commits, oldest first, the last of them its new head."""
    listed = [
        {
            "id": commit.sha,
            "tree_id": hashlib.sha1(commit.sha.encode(), usedforsecurity=False).hexdigest(),
            "distinct": True,
            "message": commit.title,
            "timestamp": commit.at.isoformat(timespec="seconds"),
            "url": repository.page(f"commit/{commit.sha}"),
            "author": commit.author.signature(),
            "committer": commit.author.signature(),
            "added": [],
            "removed": [],
            "modified": list(commit.paths),
        }
        for commit in commits
    ]
    return _hook(
        repository,
        pusher,
        ref=ref,
        before=before,
        after=commits[-1].sha,
        created=before == ZEROS,
        deleted=False,
        forced=False,
        base_ref=None,
        compare=repository.page(f"compare/{before[:12]}...{commits[-1].sha[:12]}"),
        commits=listed,
        head_commit=listed[-1],
        pusher={"name": pusher.login, "email": f"{pusher.login}@users.noreply.example.com"},
    )


@dataclass(frozen=True)
class Pull:
    """A pull request that was merged."""

    number: int
    branch: str
    title: str
    author: Author
    opened_at: datetime
    merged_at: datetime
    base_sha: str
    head_sha: str
    merge_sha: str
    commits: int
    labels: tuple[str, ...] = ()


def pull_request_merged(repository: Repository, pull: Pull, merger: Author) -> Payload:
    """`pull_request`, action closed, merged."""
    own = repository.payload()
    merged = stamp(pull.merged_at)
    return _hook(
        repository,
        merger,
        action="closed",
        number=pull.number,
        pull_request={
            "id": repository.identifier(pull.number),
            "number": pull.number,
            "state": "closed",
            "locked": False,
            "title": pull.title,
            "user": pull.author.user(),
            "created_at": stamp(pull.opened_at),
            "updated_at": merged,
            "closed_at": merged,
            "merged_at": merged,
            "merge_commit_sha": pull.merge_sha,
            "labels": [{"id": index, "name": name} for index, name in enumerate(pull.labels, 1)],
            "draft": False,
            "head": {"label": f"{COMPANY}:{pull.branch}", "ref": pull.branch, "sha": pull.head_sha, "repo": own},
            "base": {"label": f"{COMPANY}:main", "ref": "main", "sha": pull.base_sha, "repo": own},
            "html_url": repository.page(f"pull/{pull.number}"),
            "merged": True,
            "merged_by": merger.user(),
            "commits": pull.commits,
        },
    )


@dataclass(frozen=True)
class Run:
    """A finished attempt of a workflow run."""

    number: int
    attempt: int
    sha: str
    conclusion: str
    created_at: datetime
    started_at: datetime
    finished_at: datetime
    template: str | None


def workflow_run_completed(repository: Repository, run: Run, actor: Author) -> Payload:
    """`workflow_run`, action completed; a platform template is a reusable workflow of the platform's repository."""
    referenced = [{"path": f"{run.template}@v3", "sha": ZEROS[:39] + "3"}] if run.template else []
    return _hook(
        repository,
        actor,
        action="completed",
        workflow={"id": repository.number, "name": "build", "path": ".github/workflows/build.yml", "state": "active"},
        workflow_run={
            "id": repository.identifier(run.number),
            "name": "build",
            "path": ".github/workflows/build.yml",
            "head_branch": "main",
            "head_sha": run.sha,
            "run_number": run.number,
            "run_attempt": run.attempt,
            "event": "push",
            "status": "completed",
            "conclusion": run.conclusion,
            "workflow_id": repository.number,
            "pull_requests": [],
            "referenced_workflows": referenced,
            "created_at": stamp(run.created_at),
            "run_started_at": stamp(run.started_at),
            "updated_at": stamp(run.finished_at),
            "html_url": repository.page(f"actions/runs/{repository.identifier(run.number)}"),
            "actor": actor.user(),
            "triggering_actor": actor.user(),
            "head_repository": repository.payload(),
        },
    )


@dataclass(frozen=True)
class Deployment:
    """A deployment to an environment."""

    number: int
    environment: str
    sha: str
    ref: str
    created_at: datetime
    description: str
    deployer: str | None
    creator: Author
    payload: Payload


def _deployment(repository: Repository, deployment: Deployment, updated_at: datetime) -> Payload:
    app = (
        None if deployment.deployer is None else {"id": 5100, "slug": deployment.deployer, "name": deployment.deployer}
    )
    return {
        "id": repository.identifier(deployment.number),
        "sha": deployment.sha,
        "ref": deployment.ref,
        "task": "deploy",
        "payload": deployment.payload,
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "creator": deployment.creator.user(),
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(updated_at),
        "transient_environment": False,
        "production_environment": deployment.environment == "production",
        "performed_via_github_app": app,
    }


def deployment_created(repository: Repository, deployment: Deployment) -> Payload:
    """`deployment`, action created."""
    return _hook(
        repository,
        deployment.creator,
        action="created",
        deployment=_deployment(repository, deployment, deployment.created_at),
    )


def deployment_status(repository: Repository, deployment: Deployment, state: str, at: datetime) -> Payload:
    """`deployment_status`, action created: a state of the deployment."""
    return _hook(
        repository,
        deployment.creator,
        action="created",
        deployment_status={
            "id": repository.identifier(repository.count("status")),
            "state": state,
            "creator": deployment.creator.user(),
            "description": "",
            "environment": deployment.environment,
            "created_at": stamp(at),
            "updated_at": stamp(at),
        },
        deployment=_deployment(repository, deployment, at),
    )
