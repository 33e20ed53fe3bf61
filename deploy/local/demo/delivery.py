"""One service's delivery life as its vendors would tell it: commits, pull requests, CI runs, deployments, incidents.

A small discrete-event simulation: actions wait in a heap by time; each may emit payloads and schedule what follows from
it (a merge starts CI, a green build goes to staging, a bad release rings the on-call, who rolls back or mends).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from deploy.local.demo import github
from deploy.local.demo.alertmanager import Alert, notification
from deploy.local.demo.builds import Builder
from deploy.local.demo.changes import Changes, minutes
from deploy.local.demo.github import Payload, Repository, Webhook
from deploy.local.demo.organisation import DEPLOY_PLATFORM, ROLLED_BACK, Reach, Service
from deploy.local.demo.year import Year, activity, dice, in_working_hours, is_workday, working_moment

_ALERTS = (
    ("ErrorRateHigh", "More than 2 % of requests fail"),
    ("LatencyHigh", "p95 latency above its objective"),
    ("QueueGrowing", "Work arrives faster than it is done"),
)
_LIVELY_DAYS = 5.2
"""Sum of `activity` over an ordinary week."""
_TRAIN_DAY = 1
"""Trains leave on Tuesdays."""


@dataclass(frozen=True)
class Life:
    """What a service's year sends: GitHub deliveries and alerts in the order of time, and when it was unwell."""

    service: Service
    webhooks: tuple[Webhook, ...]
    alerts: tuple[Alert, ...]
    unwell: tuple[tuple[datetime, datetime], ...]
    deployed: tuple[datetime, ...]


