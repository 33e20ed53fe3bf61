"""The first time that a service did each thing, and the event that says so; a late earlier event moves it earlier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from schemas.delivery import CiRun, Commit, Deployment, Merge, Push
from stream_processors.facts.attempts import Deployed
from stream_processors.facts.evidence import Verdicts
from stream_processors.facts.rows import Milestone
from stream_processors.resolve import Resolved, Stored

Reached = tuple[datetime, Stored]


def milestones(events: Sequence[Resolved], deployments: Iterable[Deployed], verdicts: Verdicts) -> list[Milestone]:
    """The milestones that the service has reached; events that reached them count."""
    reached: dict[str, list[Reached]] = {
        "first_commit": list(_commits(events)),
        "first_ci_run": [],
        "first_ci_success": [],
        "first_nonprod_deployment": [],
        "first_production_deployment": [],
    }
    for event in (one.event for one in events):
        if isinstance(event.data, CiRun) and verdicts.is_counted(event):
            reached["first_ci_run"].append((event.time, event))
            if event.data.outcome == "success":
                reached["first_ci_success"].append((event.time, event))
    for one in deployments:
        if one.status == "success" and one.decided_by is not None and one.tier != "unknown":
            reached[f"first_{one.tier}_deployment"].append((one.at, one.said[one.decided_by][0].event))
    found: list[Milestone] = []
    for name, candidates in reached.items():
        if not candidates:
            continue
        at, event = min(candidates, key=lambda one: (one[0], one[1].time, one[1].id, one[1].source))
        found.append(Milestone(name, at, event.source, event.id))
        if not verdicts.is_counted(event):
            verdicts.counted(event, remark=verdicts.reason(event))  # for the other measures it does not count
    return found


def _commits(events: Iterable[Resolved]) -> Iterator[Reached]:
    """Commits of the service itself by their own time; one without a time by that of its push."""
    for resolved in events:
        event, data = resolved.event, resolved.event.data
        commits: Sequence[Commit] = ()
        if isinstance(data, Push | Merge | Deployment):
            commits = data.commits or ()
        for commit in commits:
            if resolved.commits is not None and commit.sha not in resolved.commits:
                continue
            at = commit.committed_at or (event.time if isinstance(data, Push) else None)
            if at is not None:
                yield at, event
