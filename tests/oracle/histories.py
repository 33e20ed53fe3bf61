"""Random small histories: a few branches, changes, deployments, incidents and CI runs on a coarse clock, so that ties,
exact windows and versions that come back are common. What is drawn are small plans; `events` makes events of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from schemas.base import event_id
from schemas.delivery import CiRun, Commit, Deployment, Incident, Merge, Push, Repository
from schemas.envelope import Data, Event

START = datetime(2026, 3, 2, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
OWN, SHARED, MONO = "git.example/acme/pay", "git.example/acme/shared", "git.example/acme/mono"
MAPPED: dict[str, dict[str, tuple[str, ...]]] = {
    OWN: {"pay": ()},
    SHARED: {"pay": (), "cart": ()},
    MONO: {"pay": ("services/pay/**", "libs/*.py"), "cart": ("services/cart/**",)},
}
"""Repositories, the services that hold them, and the paths that each holds; none: the whole repository."""
PATHS = (
    ("services/pay/app/main.py",),
    ("libs/money.py", "services/cart/a.py"),
    ("services/cart/a.py",),
    None,
    ("libs/deep/er.py", "README"),
    ("services/pay/x",),
)
ENVIRONMENTS = ("production", "prod-eu", "live", "prod-us", "staging", "prod_test", "canary")
BRANCHES = ("main", "hotfix/1", "release")


def sha_of(number: int) -> str:
    """The id of the n-th commit: its first twelve digits are enough to know it by."""
    return f"{0:08x}{number:04x}{0:028x}"


def at(tick: int) -> datetime:
    """Instants lie on half hours; 48 of them are the window exactly."""
    return START + tick * HALF_HOUR


@dataclass(frozen=True)
class Pushed:
    """Commits on a branch: seen, not seen (a gap), told twice, forced over, or the branch made, deleted."""

    how: str
    branch: int
    count: int
    later: int
    age: int | None
    style: str
    is_foreign: bool
    """Names another service: it belongs to that one, and the chain runs on through it."""


@dataclass(frozen=True)
class Changed:
    """A change to main with its own commits, merged or left open; landed with a push that was seen or was not."""

    method: str
    told: str
    count: int
    later: int
    is_seen: bool
    is_merged: bool
    hot: str
    """How it says that it is a hotfix."""


@dataclass(frozen=True)
class Deployed:
    """A deployment and its statuses."""

    name: int
    environment: int
    region: str | None
    version: str | None
    release_id: str | None
    head: int | None
    listed: tuple[int, ...] | None
    ref: str | None
    statuses: tuple[tuple[str, int], ...]
    more: str
    fixes: int | None
    service: str | None
    is_other: bool
    """Told by another system, which has ids of its own."""
    is_short: bool
    """Gives commits by their first digits."""


@dataclass(frozen=True)
class Train:
    """Versions that follow each other in one place, each with how it ended, and where else it went how much later."""

    name: int
    environment: int
    begun: int
    runs: tuple[tuple[int, int, str, tuple[int, int] | None], ...]
    """(version, ticks since the one before, status, (other environment, ticks later))."""
    is_versioned: bool


@dataclass(frozen=True)
class Troubled:
    """An incident and its states."""

    name: int
    states: tuple[tuple[str, int], ...]
    began: int | None
    environment: int | None
    names: str
    target: int
    is_other: bool
    later: str
    """Which service its later states name, where that is another one."""
    after: int | None
    """Ticks from some deployment's status to its beginning."""


@dataclass(frozen=True)
class Ran:
    """A CI run at one of its states."""

    name: int
    state: str
    outcome: str
    tick: int
    attempt: int
    name_of: str | None
    waited: int | None
    """Ticks from being queued to this state, where it says so."""