@dataclass
class Simulation:
    """The state of one service's year.

    Attributes:
        template_from: since when CI runs on the platform's template; None: never.
        deployer_from: since when the platform's deployer is used; None: never.
    """

    seed: int
    service: Service
    year: Year
    repository: Repository
    template_from: datetime | None
    deployer_from: datetime | None
    webhooks: list[Webhook] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    unwell: list[tuple[datetime, datetime]] = field(default_factory=list)
    deployed: list[str] = field(default_factory=list)
    deployed_at: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Set the clockwork up: nothing has happened yet."""
        self.rng = dice(self.seed, "delivery", self.service.name)
        self.heap: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self.order = count()
        self.changes = Changes(
            self.repository, self.rng, self.service.squash, begun=self.year.start - timedelta(days=30)
        )
        self.builder = Builder(self.repository, self.rng, self.service.care, self.template_from)
        self.green: str | None = None
        self.bad: set[str] = set()
        self.versions: dict[str, str] = {}
        self.troubled_until = self.year.start
        self.surely_bad = self.service.name == ROLLED_BACK[0]

    def at(self, moment: datetime, action: Callable[[datetime], None]) -> None:
        """Schedule an action; what lies outside the story does not happen."""
        if self.year.start <= moment < self.year.end:
            heappush(self.heap, (moment, next(self.order), action))

    def emit(self, moment: datetime, event: str, payload: Payload) -> None:
        """Send a webhook, unless it would be sent after the story's end."""
        if moment < self.year.end:
            self.webhooks.append(Webhook(moment, event, payload))

    def tell(self, webhooks: list[Webhook]) -> None:
        """Send webhooks, as `emit`."""
        self.webhooks += [webhook for webhook in webhooks if webhook.at < self.year.end]

    def reached(self, milestone: Reach, moment: datetime) -> bool:
        """Whether the service's plan is this far at a moment."""
        day = self.service.milestones.get(milestone)
        return day is not None and self.year.moment(day) <= moment

    def run(self) -> Life:
        """Live the year."""
        self._plan()
        while self.heap:
            moment, _, action = heappop(self.heap)
            action(moment)
        self.webhooks.sort(key=lambda webhook: webhook.at)
        self.alerts.sort(key=lambda alert: alert.at)
        return Life(self.service, tuple(self.webhooks), tuple(self.alerts), tuple(self.unwell), tuple(self.deployed_at))

    def _plan(self) -> None:
        """Put into the heap what does not depend on anything: the first steps, the changes, the trains."""
        begun = self.service.milestones.get("commit")
        if begun is None:
            return
        first = in_working_hours(self.year.moment(begun))
        if first < self.year.start:
            self._past()
        self.at(first, self.begin)
        steps: tuple[tuple[Reach, Callable[[datetime], None]], ...] = (
            ("ci", self.change),
            ("staging", self.to_staging),
            ("production", self.release),
        )
        step = first
        for milestone, action in steps:
            if (planned := self.service.milestones.get(milestone)) is not None:
                step = max(step + timedelta(minutes=30), in_working_hours(self.year.moment(planned)))
                self.at(step, action)
        last = self.year.end if self.service.archived is None else self.year.moment(self.service.archived)
        for day in self.year.days():
            wanted = self.service.pace / _LIVELY_DAYS * activity(day)
            if self.rng.random() < wanted:
                moment = working_moment(self.rng, day)
                if first + timedelta(hours=20) < moment < last:
                    self.at(moment, self.change)
            if self.service.release == "train" and day.weekday() == _TRAIN_DAY and is_workday(day):
                self.at(working_moment(self.rng, day), self.release)
        if self.surely_bad:
            planted = in_working_hours(self.year.moment(ROLLED_BACK[1]))
            self.at(planted, self.change)

    def _past(self) -> None:
        """The first steps of a service that ran before the story: what its systems still know when they are asked.

        What lies between is unknown, as in a company that begins to measure: main has moved on since.
        """
        moments = {
            milestone: in_working_hours(self.year.moment(day)) for milestone, day in self.service.milestones.items()
        }
        self.tell(self.changes.first(moments["commit"]))
        sha = self.changes.head
        self.tell(self.builder.build(moments["ci"], sha, self.changes.anybody(), is_sure=True)[0])
        for environment, at in (("staging", moments["staging"]), ("production", moments["production"])):
            deployment = self._deployment(at, environment, sha)
            status = github.deployment_status(self.repository, deployment, "success", at)
            self.emit(at, "deployment_status", status)
        self.deployed.append(sha)
        self.deployed_at.append(moments["production"])
        self.changes.head = self.repository.commit_id()

    # --- changes

    def begin(self, moment: datetime) -> None:
        """The repository's first push."""
        self.tell(self.changes.first(moment))

    def change(self, moment: datetime) -> None:
        """A change is merged; CI runs."""
        self.tell(self.changes.usual(moment))
        self._build(moment + timedelta(seconds=3), self.changes.head, is_hotfix=False)

    def hotfix(self, moment: datetime) -> None:
        """A change made because of an incident; it goes straight to production."""
        self.tell(self.changes.hotfix(moment))
        self._build(moment + timedelta(seconds=3), self.changes.head, is_hotfix=True)

    def _build(self, moment: datetime, sha: str, *, is_hotfix: bool) -> None:
        if not self.reached("ci", moment):
            return
        runs, green_at = self.builder.build(moment, sha, self.changes.anybody(), is_sure=is_hotfix)
        self.tell(runs)
        if green_at is not None:
            self.at(green_at, self._after_green(sha, is_hotfix=is_hotfix))

    def _after_green(self, sha: str, *, is_hotfix: bool) -> Callable[[datetime], None]:
        def go(moment: datetime) -> None:
            self.green = sha
            if is_hotfix:
                self._production(moment + minutes(self.rng, 1, 6), sha, f"Hotfix of {self.service.name}")
                return
            if self.reached("staging", moment):
                self.to_staging(moment + minutes(self.rng, 1, 8))
            if self.service.release == "continuous" and self.reached("production", moment):
                self.at(in_working_hours(moment + minutes(self.rng, 20, 400)), self.release)

        return go

    # --- deployments

    def _on_deploy_platform(self, moment: datetime) -> bool:
        return self.deployer_from is not None and self.deployer_from <= moment

    def _deployment(self, moment: datetime, environment: str, sha: str, description: str = "") -> github.Deployment:
        on_platform = self._on_deploy_platform(moment)
        rollback = description.startswith("Rollback")
        return github.Deployment(
            number=self.repository.count("deployment"),
            environment=environment,
            sha=sha,
            ref="main",
            created_at=moment,
            description=description,
            deployer=DEPLOY_PLATFORM if on_platform else None,
            creator=self.changes.anybody(),
            payload={"version": self._version(sha)} | ({"rollback": True} if on_platform and rollback else {}),
        )

    def _version(self, sha: str) -> str:
        """The version that a commit is deployed as: the same one whenever it is deployed again."""
        return self.versions.setdefault(sha, f"1.{len(self.versions) + 1}.0")

    def to_staging(self, moment: datetime) -> None:
        """The green head goes to staging; now and then that fails."""
        deployment = self._deployment(moment, "staging", self.green or self.changes.head)
        finished = moment + minutes(self.rng, 1, 7)
        state = "failure" if self.rng.random() < 0.04 else "success"  # noqa: PLR2004
        first = moment < self.year.moment(self.service.milestones["staging"]) + timedelta(days=1)
        self.emit(
            finished,
            "deployment_status",
            github.deployment_status(self.repository, deployment, "success" if first else state, finished),
        )

    def release(self, moment: datetime) -> None:
        """What is green and not yet in production goes there, unless there is trouble just now."""
        if not self.reached("production", moment):
            return
        sha = self.green or self.changes.head
        if self.deployed[-1:] == [sha] or sha in self.bad:
            return
        if moment < self.troubled_until:
            self.at(in_working_hours(self.troubled_until + minutes(self.rng, 20, 90)), self.release)
            return
        self._production(moment, sha, "")

    def _production(self, moment: datetime, sha: str, description: str) -> None:
        trouble = 0.14 * (1.25 - self.service.care)
        finished = moment + minutes(self.rng, 2, 14)
        planted = self.surely_bad and moment >= self.year.moment(ROLLED_BACK[1])
        first = not self.deployed
        fails = not planted and not first and not description and self.rng.random() < trouble * 0.4
        deployment = self._deployment(moment, "production", sha, description)
        if deployment.deployer is not None:  # the older scripts report states only
            self.emit(moment, "deployment", github.deployment_created(self.repository, deployment))
        state = "failure" if fails else "success"
        status = github.deployment_status(self.repository, deployment, state, finished)
        self.emit(finished, "deployment_status", status)
        if fails:
            self.troubled_until = finished
            self.at(finished + minutes(self.rng, 15, 110), self._again(sha))
            return
        if finished < self.year.end:
            self.deployed_at.append(finished)
        self.deployed.append(sha)
        if planted:
            self.surely_bad = False
            self.troubled_until = finished + timedelta(minutes=25)
            self.at(finished + minutes(self.rng, 8, 20), self._incident(sha, rollback=True))
        elif not description and self.rng.random() < trouble * 0.75:
            self.at(finished + minutes(self.rng, 6, 420), self._incident(sha))

    def _again(self, sha: str) -> Callable[[datetime], None]:
        def go(moment: datetime) -> None:
            if self.deployed[-1:] != [sha] and sha not in self.bad:
                self._production(moment, sha, "")

        return go

    # --- incidents

    def _incident(self, sha: str, *, rollback: bool = False) -> Callable[[datetime], None]:
        """A release turns out bad: an alert fires; it is rolled back, mended, or passes by itself."""

        def go(moment: datetime) -> None:
            if self.deployed[-1] != sha or (moment < self.troubled_until and not rollback):
                return
            way = "rollback" if rollback else self.rng.choices(("rollback", "hotfix", "passes"), (4, 4, 3))[0]
            previous = next((earlier for earlier in reversed(self.deployed[:-1]) if earlier != sha), None)
            if way == "rollback" and previous is None:
                way = "hotfix"
            if way == "rollback":
                self.bad.add(sha)
                mended = moment + minutes(self.rng, 9, 60)
                self.at(mended, lambda at: self._production(at, previous or sha, f"Rollback of {self.service.name}"))
                resolved = mended + minutes(self.rng, 14, 25)
            elif way == "hotfix":
                mended = moment + minutes(self.rng, 25, 240)
                self.at(mended, self.hotfix)
                resolved = mended + minutes(self.rng, 40, 75)
            else:
                resolved = moment + minutes(self.rng, 12, 300)
            self.troubled_until = resolved
            self._alert(moment, resolved)

        return go

    def _alert(self, moment: datetime, resolved: datetime) -> None:
        what = self.rng.choice(_ALERTS)
        severity = self.rng.choice(("critical", "critical", "warning"))
        self.unwell.append((moment, resolved))
        for until in (None, resolved):
            alert = notification(self.service.name, what, severity, moment, until)
            if alert.at < self.year.end:
                self.alerts.append(alert)
