"""Which events each fact rests on, and as what: the other direction of evidence, so that a number can be explained.

An event may carry several facts (a push its commits), a fact may rest on several events (a failed release on the
deployment, the incident and what ended it). From the events named here alone the fact can be worked out again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from schemas.delivery import Deployment, Incident
from stream_processors.facts.attempts import Deployed, Key
from stream_processors.facts.book import Book
from stream_processors.facts.changes import Change
from stream_processors.facts.commits import Crediting
from stream_processors.facts.config import FactsConfig
from stream_processors.facts.incidents import Said, order
from stream_processors.facts.recovery import Failure
from stream_processors.facts.releases import Group
from stream_processors.facts.rework import hotfix_told, rework_rule
from stream_processors.facts.rollbacks import Rollbacks
from stream_processors.facts.rows import CommitRow, Episode, Ground
from stream_processors.resolve import Resolved, Stored

_SAYS: dict[str, Callable[[Deployment], object]] = {
    "label": lambda data: data.labels,
    "ref": lambda data: data.ref,
    "title": lambda data: data.title,
    "link": lambda data: data.fixes,
}
"""Rule of rework → what a status must say to be the one that the rule rests on; of several the earliest stands."""


class Grounds:
    """Collects the grounds of one service's facts; `events`, in order of (time, id)."""

    def __init__(
        self, events: Iterable[Resolved], attempts: Sequence[Deployed], undone: Rollbacks, config: FactsConfig
    ) -> None:
        self._undone, self._config = undone, config
        self._deployed: dict[str, Stored] = {}
        self._rows: set[Ground] = set()
        self._decisive: dict[Key, Stored] = {}
        self._ends: defaultdict[str, list[Stored]] = defaultdict(list)
        for one in attempts:
            if one.decided_by is not None:
                self._decisive[one.key] = one.said[one.decided_by][0].event
                self._ends[one.id].append(self._decisive[one.key])
            self._ends[one.id] += [told.event for told, data in one.said if data.status == "rolled_back"]
        self._incidents: defaultdict[str, Said] = defaultdict(list)
        for resolved in events:
            if isinstance(data := resolved.event.data, Incident):
                self._incidents[data.incident_id].append((resolved, data))

    def rows(self) -> tuple[Ground, ...]:
        """All grounds, in the order of their table's key."""
        return tuple(sorted(self._rows, key=lambda row: (row.fact_kind, row.fact, row.role, row.source, row.event)))

    def of_release(self, group: Group, failure: Failure, rework: str, changes: Iterable[Change]) -> None:
        """The deployment, its regions; why it failed, what recovered it, what made it rework."""
        self._deployed[group.name] = anchor = self._decisive[group.anchor.key]
        self._say(group, "failed" if group.finished_at is None else "finished", anchor)
        for one in group.attempts:
            decisive = self._decisive[one.key]
            if one is not group.anchor:
                self._say(group, "region", decisive)
            if one.status == "failure":
                self._say(group, "ended_in_failure", decisive)
            if one.key in self._undone.undone:
                at, by = self._undone.undone[one.key]
                self._say(group, "rolled_back", self._end(by, at))
            if rework:
                self._say(group, "rework", self._rework(one, rework))
        for change in changes:
            self._say(group, "rework", hotfix_told(rework, change, self._config))
        for incident in group.incidents:
            self._say(group, "incident", self._begun(incident))
        if (recovery := failure.recovery) is not None:
            resolved = self._resolved(recovery.by, recovery.at) if recovery.rule == "incidents" else None
            self._say(group, "recovered", resolved or self._end(recovery.by.split("@")[0], recovery.at))

    def of_commits(self, rows: Iterable[CommitRow], book: Book, crediting: Crediting) -> None:
        """The event that tells a commit's time, else one that names it; of its change those that tell the stages."""
        for row in rows:
            self._note("commit", row.sha, row.at, "committed", book[row.sha].told_by or self._deployed[row.release])
            change = crediting.changes.of(row.sha)
            if change is None:
                continue
            if row.is_squash or row.coding_us is not None:
                first = book.first_time(change.commits or ())
                timed = [sha for sha in change.commits or () if book[sha].committed_at == first is not None]
                self._note("commit", row.sha, row.at, "first_commit", book[timed[0]].told_by if timed else None)
            if row.coding_us is not None or row.review_us is not None:
                self._note("commit", row.sha, row.at, "change_opened", _teller(change, "opened_at", "opened"))
            if row.review_us is not None or row.merge_us is not None:
                self._note("commit", row.sha, row.at, "reviewed", _teller(change, "first_review_at", "approved"))
            if row.merge_us is not None or row.deploy_us is not None:
                self._note("commit", row.sha, row.at, "merged", _teller(change, "merged_at", "merged"))

    def of_incidents(self, episodes: Iterable[Episode]) -> None:
        """What opened and what resolved each episode."""
        for one in episodes:
            fact = f"{one.incident}#{one.episode}" if one.episode else one.incident
            self._note("incident", fact, one.at, "opened", self._begun(one.incident, one.at if one.episode else None))
            if one.resolved_at is not None:
                self._note("incident", fact, one.at, "resolved", self._resolved(one.incident, one.resolved_at))

    def _say(self, group: Group, role: str, event: Stored | None) -> None:
        self._note("release", group.name, group.at, role, event)

    def _note(self, kind: str, fact: str, at: datetime, role: str, event: Stored | None) -> None:
        if event is not None:
            self._rows.add(Ground(kind, fact, at, role, event.source, event.id, event.data.kind, event.time))

    def _end(self, deployment_id: str, at: datetime) -> Stored | None:
        """The event of the deployment that decided at that instant; of a recovery before the failure, the latest."""
        return _at(self._ends.get(deployment_id, []), at)

    def _rework(self, one: Deployed, rule: str) -> Stored | None:
        """Of a deployment that is rework by this rule: the status that says so, or that made it a rollback."""
        if rework_rule(Group(one), self._undone.restored, self._config) != rule:
            return None
        says = _SAYS.get(rule)
        return next((told.event for told, data in one.said if says and says(data)), self._decisive[one.key])

    def _begun(self, incident_id: str, at: datetime | None = None) -> Stored | None:
        """The event that says when it began (`at`: when it began again), else its first."""
        told = self._incidents[incident_id]
        if at is None:
            says = next((one for one in told if one[1].opened_at is not None), None)
            return (says or min(told, key=order))[0].event
        told = sorted(told, key=order)
        again = [one.event for one, data in told if data.state in {"opened", "reopened"}]
        opened = next((one.event for one, data in told if data.state == "opened" and data.opened_at == at), None)
        return next((event for event in again if event.time == at), None) or opened

    def _resolved(self, incident_id: str, at: datetime) -> Stored | None:
        return _at([one.event for one, data in self._incidents[incident_id] if data.state == "resolved"], at)


def _teller(change: Change, field: str, state: str) -> Stored | None:
    """The event that gives the instant: the first with the field, else the first that reports the state itself."""
    told = next((event for event, data in change.said if getattr(data, field) is not None), None)
    return told or next((event for event, data in change.said if data.state == state), None)


def _at(ends: Sequence[Stored], at: datetime) -> Stored | None:
    exact = next((event for event in ends if event.time == at), None)
    return exact or max((event for event in ends if event.time <= at), key=lambda event: event.time, default=None)


def grounds(
    found: Grounds,
    judged: Iterable[tuple[Group, Failure, str, Sequence[Change]]],
    credited: tuple[Iterable[CommitRow], Book, Crediting],
    episodes: Iterable[Episode],
) -> tuple[Ground, ...]:
    """Grounds of all facts of a service.

    `judged`: each release, its failure, the rule by which it was rework, and the changes that it brought.
    """
    for one in judged:
        found.of_release(*one)
    found.of_commits(*credited)
    found.of_incidents(episodes)
    return found.rows()