Plan = Pushed | Changed | Deployed | Train | Troubled | Ran
TICKS = st.integers(0, 110)
SERVICES = st.sampled_from(["pay", "pay", "pay", None, "cart"])
STATUSES = st.sampled_from(
    [
        *["success"] * 5,
        *["failure"] * 2,
        "error",
        "started",
        "queued",
        "cancelled",
        "skipped",
        "inactive",
        "rolled_back",
    ]
)
PUSHED = st.builds(
    Pushed,
    how=st.sampled_from([*["seen"] * 6, "unseen", "twice", "forced", "reset", "made", "deleted"]),
    branch=st.sampled_from([0, 0, 0, 1, 2]),
    count=st.integers(1, 3),
    later=st.sampled_from([0, 1, 2, 5, 12]),
    age=st.sampled_from([0, 1, 3, 30, -40, None]),
    style=st.sampled_from(["", "", "", "merge", "titled", "bot", "author", "again"]),
    is_foreign=st.sampled_from([*[False] * 9, True]),
)
CHANGED = st.builds(
    Changed,
    method=st.sampled_from(["merge", "squash"]),
    told=st.sampled_from(["pushed", "made", "listed", "fork", "untold"]),
    count=st.integers(1, 2),
    later=st.sampled_from([0, 1, 4]),
    is_seen=st.booleans(),
    is_merged=st.sampled_from([True, True, True, False]),
    hot=st.sampled_from([*[""] * 6, "label", "title", "branch"]),
)
DEPLOYED = st.builds(
    Deployed,
    name=st.integers(0, 9),
    environment=st.sampled_from([0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6]),
    region=st.sampled_from([None, None, None, "eu", "us"]),
    version=st.sampled_from(["v1", "v2", "v3", None]),
    release_id=st.sampled_from([None, None, None, None, "r1", "r2"]),
    head=st.one_of(st.integers(0, 30), st.integers(0, 30), st.none()),
    listed=st.one_of(st.none(), st.none(), st.none(), st.lists(st.integers(0, 30), max_size=3).map(tuple)),
    ref=st.sampled_from([*[None] * 4, "main", "main", "refs/heads/hotfix/1", "release", "refs/tags/v1", "Hotfix-2"]),
    statuses=st.lists(st.tuples(STATUSES, TICKS), min_size=1, max_size=3).map(tuple),
    more=st.sampled_from(
        [*[""] * 12, *("label", "no label", "title", "rollback", "no rollback", "production", "nonprod")]
    ),
    fixes=st.sampled_from([*[None] * 6, 0, 1, 2]),
    service=SERVICES,
    is_other=st.sampled_from([*[False] * 7, True]),
    is_short=st.sampled_from([*[False] * 4, True]),
)
TRAIN = st.builds(
    Train,
    name=st.integers(0, 3),
    environment=st.sampled_from([0, 0, 1]),
    begun=st.integers(0, 40),
    runs=st.lists(
        st.tuples(
            st.sampled_from([0, 1, 2, 3]),
            st.sampled_from([0, 1, 2, 5, 10, 24]),
            st.sampled_from(["success", "success", "success", "failure"]),
            st.one_of(st.none(), st.tuples(st.integers(1, 2), st.sampled_from([0, 1, 2, 6, 47, 48, 49]))),
        ),
        min_size=2,
        max_size=6,
    ).map(tuple),
    is_versioned=st.booleans(),
)
TROUBLED = st.builds(
    Troubled,
    name=st.integers(0, 3),
    states=st.lists(
        st.tuples(st.sampled_from(["opened", "opened", "resolved", "resolved", "reopened", "acknowledged"]), TICKS),
        min_size=1,
        max_size=5,
    ).map(tuple),
    began=st.one_of(st.none(), st.integers(10, 70)),
    environment=st.sampled_from([None, None, 0, 1, 2, 4]),
    names=st.sampled_from(["", "", "", "deployment", "commit", "version"]),
    target=st.integers(0, 30),
    is_other=st.sampled_from([*[False] * 7, True]),
    later=st.sampled_from(["", "", "", "none", "cart", "pay"]),
    after=st.sampled_from([None, 0, 1, 2, 47, 48, 49]),
)
RAN = st.builds(
    Ran,
    name=st.integers(0, 3),
    state=st.sampled_from(["finished", "finished", "started", "queued"]),
    outcome=st.sampled_from(["success", "failure", "cancelled", "skipped"]),
    tick=TICKS,
    attempt=st.sampled_from([1, 1, 2]),
    name_of=st.sampled_from([None, "build", "test"]),
    waited=st.sampled_from([None, 0, 1, 5]),
)


