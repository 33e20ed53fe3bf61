"""What became of every event: counted, or not counted and why. Disputes are about what did not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from schemas.delivery import CiRun, Push
from stream_processors.facts.attempts import FAILURES, Deployed, Key
from stream_processors.facts.branches import branch_of
from stream_processors.facts.changes import Changes
from stream_processors.facts.releases import Group
from stream_processors.facts.rows import EvidenceRow
from stream_processors.facts.shas import Shas
from stream_processors.resolve import Resolved, Stored

_STAGES = frozenset({"opened", "approved", "merged"})
"""States of a change whose times are stages of its commits' lead times."""


class Verdicts:
    """The verdict on each event, by (source, id)."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[bool, str, str]] = {}

    def counted(self, event: Stored, fact: str = "", remark: str = "") -> None:
        """A fact rests on it: a release, incident or commit. `remark`: what of it was ignored all the same."""
        self._found[event.source, event.id] = (True, remark, fact)

    def ignored(self, event: Stored, reason: str) -> None:
        """No fact rests on it, for this reason."""
        self._found[event.source, event.id] = (False, reason, "")

    def is_counted(self, event: Stored) -> bool:
        """Whether a fact rests on it."""
        return self._found[event.source, event.id][0]

    def reason(self, event: Stored) -> str:
        """Why it is not counted, or what of it is ignored."""
        return self._found[event.source, event.id][1]

    def rows(self, events: Iterable[Resolved]) -> list[EvidenceRow]:
        """One row per event; what was read as context only when it counted."""
        rows: list[EvidenceRow] = []
        for resolved in events:
            event = resolved.event
            counted, reason, fact = self._found[event.source, event.id]
            if counted or resolved.rule != "context":
                kind, rule = event.data.kind, resolved.rule
                rows.append(EvidenceRow(event.source, event.id, kind, event.time, rule, int(counted), reason, fact))
        return rows


def judge_deployments(deployments: Iterable[Deployed], group_of: Mapping[Key, Group], verdicts: Verdicts) -> None:
    """Deployments: the status that decides counts, and one that says it was rolled back later."""
    for one in deployments:
        for index, (resolved, data) in enumerate(one.said):
            event = resolved.event
            if one.tier != "production":
                known = "nonprod_environment" if one.tier == "nonprod" else "unknown_environment"
                verdicts.ignored(event, known)
            elif index == one.decided_by or (data.status == "rolled_back" and event.time == one.rolled_back_at):
                verdicts.counted(event, group_of[one.key].name)
            else:
                verdicts.ignored(event, _not_deciding(one, index, data.status))


def _not_deciding(one: Deployed, index: int, status: str) -> str:
    if status in {"queued", "started"}:
        return "in_progress"
    if status == "inactive":
        return "superseded_status"
    if status in FAILURES and one.status == "success" and one.decided_by is not None:
        return "retry_of_same_deployment" if index < one.decided_by else "failure_after_success"
    return status if status in {"cancelled", "skipped"} else "duplicate_state"


def judge_pushes(events: Iterable[Resolved], credited: Mapping[str, str], shas: Shas, verdicts: Verdicts) -> None:
    """Pushes: those whose commits were deployed count. `credited`: commit -> release."""
    for resolved in events:
        data = resolved.event.data
        if not isinstance(data, Push):
            continue
        brought = [shas.full(sha) for sha in (*(commit.sha for commit in data.commits), data.after) if sha]
        release = next((credited[sha] for sha in brought if sha in credited), None)
        if release is not None:
            verdicts.counted(resolved.event, release)
        elif data.after is None:
            verdicts.ignored(resolved.event, "deleted_ref")
        else:
            verdicts.ignored(resolved.event, "not_deployed" if branch_of(data.ref) else "tag")


def judge_changes(changes: Changes, credited: Mapping[str, str], verdicts: Verdicts) -> None:
    """Changes: merged ones whose commits were deployed count, with the states that are stages of their lead time."""
    for change, said in changes.told:
        known = () if change is None else (change.landed, *(change.commits or ()))
        release = next((credited[sha] for sha in known if sha in credited), None)
        staged: set[str] = set()
        for event, data in said:
            if release is not None and data.state in _STAGES:
                if data.state in staged:
                    verdicts.ignored(event, "duplicate_state")
                else:
                    verdicts.counted(event, release)
                staged.add(data.state)
            elif data.state == "closed":
                verdicts.ignored(event, "unmerged")
            else:
                verdicts.ignored(event, "not_merged" if change is None or data.state == "updated" else "not_deployed")


def judge_ci_runs(events: Sequence[Resolved], verdicts: Verdicts) -> None:
    """CI runs: the first report of the end of each attempt counts."""
    ended: set[tuple[str, str, int]] = set()
    for resolved in events:
        data = resolved.event.data
        if not isinstance(data, CiRun):
            continue
        attempt = (resolved.event.source, data.run_id, data.attempt)
        if data.state != "finished":
            verdicts.ignored(resolved.event, "in_progress")
        elif attempt in ended:
            verdicts.ignored(resolved.event, "duplicate_state")
        elif data.outcome == "skipped":
            verdicts.ignored(resolved.event, "skipped")
        else:
            ended.add(attempt)
            verdicts.counted(resolved.event, data.commit or "")
