"""Small histories by hand: deployments, pushes, changes, incidents of one service, in hours from a Monday midnight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.base import event_id
from schemas.delivery import CiRun, Commit, Deployment, Incident, Merge, Push, Repository
from stream_processors.facts import Attempt, CommitRow, Episode, EvidenceRow, Facts, FactsConfig, Release, facts
from stream_processors.resolve import Resolved, Stored

START = datetime(2026, 3, 2, tzinfo=UTC)
REPOSITORY = Repository(id="git.example:7", name="git.example/acme/pay", default_branch="main")
HOUR = 3_600_000_000
"""Microseconds."""


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def sha(name: str) -> str:
    """`c1` -> c1000…; letters beyond f are not hex and are refused by the contract."""
    return name.ljust(40, "0")


def commit(name: str, hours: float | None = None, **fields: Any) -> Commit:
    """A commit made at that hour."""
    made = {} if hours is None else {"committed_at": at(hours), "clock": "committer"}
    return Commit(sha=sha(name), **{**made, **fields})


class History:
    """Events of one service, in any order, and the facts that they make."""

    def __init__(self, config: FactsConfig | None = None) -> None:
        self.events: list[Resolved] = []
        self.config = config or FactsConfig()

    def deploy(self, name: str, hours: float, version: str | None = None, **fields: Any) -> Stored:
        """A status of deployment `name`: by default its success in production."""
        rule = fields.pop("rule", "explicit")
        if isinstance(fields.get("commit"), str):
            fields["commit"] = sha(fields["commit"])
        given = {"environment": "production", "status": "success", "repository": REPOSITORY, **fields}
        return self._put(hours, Deployment(provider="t", deployment_id=name, version=version, **given), rule)

    def push(
        self, hours: float, *names: str, before: str | None, ref: str = "refs/heads/main", **fields: Any
    ) -> Stored:
        """A push of commits, each made half an hour before it."""
        rule, own = fields.pop("rule", "repository"), fields.pop("own", None)
        commits = fields.pop("commits", tuple(commit(name, hours - 0.5) for name in names))
        after = fields.pop("after", commits[-1].sha if commits else None)
        data = Push(
            provider="t",
            repository=fields.pop("repository", REPOSITORY),
            ref=ref,
            before=None if before is None else sha(before),
            after=after,
            commits=commits,
            **fields,
        )
        return self._put(hours, data, rule, None if own is None else frozenset(map(sha, own)))

    def merge(self, hours: float, number: int, state: str = "merged", **fields: Any) -> Stored:
        """A state of a change to main."""
        for field in ("head_commit", "merge_commit"):
            if isinstance(fields.get(field), str):
                fields[field] = sha(fields[field])
        rule = fields.pop("rule", "repository")
        given = {"base_ref": "main", "repository": REPOSITORY, **fields}
        return self._put(hours, Merge(provider="t", number=number, state=state, **given), rule)

    def incident(self, name: str, hours: float, state: str = "opened", **fields: Any) -> Stored:
        """A state of an incident."""
        rule = fields.pop("rule", "explicit")
        if "commits" in fields:
            fields["commits"] = tuple(map(sha, fields["commits"]))
        return self._put(hours, Incident(provider="t", incident_id=name, state=state, **fields), rule)

    def ci_run(self, run_id: str, hours: float, **fields: Any) -> Stored:
        """A CI run: by default its successful end."""
        given = {"state": "finished", "outcome": "success", **fields}
        return self._put(hours, CiRun(provider="t", run_id=run_id, **given), "repository")

    def _put(self, hours: float, data: Any, rule: str, own: frozenset[str] | None = None) -> Stored:
        identity = event_id(data.kind, at(hours).isoformat(), data.model_dump_json())
        event = Stored("//t.example", identity, at(hours), 1, data)
        self.events.append(Resolved(event, rule, own))
        return event

    def facts(self) -> Facts:
        return facts("pay", self.events, self.config)

    def releases(self) -> dict[str, Release]:
        return {one.release: one for one in self.facts().releases}

    def attempts(self) -> dict[str, Attempt]:
        return {one.deployment_id: one for one in self.facts().attempts}

    def commits(self) -> dict[str, CommitRow]:
        return {short(one.sha): one for one in self.facts().commits}

    def incidents(self) -> dict[str, Episode]:
        """First episodes."""
        return {one.incident: one for one in self.facts().incidents if one.episode == 0}

    def evidence(self, event: Stored) -> EvidenceRow:
        (row,) = [one for one in self.facts().evidence if (one.source, one.event) == (event.source, event.id)]
        return row

    def credited(self) -> dict[str, list[str]]:
        """Release -> commits that got their lead time from it."""
        found: dict[str, list[str]] = {}
        for one in self.facts().commits:
            if not one.not_counted:
                found.setdefault(one.release, []).append(short(one.sha))
        return found


def short(full: str) -> str:
    return full.rstrip("0")


def sequence(*versions: str) -> History:
    """Deployments d1, d2, … of these versions, an hour apart, all successes in production."""
    history = History()
    for number, version in enumerate(versions, start=1):
        history.deploy(f"d{number}", number, version)
    return history


def failed(releases: dict[str, Release]) -> Sequence[str]:
    return [name for name, one in releases.items() if one.is_failed]
