"""Statuses of deployments collapse onto attempts: one per (environment, deployment id)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.delivery import Commit, Deployment
from schemas.envelope import Event
from tests.oracle.history import first_said, repository
from tests.oracle.tiers import tier

FAILURES = ("failure", "error", "rolled_back")
"""Terminal statuses that are no success; `rolled_back` after a success says that it was rolled back then."""


@dataclass
class Attempt:
    """One deployment to one place, with whatever was said of it."""

    deployment_id: str
    environment: str
    region: str
    tier: str
    version: str | None
    release_id: str | None
    commit: str | None
    ref: str | None
    title: str | None
    repository: str
    labels: dict[str, str]
    fixes: set[str]
    commits: list[Commit] | None
    says_rollback: bool
    statuses: set[str]
    provider: str
    deployer: str
    seen_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failed_at: datetime | None
    rolled_back: list[tuple[datetime, str]] = field(default_factory=list)
    """When, and by which deployment."""
    is_rollback: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """Where it went: "several different production environments or regions" are places."""
        return self.environment, self.region

    @property
    def content(self) -> str | None:
        """The deployed version; the commit stands in for one that is not given."""
        return self.version if self.version is not None else self.commit

    @property
    def status(self) -> str:
        """`success`, `failure`, `open` (not ended yet), or `none`: it only was cancelled, skipped or superseded."""
        if self.finished_at or self.failed_at:
            return "success" if self.finished_at else "failure"
        return "open" if self.statuses <= {"queued", "started"} else "none"

    @property
    def key(self) -> tuple[str, str] | None:
        """What makes it one release with others: the release id, else the version."""
        if self.release_id is not None:
            return "release", self.release_id
        if self.content is not None:
            return "version", self.content
        return None

    @property
    def at(self) -> datetime:
        """The first success, else the first terminal failure, else when it was first heard of."""
        return self.finished_at or self.failed_at or self.seen_at

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Ties are ordered by (time, native id)."""
        return self.at, self.deployment_id, self.environment


def attempts(events: Sequence[Event], mapped: Mapping[str, str]) -> list[Attempt]:
    """All attempts, of every tier, in order; events are one service's, in order."""
    groups: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if isinstance(event.data, Deployment):
            groups.setdefault((event.data.environment or "", event.data.deployment_id), []).append(event)
    return sorted((_attempt(group, mapped) for group in groups.values()), key=lambda attempt: attempt.order)


def _attempt(events: list[Event], mapped: Mapping[str, str]) -> Attempt:
    said = [event.data for event in events if isinstance(event.data, Deployment)]
    successes = [event.time for event in events if event.data.status == "success"]  # type: ignore[union-attr]
    failures = [event.time for event in events if event.data.status in FAILURES]  # type: ignore[union-attr]
    starts = [event.time for event in events if event.data.status == "started"]  # type: ignore[union-attr]
    commits = first_said(data.commits for data in said)
    flag = any(data.is_production for data in said)
    return Attempt(
        deployment_id=said[0].deployment_id,
        environment=said[0].environment or "",
        region=first_said(data.region for data in said) or "",
        tier=tier(said[0].environment, first_said(data.tier for data in said), flag, mapped),
        version=first_said(data.version for data in said),
        release_id=first_said(data.release_id for data in said),
        commit=first_said(data.commit for data in said),
        ref=first_said(data.ref for data in said),
        title=first_said(data.title for data in said),
        repository=first_said(repository(event) or None for event in events) or "",
        labels=first_said(data.labels or None for data in said) or {},
        fixes={incident for data in said for incident in data.fixes},
        commits=None if commits is None else list(commits),
        says_rollback=bool(first_said(data.is_rollback for data in said)),
        statuses={data.status for data in said},
        provider=said[0].provider,
        deployer=first_said(data.deployer for data in said) or "",
        seen_at=events[0].time,
        started_at=first_said(data.started_at for data in said) or min(starts, default=None),
        finished_at=min(successes, default=None),
        failed_at=None if successes else min(failures, default=None),
        rolled_back=_own_word(events),
    )


def _own_word(events: list[Event]) -> list[tuple[datetime, str]]:
    """The first `rolled_back` after the first success, if there is one."""
    has_succeeded = False
    for event in events:
        assert isinstance(event.data, Deployment)
        if event.data.status == "rolled_back" and has_succeeded:
            return [(event.time, event.data.deployment_id)]
        has_succeeded = has_succeeded or event.data.status == "success"
    return []


def production(every: Sequence[Attempt]) -> list[Attempt]:
    """Attempts as rates count them: to production, with a terminal status."""
    return [one for one in every if one.tier == "production" and (one.finished_at or one.failed_at)]
