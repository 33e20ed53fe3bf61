"""Rows of the facts tables: each dataclass has the columns of its table without service, month and digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One deployment to one environment."""

    deployment_id: str
    environment: str
    tier: str
    tier_rule: str
    region: str
    release: str
    version: str
    commit: str
    status: str
    started_at: datetime | None
    finished_at: datetime | None
    failed_at: datetime | None
    is_rollback: int
    rolled_back_by: str
    at: datetime
    rolled_back_at: datetime | None
    provider: str
    deployer: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was to be said of a release before some instant."""

    until: datetime
    environments: tuple[str, ...]
    deployment_ids: tuple[str, ...]
    is_rollback: int
    failure_reasons: tuple[str, ...]
    rework_rule: str
    recovered_at: datetime | None
    recovery_rule: str
    recovered_by: str
    incidents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """One production deployment over its environments and regions."""

    release: str
    environments: tuple[str, ...]
    deployment_ids: tuple[str, ...]
    version: str
    commit: str
    at: datetime
    finished_at: datetime | None
    failed_at: datetime | None
    is_first: int
    is_rollback: int
    is_failed: int
    failure_reasons: tuple[str, ...]
    is_rework: int
    rework_rule: str
    recovered_at: datetime | None
    recovery_rule: str
    recovered_by: str
    incidents: tuple[str, ...]
    commit_rule: str
    flags: tuple[str, ...]
    commits: int
    earlier: tuple[Earlier, ...]


@dataclass(frozen=True, slots=True)
class CommitRow:
    """One commit and the first successful release that holds it; durations in microseconds."""

    sha: str
    release: str
    at: datetime
    committed_at: datetime | None
    clock: str
    lead_time_us: int | None
    first_commit_lead_time_us: int | None
    rule: str
    is_first: int
    is_bot: int
    is_squash: int
    not_counted: str
    coding_us: int | None
    review_us: int | None
    merge_us: int | None
    deploy_us: int | None


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of an incident: from its beginning, or a reopening, to its first resolution."""

    incident: str
    episode: int
    environment: str
    at: datetime
    resolved_at: datetime | None
    release: str
    rule: str
    attributed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Milestone:
    """The first time that the service did something, and the event that says so."""

    milestone: str
    at: datetime
    source: str
    event: str


@dataclass(frozen=True, slots=True)
class CiRunRow:
    """One attempt of a CI run, all its states taken together."""

    source: str
    run_id: str
    attempt: int
    provider: str
    system: str
    name: str
    repository: str
    commit: str
    ref: str
    template: str
    rule: str
    outcome: str
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    told_at: datetime
    at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class Ground:
    """An event that a fact rests on, and what it says of the fact; `at`: the fact's instant."""

    fact_kind: str
    fact: str
    at: datetime
    role: str
    source: str
    event: str
    kind: str
    event_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """An event that was considered, and what became of it."""

    source: str
    event: str
    kind: str
    at: datetime
    rule: str
    counted: int
    reason: str
    fact: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of one service; every tuple ordered by its table's key."""

    attempts: tuple[Attempt, ...] = ()
    releases: tuple[Release, ...] = ()
    commits: tuple[CommitRow, ...] = ()
    incidents: tuple[Episode, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    ci_runs: tuple[CiRunRow, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    grounds: tuple[Ground, ...] = ()