@dataclass
class _World:
    """Git and a clock while plans become events."""

    service: str | None
    """Named by every push and change; None: found by the repository."""
    repository: Repository
    tick: int = 0
    commits: int = 0
    logs: dict[str, list[str]] = field(default_factory=dict)
    changes: int = 0
    pushes: int = 0
    events: list[Event] = field(default_factory=list)

    def now(self) -> datetime:
        """A moment of its own for each push: a branch moves one push at a time."""
        self.pushes += 1
        return at(self.tick) + timedelta(seconds=self.pushes)

    def put(self, moment: datetime, data: Data, source: str = "//git.example") -> None:
        identity = event_id(data.kind, moment.isoformat(), data.model_dump_json())
        self.events.append(Event(id=identity, source=source, time=moment, data=data))

    def commit(self, age: int | None, style: str = "") -> Commit:
        self.commits += 1
        fields: dict[str, Any] = {"sha": sha_of(self.commits), "parents": 1}
        if self.repository.name == MONO:
            fields["paths"] = PATHS[self.commits % len(PATHS)]
        if age is not None:
            fields |= {"committed_at": at(max(self.tick - age, 0)) + timedelta(microseconds=1), "clock": "committer"}
        if style == "merge":
            fields["parents"] = 2
        if style == "titled":
            fields |= {"parents": None, "title": "Merge pull request #7 from acme/topic"}
        if style == "bot":
            fields["is_bot"] = True
        if style == "author" and age is not None:
            fields["clock"] = "author"
        return Commit(**fields)

    def push(self, branch: str, commits: Sequence[Commit], *, forced: bool = False, after: str | None = None) -> Push:
        log = self.logs.setdefault(branch, [])
        before = log[-1] if log else None
        if forced:
            del log[-2:]
        log += [commit.sha for commit in commits]
        if after is not None:
            log.append(after)
        return Push(
            provider="t",
            service=self.service,
            repository=self.repository,
            ref=f"refs/heads/{branch}",
            before=before,
            after=log[-1] if log else None,
            forced=forced,
            commits=tuple(commits),
        )


def events(plans: Sequence[Plan], *, names_service: bool, repository: str) -> list[Event]:
    """What happened, told once and in no order that means anything."""
    found = Repository(id=f"id:{repository}", name=repository, default_branch="main")
    world = _World("pay" if names_service else None, found)
    for plan in plans:
        match plan:
            case Pushed():
                _push(world, plan)
            case Changed():
                _change(world, plan)
    for plan in plans:
        match plan:
            case Deployed():
                _deploy(world, plan)
            case Train():
                _run(world, plan)
            case Troubled():
                _trouble(world, plan)
            case Ran():
                run = CiRun(
                    provider="t",
                    service=world.service,
                    repository=world.repository,
                    run_id=f"run{plan.name}",
                    attempt=plan.attempt,
                    name=plan.name_of,
                    state=plan.state,
                    outcome=plan.outcome if plan.state == "finished" else None,
                    queued_at=None if plan.waited is None else at(max(plan.tick - plan.waited, 0)),
                    started_at=at(plan.tick) if plan.waited == 1 else None,
                )
                world.put(at(plan.tick), run)
    return world.events


