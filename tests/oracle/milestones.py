"""The first of each kind: commit, CI run, CI success, deployment outside and to production."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from schemas.delivery import CiRun, Commit, Deployment, Merge, Push
from schemas.envelope import Event
from tests.oracle.attempts import Attempt


def milestones(events: Sequence[Event], every: Sequence[Attempt]) -> dict[str, datetime]:
    """Milestone -> min(event time) of its kind; an unobserved one is absent. Events are one service's."""
    found: dict[str, list[datetime]] = {}
    for event in events:
        for commit in _commits(event):
            found.setdefault("first_commit", []).append(commit.committed_at or event.time)
        if isinstance(event.data, CiRun) and event.data.state == "finished":
            at = event.data.finished_at or event.time
            found.setdefault("first_ci_run", []).append(at)
            if event.data.outcome == "success":
                found.setdefault("first_ci_success", []).append(at)
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
