"""A rival's bug as a story: what happened, what the real views say of it, and what the rival's formula makes of it.

A test tells its history and yields it once; all histories of one time zone are loaded together, through the processors
and `facts()` into the tables. Then each test goes on with the views, asserts the number that was worked out by hand,
and works out the rival's number from the same events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from producers.sources.common import Context
from producers.sources.github.mapper import map_payload
from schemas import catalog
from schemas.base import event_id
from schemas.delivery import CiRun, Commit, Deployment, Incident, Merge, Push, Repository
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, outcome_of, unit_id
from tests.support.line import Line, event

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MEASURE = "metric, numerator, denominator, value, shown, null_reason, n, n_open, is_partial"


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
        service = fields.pop("service", self.service)
        fields["commits"] = tuple(self.sha(one) for one in fields.get("commits", ()))
        data = Incident(provider="pager", service=service, incident_id=name, state=state, **fields)  # type: ignore[arg-type]
        return self._put(data, when)

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

    def github(self, kind: str, payload: dict[str, Any]) -> list[Event]:
        """A webhook of GitHub's, through its mapper."""
        made = list(map_payload(payload, {"X-GitHub-Event": kind}, Context(salt=b"rivals")).events)
        self.events += made
        return made

    def again(self, *events: Event) -> None:
        """They are delivered once more."""
        self.events += events

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

    def repository(self, name: str = "") -> Repository:
        name = name or self.service
        return Repository(id=f"git.example:{name}", name=f"git.example/acme/{name}", default_branch="main")

    def sha(self, name: str) -> str:
        """A commit id out of a name, of this story alone."""
        return hashlib.sha1(f"{self.service} {name}".encode(), usedforsecurity=False).hexdigest()

    def commit(self, name: str, made: str | None = None, more: dict[str, Any] | None = None) -> Commit:
        clock = {} if made is None else {"committed_at": at(made), "clock": "committer"}
        return Commit(sha=self.sha(name), **{"parents": 1, **clock, **(more or {})})  # type: ignore[arg-type]

    def _put(self, data: Any, when: str) -> Event:
        made = event(data, at(when), source=f"//{self.service}")
        self.events.append(made)
        return made


class Views:
    """The real views, as a reader sees them; each is read once, for all stories."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._read: dict[str, list[SimpleNamespace]] = {}

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._line.rows(sql, parameters)

    def velocity(self, service: str, metric: str, begin: str, end: str) -> SimpleNamespace:
        """The row of a measure of a service from one day until, not including, another."""
        view = f"velocity_range(from = toDate('{begin}'), to = toDate('{end}'))"
        return self._row(f"service, {MEASURE}", view, service=service, metric=metric)

    def team_velocity(self, team: str, metric: str, begin: str, end: str) -> SimpleNamespace:
        """The same of a team."""
        view = f"velocity_teams_range(from = toDate('{begin}'), to = toDate('{end}'))"
        return self._row(f"team, {MEASURE}", view, team=team, metric=metric)

    def week(self, service: str, metric: str, monday: str) -> SimpleNamespace:
        """The row of a measure of a service in a week."""
        columns = f"service, toString(period_start) AS monday, {MEASURE}"
        return self._row(columns, "velocity_weekly", service=service, metric=metric, monday=monday)

    def growth(self, service: str, monday: str, consumer_set: str = "consumer") -> SimpleNamespace:
        """Growth accounting of a platform service in a week."""
        columns = (
            "service, consumer_set, toString(period_start) AS monday, is_partial, active, new, retained, resurrected, "
            "churned, reassigned_in, reassigned_out, quick_ratio, null_reason"
        )
        return self._row(columns, "adoption_growth", service=service, monday=monday, consumer_set=consumer_set)

    def adoption(self, service: str, monday: str) -> SimpleNamespace:
        """Share of all teams that use a platform service in a week."""
        columns = (
            "service, population, toString(period_start) AS monday, is_partial, numerator, denominator, value, shown, "
            "outside_teams"
        )
        return self._row(columns, "adoption_rate", service=service, monday=monday, population="all")

    def _row(self, columns: str, view: str, **key: str) -> SimpleNamespace:
        names = [column.rpartition(" ")[2] for column in columns.split(", ")]
        if view not in self._read:
            rows = self.rows(f"SELECT {columns} FROM {view}")
            self._read[view] = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows]
        found = [row for row in self._read[view] if all(getattr(row, name) == word for name, word in key.items())]
        assert len(found) == 1, f"expected one row of {view} with {key}, got {found}"
        return found[0]


Telling = Generator[Story, Views, None]


@dataclass
class Rival:
    """One rival's bug.

    Attributes:
        name: of the test.
        sources: where the rival's formula, or its bug, is written down.
        zone: of the tenant.
        stage: histories of one stage share a warehouse.
        tell: the story.
    """

    name: str
    sources: tuple[str, ...]
    zone: str
    stage: str
    tell: Callable[[], Telling]
    telling: Telling = field(init=False, repr=False)

    def begin(self) -> Story:
        """The history."""
        self.telling = self.tell()
        return next(self.telling)

    def end(self, views: Views) -> None:
        """What the views say of it."""
        try:
            self.telling.send(views)
        except StopIteration:
            return
        raise AssertionError(f"{self.name} yields its history twice")


RIVALS: dict[str, Rival] = {}


def rival(*sources: str, zone: str = "UTC", stage: str = "shared") -> Callable[[Callable[[], Telling]], Any]:
    """Makes a test of a story."""

    def register(tell: Callable[[], Telling]) -> Any:
        told = RIVALS[tell.__name__] = Rival(tell.__name__, sources, zone, stage, tell)

        def test(stages: Any) -> None:
            told.end(stages.of(told))

        test.__name__, test.__doc__, test.__module__ = tell.__name__, tell.__doc__, tell.__module__
        return test

    return register


def load(line: Line, stories: Iterable[Story]) -> Views:
    """All histories in one go, each event once as it came and once more in the end; then what comes late."""
    told = list(stories)
    services = [service for story in told for service in story.services]
    assert len(services) == len(set(services)), f"two stories of one service: {sorted(services)}"
    events = [one for story in told for one in story.events]
    line.send(*events)
    units = [[one] for story in told for one in story.requests]
    if units:
        line.send_traffic(*units)
    line.recompute()
    line.send(*(one for story in told for one in story.late))
    if late := [[one] for story in told for one in story.late_requests]:
        line.send_traffic(*late)
    line.recompute()
    return Views(line)


def median(values: Iterable[float]) -> float:
    """The right one."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def identity(*words: str | int) -> str:
    return event_id(*words)
