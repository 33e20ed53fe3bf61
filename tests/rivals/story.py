"""What happened in a rival's story: contract events, webhooks through their mapper, requests, in few words."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from producers.http.cloudevents import STRUCTURED, read
from producers.sources.common import Context
from producers.sources.github.mapper import map_payload
from schemas import catalog
from schemas.delivery import CiRun, Commit, Deployment, Incident, Merge, Push, Repository
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, outcome_of, unit_id
from tests.support.line import event

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    """An instant in UTC: `2026-03-02` or `2026-03-02 10:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Story:
    """The events of one test, in the order in which they arrive; its services are its own."""

    def __init__(self, *services: str) -> None:
        self.service = services[0]
        self.services = services
        self.events: list[Event] = []
        self.late: list[Event] = []
        self.requests: list[GatewayRequest] = []
        self.late_requests: list[GatewayRequest] = []
        self._heads: dict[tuple[str, str], str] = {}

    def deploy(self, name: str, when: str, **fields: Any) -> Event:
        """A status of a deployment: by default, its success in production."""
        service = fields.pop("service", self.service)
        if "commit" in fields:
            fields["commit"] = self.sha(fields["commit"])
        if "commits" in fields:
            fields["commits"] = tuple(self.commit(*one) for one in fields["commits"])
        given = {"environment": "production", "status": "success", "provider": "ci", "service": service, **fields}
        return self._put(Deployment(deployment_id=name, **given), when)

    def push(self, when: str, *commits: tuple[Any, ...], ref: str = "refs/heads/main", **fields: Any) -> Event:
        """A push that continues its branch; commits are (name, time) or (name, time, more fields)."""
        service = fields.pop("service", self.service)
        made = tuple(self.commit(*one) for one in commits)
        head = (fields.get("repository", self.repository()).id, ref)
        given: dict[str, Any] = {
            "before": self._heads.get(head),
            "after": made[-1].sha,
            "repository": self.repository(),
            "service": service,
            **fields,
        }
        self._heads[head] = given["after"]
        return self._put(Push(provider="git", ref=ref, commits=made, **given), when)

    def branch(self, ref: str, commit: str) -> None:
        """The branch begins at this commit."""
        self._heads[self.repository().id or "", ref] = self.sha(commit)

    def merge(self, when: str, number: int, state: str = "merged", **fields: Any) -> Event:
        """A state of a change to main."""
        for name in ("head_commit", "merge_commit"):
            if name in fields:
                fields[name] = self.sha(fields[name])
        given = {"base_ref": "main", "repository": self.repository(), "service": self.service, **fields}
        return self._put(Merge(provider="git", number=number, state=state, **given), when)  # type: ignore[arg-type]

    def incident(self, name: str, when: str, state: str = "opened", **fields: Any) -> Event:
        """A state of an incident."""
        service, source = fields.pop("service", self.service), fields.pop("source", None)
        fields["commits"] = tuple(self.sha(one) for one in fields.get("commits", ()))
        data = Incident(provider="pager", service=service, incident_id=name, state=state, **fields)  # type: ignore[arg-type]
        return self._put(data, when, source)

    def ci_run(self, name: str, when: str, **fields: Any) -> Event:
        """A CI run that ended."""
        given = {"state": "finished", "outcome": "success", "service": self.service, **fields}
        return self._put(CiRun(provider="ci", run_id=name, **given), when)

    def fact(self, data: catalog.Fact, when: str = "2026-01-01") -> Event:
        """A catalog fact, observed then."""
        return self._put(data, when)

    def platform(self, *services: str, **fields: Any) -> None:
        """These are platform services."""
        for service in services or self.services:
            self.fact(catalog.Service(service=service, is_platform=True, **fields))

    def owns(self, team: str, *names: str, when: str = "2026-01-01", entity: str = "consumer", **fields: Any) -> None:
        """These belong to the team."""
        for name in names:
            self.fact(catalog.Ownership(entity=entity, name=name, team=team, **fields), when)  # type: ignore[arg-type]

    def applies_to(self, *teams: str, **fields: Any) -> None:
        """The platform service is there for these teams, which exist."""
        for team in teams:
            self.fact(catalog.Team(team=team, **fields))
            self.fact(catalog.Grant(team=team, service=self.service, relation="eligible"))

    def calls(self, when: str, consumer: str, *, late: bool = False, **fields: Any) -> GatewayRequest:
        """One request, in a unit of its own."""
        service, status = fields.pop("service", self.service), fields.pop("status", 200)
        into = self.late_requests if late else self.requests
        made = GatewayRequest(
            unit=unit_id("//gateway", f"{service} {len(self.requests)} {len(self.late_requests)}", b""),
            at=at(when),
            service=service,
            consumer=consumer,
            status=status,
            outcome=fields.pop("outcome", outcome_of(status)),
            **fields,
        )
        into.append(made)
        return made

    def observed(self, *days: str, service: str | None = None) -> None:
        """The gateway was heard of on these days: a health check, which is no use of anything."""
        for day in days:
            self.calls(f"{day} 03:00", "kubelet", service=service or self.service, is_synthetic=True)

    def github(self, kind: str, payload: dict[str, Any]) -> list[Event]:
        """A webhook of GitHub's, through its mapper."""
        made = list(map_payload(payload, {"X-GitHub-Event": kind}, Context(salt=b"rivals")).events)
        self.events += made
        return made

    def emit(self, told: dict[str, Any]) -> None:
        """What `adoption emit` sends, as the ingest service reads it."""
        self.events += read(STRUCTURED, {}, json.dumps(told).encode()).events

    def comes_late(self, *events: Event) -> None:
        """They arrive after all else was computed."""
        for one in events:
            self.events.remove(one)
            self.late.append(one)

    def said(self, kind: type[Any], service: str | None = None) -> list[SimpleNamespace]:
        """What a rival reads: data and time of the events of a kind, in the order of their arrival."""
        return [
            SimpleNamespace(time=one.time, **{name: getattr(one.data, name) for name in kind.model_fields})
            for one in (*self.events, *self.late)
            if isinstance(one.data, kind) and service in {None, getattr(one.data, "service", None)}
        ]

    def weeks(self, requests: Sequence[GatewayRequest] = ()) -> dict[str, set[str]]:
        """Monday → who called, probes left out; of all requests unless some are given."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for one in requests or self.requests:
            if not one.is_synthetic:
                found[str((one.at - timedelta(days=one.at.weekday())).date())].add(one.consumer)
        return found

    def repository(self, name: str = "") -> Repository:
        name = name or self.service
        return Repository(id=f"git.example:{name}", name=f"git.example/acme/{name}", default_branch="main")

    def sha(self, name: str) -> str:
        """A commit id out of a name, of this story alone."""
        return hashlib.sha1(f"{self.service} {name}".encode(), usedforsecurity=False).hexdigest()

    def commit(self, name: str, made: str | None = None, more: dict[str, Any] | None = None) -> Commit:
        clock = {} if made is None else {"committed_at": at(made), "clock": "committer"}
        return Commit(sha=self.sha(name), **{"parents": 1, **clock, **(more or {})})  # type: ignore[arg-type]

    def _put(self, data: Any, when: str, source: str | None = None) -> Event:
        made = event(data, at(when), source=source or f"//{self.service}")
        self.events.append(made)
        return made