def _push(world: _World, plan: Pushed) -> None:
    world.tick += plan.later
    branch = BRANCHES[plan.branch]
    log = world.logs.get(branch, [])
    if plan.how == "deleted":
        if log:
            world.logs[branch] = []
            gone = Push(
                provider="t",
                service=world.service,
                repository=world.repository,
                ref=f"refs/heads/{branch}",
                before=log[-1],
            )
            world.put(at(world.tick), gone)
        return
    if plan.how == "made":
        main = world.logs.get("main", [])
        if branch != "main" and not log and main:
            world.put(world.now(), world.push(branch, [], after=main[-1]))
        return
    if plan.how == "reset":
        if len(log) > 2:
            world.put(world.now(), world.push(branch, [], forced=True))
        return
    commits = [world.commit(plan.age, plan.style) for _ in range(plan.count)]
    push = world.push(branch, commits, forced=plan.how == "forced" and bool(log))
    if plan.how == "unseen":
        return
    if plan.is_foreign:
        push = push.model_copy(update={"service": "cart"})
    world.put(world.now(), push)
    if plan.how == "twice":
        world.put(world.now(), push, "//mirror.example")
    if plan.style == "again" and plan.age is not None:  # another event gives the commits another time
        retold = tuple(
            commit.model_copy(update={"committed_at": at(world.tick), "clock": "author"}) for commit in commits
        )
        world.put(world.now(), push.model_copy(update={"commits": retold}), "//mirror.example")


def _change(world: _World, plan: Changed) -> None:
    world.changes += 1
    number, head = world.changes, f"topic-{world.changes % 2}"
    if plan.hot == "branch":
        head = f"hotfix/{world.changes % 2}"
    main = world.logs.setdefault("main", [])
    if plan.told == "made" and main and head not in world.logs:
        world.put(world.now(), world.push(head, [], after=main[-1]))
    own = [world.commit(1) for _ in range(plan.count)]
    if plan.told in {"pushed", "made"}:
        world.put(world.now(), world.push(head, own))
    fields: dict[str, Any] = {
        "provider": "t",
        "service": world.service,
        "repository": world.repository,
        "number": number,
        "base_ref": "main",
        "head_ref": head,
        "head_commit": own[-1].sha,
    }
    if plan.hot == "label":
        fields["labels"] = {"Hotfix": "true"}
    if plan.hot == "title":
        fields["title"] = "Urgent hotfix"
    if plan.told == "fork":
        fields["head_repository"] = Repository(name="git.example/else/pay")
    world.put(at(world.tick), Merge(state="opened", **fields))
    world.tick += plan.later
    world.put(at(world.tick), Merge(state="approved" if plan.is_merged else "closed", **fields))
    if not plan.is_merged:
        return
    world.tick += plan.later
    landed = world.commit(0, "merge" if plan.method == "merge" else "")
    brought = [landed] if plan.method == "squash" else [*own, landed]
    push = world.push("main", brought)
    if plan.is_seen:
        world.put(world.now(), push)
    listed = tuple(own) if plan.told == "listed" else None
    world.put(
        at(world.tick), Merge(state="merged", method=plan.method, merge_commit=landed.sha, commits=listed, **fields)
    )


def _sha(world: _World, pick: int) -> str:
    return sha_of(pick % (world.commits + 1) + 1)


def _deploy(world: _World, plan: Deployed) -> None:
    environment, digits = ENVIRONMENTS[plan.environment], 12 if plan.is_short else 40
    fields: dict[str, Any] = {
        "provider": "t",
        "service": plan.service,
        "repository": world.repository,
        "deployment_id": f"d{plan.name}",
        "environment": environment,
        "region": plan.region,
        "release_id": plan.release_id,
        "version": plan.version,
        "commit": None if plan.head is None else _sha(world, plan.head)[:digits],
        "ref": plan.ref,
        "fixes": () if plan.fixes is None else (f"i{plan.fixes}",),
    }
    if plan.listed is not None:
        listed = dict.fromkeys(_sha(world, pick)[:digits] for pick in plan.listed)
        fields["commits"] = tuple(Commit(sha=sha) for sha in listed)
    match plan.more:
        case "label":
            fields["labels"] = {"Hotfix": "true"}
        case "no label":
            fields["labels"] = {"hotfix": "false"}
        case "title":
            fields["title"] = "A Hotfix, at last"
        case "rollback" | "no rollback":
            fields["is_rollback"] = plan.more == "rollback"
        case "production":
            fields["is_production"] = True
        case "nonprod":
            fields["tier"] = "nonprod"
    for status, tick in plan.statuses:
        deployment = Deployment(status=status, **fields)
        world.put(at(tick), deployment, "//other.example" if plan.is_other else "//git.example")


