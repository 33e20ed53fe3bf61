"""The first of each kind: commit, CI run, CI success, deployment outside and to production."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from schemas.delivery import CiRun, Commit, Deployment, Merge, Push
from schemas.envelope import Event
from tests.oracle.attempts import Attempt
from tests.oracle.history import Repositories, commits_of


def milestones(
    service: str, events: Sequence[Event], every: Sequence[Attempt], repositories: Repositories
) -> dict[str, datetime]:
    """Milestone -> min(event time) of its kind; an unobserved one is absent. Events are the service's, in order."""
    found: dict[str, list[datetime]] = {}
    ended: set[tuple[str, str, int]] = set()
    for event in events:
        own = commits_of(service, event, repositories)
        for commit in _commits(event):
            if not isinstance(event.data, Deployment) and commit.sha not in own:
                continue
            at = commit.committed_at
            if at is None and isinstance(event.data, Push):
                at = event.time  # no later than that; what a deployment or change lists may be older
            if at is not None:
                found.setdefault("first_commit", []).append(at)
        run = event.data
        if isinstance(run, CiRun) and run.state == "finished" and run.outcome != "skipped":
            if (event.source, run.run_id, run.attempt) in ended:
                continue  # of contradicting ends the earliest stands
            ended.add((event.source, run.run_id, run.attempt))
            found.setdefault("first_ci_run", []).append(event.time)
            if run.outcome == "success":
                found.setdefault("first_ci_success", []).append(event.time)
    for attempt in every:
        if attempt.finished_at and attempt.tier == "production":
            found.setdefault("first_production_deployment", []).append(attempt.finished_at)
        if attempt.finished_at and attempt.tier == "nonprod":
            found.setdefault("first_nonprod_deployment", []).append(attempt.finished_at)
    return {name: min(times) for name, times in found.items()}


def _commits(event: Event) -> Sequence[Commit]:
    if isinstance(event.data, Push):
        return event.data.commits
    if isinstance(event.data, Deployment | Merge):
        return event.data.commits or ()
    return ()