def _run(world: _World, plan: Train) -> None:
    tick = plan.begun
    for number, (version, gap, status, elsewhere) in enumerate(plan.runs):
        tick += gap
        places = [(plan.environment, tick)] + ([(elsewhere[0], tick + elsewhere[1])] if elsewhere else [])
        for environment, moment in places:
            deployment = Deployment(
                provider="t",
                service="pay",
                repository=world.repository,
                deployment_id=f"t{plan.name}{number}",
                environment=ENVIRONMENTS[environment],
                version=f"v{version}" if plan.is_versioned else None,
                commit=_sha(world, version * 3 + number % 2) if not plan.is_versioned or version % 2 else None,
                ref="refs/heads/main",
                status=status if environment == plan.environment else "success",
            )
            world.put(at(moment), deployment)


def _trouble(world: _World, plan: Troubled) -> None:
    fields: dict[str, Any] = {
        "provider": "t",
        "service": ("pay", "pay", None, "cart")[plan.name],
        "incident_id": f"i{plan.name}",
        "environment": None if plan.environment is None else ENVIRONMENTS[plan.environment],
    }
    match plan.names:
        case "deployment":
            fields["deployment_ids"] = (f"d{plan.target % 10}", f"t0{plan.target % 5}")
        case "commit":
            fields["commits"] = (_sha(world, plan.target)[: 12 if plan.target % 3 else 40],)
        case "version":
            fields["version"] = f"v{plan.target % 4}"
    began = None if plan.began is None else at(plan.began)
    deployed = [one.time for one in world.events if isinstance(one.data, Deployment)]
    if plan.after is not None and deployed:
        began = deployed[plan.target % len(deployed)] + plan.after * HALF_HOUR
    for number, (state, tick) in enumerate(plan.states):
        opened = began if state == "opened" else None
        incident = Incident(state=state, opened_at=opened, **fields)
        if number and plan.later:
            incident = incident.model_copy(update={"service": None if plan.later == "none" else plan.later})
        world.put(at(tick), incident, "//other.example" if plan.is_other else "//git.example")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events in a random order, some twice, some in two contents under one identity."""
    plans: list[Plan] = [
        *draw(st.lists(st.one_of(PUSHED, PUSHED, CHANGED), min_size=4, max_size=14)),
        *draw(st.lists(TRAIN, min_size=1, max_size=3)),
        *draw(st.lists(DEPLOYED, min_size=2, max_size=8)),
        *draw(st.lists(TROUBLED, min_size=1, max_size=5)),
        *draw(st.lists(RAN, max_size=2)),
    ]
    told = events(plans, names_service=draw(st.booleans()), repository=draw(st.sampled_from(list(MAPPED))))
    for pick in draw(st.lists(st.integers(0, 50), max_size=2)) if told else []:
        # Another content under one identity: the greater revision of the mapper counts, whichever comes first.
        one = told[pick % len(told)]
        told.append(one.model_copy(update={"mapperrevision": 1, "time": one.time + HALF_HOUR}))
    told += [told[pick % len(told)] for pick in draw(st.lists(st.integers(0, 50), max_size=2)) if told]
    return draw(st.permutations(told)) if len(told) < 12 else told[:: draw(st.sampled_from([1, -1]))]
