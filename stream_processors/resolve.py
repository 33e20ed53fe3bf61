"""Which services an event belongs to, through the dated catalog, as of the event's time.

Events carry evidence (a repository, paths, perhaps a service's name), never a resolved service; recompute reads them
back, asks `Mappings.resolve` and hands what belongs to one service to `facts`. Pure: catalog facts in, services out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from schemas.catalog import Catalog, Mapping, Service
from schemas.delivery import Commit, Delivery, Incident, Merge, Push, Repository
from stream_processors.globs import matches


@dataclass(frozen=True, slots=True)
class Stored:
    """A delivery event as it was read back; `version` ranks contents that met under one (source, id)."""

    source: str
    id: str
    time: datetime
    version: int
    data: Delivery


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A catalog event as it was read back: `time` observed, `at` declared, else observed."""

    source: str
    id: str
    time: datetime
    at: datetime
    data: Catalog


@dataclass(frozen=True, slots=True)
class Resolved:
    """An event of one service and the rule that put it there.

    `rule`: `explicit`, `path`, `repository`; of incidents also `incident` (another event of it names the service) and
    `reference` (it points at the service); `context` (a push or change that belongs to others and is read only because
    the chain of a shared branch runs through it). Of events that belong to no service it is the reason:
    `unresolved_service` or `ambiguous_repository`. `commits`: those of its commits that belong to the service; None:
    all.
    """

    event: Stored
    rule: str
    commits: frozenset[str] | None = None


NOBODY = ""
"""The service of events that belong to none."""

Globs = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Interval:
    """A service holds a repository (no globs: whole) in [start, end); None: without bound."""

    service: str
    globs: Globs
    start: datetime | None
    end: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


class Mappings:
    """Repositories, paths and names of services, each with the time it held."""

    def __init__(
        self,
        intervals: dict[str, list[_Interval]],
        aliases: dict[str, list[tuple[datetime, str]]],
        claims: dict[str, set[str]],
    ) -> None:
        self._intervals = intervals
        self._aliases = aliases
        self._claims = claims
        self._repositories: defaultdict[str, set[str]] = defaultdict(set)
        for repository, held in intervals.items():
            for interval in held:
                self._repositories[interval.service].add(repository)

    @classmethod
    def of(cls, facts: Iterable[StoredFact], zone: str = "UTC") -> Mappings:
        """The mappings that catalog facts make; changes take effect at the start of their day in `zone`."""
        tenant = ZoneInfo(zone)
        ordered = sorted(facts, key=lambda fact: (fact.at, fact.time, fact.source, fact.id))
        pairs: defaultdict[tuple[str, str], dict[date, StoredFact]] = defaultdict(dict)
        names: set[str] = set()
        aliases: defaultdict[str, dict[date, str]] = defaultdict(dict)
        claims: defaultdict[str, set[str]] = defaultdict(set)
        for fact in ordered:
            day = fact.at.astimezone(tenant).date()
            if isinstance(fact.data, Mapping):
                pairs[fact.data.repository, fact.data.service][day] = fact
            elif isinstance(fact.data, Service):
                names.add(fact.data.service)
                for alias in fact.data.aliases:
                    aliases[alias][day] = fact.data.service
                    claims[alias].add(fact.data.service)
        return cls(
            _intervals(pairs, tenant),
            {
                alias: [(_start(day, tenant), service) for day, service in history.items()]
                for alias, history in aliases.items()
                if alias not in names
            },
            claims,
        )

    def services(self) -> set[str]:
        """All services that ever held a repository or a part of one."""
        return set(self._repositories)

    def repositories_of(self, service: str) -> set[str]:
        """All repository names and ids that ever mapped to the service."""
        return set(self._repositories.get(service, ()))

    def names_of(self, service: str) -> set[str]:
        """The service's name and every alias that was ever its own: what an event may call it."""
        return {service} | {alias for alias, held in self._aliases.items() if any(one == service for _, one in held)}

    def services_touching(self, repository: str) -> set[str]:
        """All services that the repository (name or id) ever mapped to."""
        return {interval.service for interval in self._intervals.get(repository, ())}

    def services_claiming(self, names: Iterable[str]) -> set[str]:
        """All services that ever had one of these names as an alias, one that is a service of its own by now too."""
        return {service for name in names for service in self._claims.get(name, ())}

    def canonical(self, name: str, at: datetime) -> str:
        """The service that was called `name` then: itself, unless the catalog knows it as an alias."""
        history = self._aliases.get(name)
        if not history:
            return name
        known = [service for start, service in history if start <= at]
        return known[-1] if known else history[0][1]

    def resolve(self, event: Stored) -> tuple[tuple[str, Resolved], ...]:
        """(service, event with its rule) for every service whose facts may rest on the event.

        An event that belongs to no service comes once under `NOBODY`. A push or change of a repository that several
        services share comes to those it does not belong to as `context`.
        """
        data = event.data
        owners = {} if isinstance(data, Incident) else self._owners(data.repository, event.time)
        if data.service is not None:
            found = {self.canonical(data.service, event.time): Resolved(event, "explicit")}
        else:
            found = _by_repository(event, owners)
        if not found:
            paths_known = all(commit.paths is not None for commit in _commits(data)) and bool(_commits(data))
            reason = "ambiguous_repository" if owners and not paths_known else "unresolved_service"
            found[NOBODY] = Resolved(event, reason)
        if isinstance(data, Push | Merge):
            for service in owners:
                found.setdefault(service, Resolved(event, "context", frozenset()))
        return tuple(sorted(found.items()))

    def _owners(self, repository: Repository | None, at: datetime) -> dict[str, Globs]:
        """Services that held the repository then, with their globs; none: the whole repository."""
        owners: dict[str, Globs] = {}
        if repository is None:
            return owners
        for key in (repository.id, repository.name):
            for interval in self._intervals.get(key or "", ()):
                if not interval.holds(at):
                    continue
                known = owners.get(interval.service)
                whole = not interval.globs or known == ()
                owners[interval.service] = () if whole else (known or ()) + interval.globs
        return owners


def _by_repository(event: Stored, owners: dict[str, Globs]) -> dict[str, Resolved]:
    """By whole repository, or by globs; of a repository with one service what names no paths belongs to that one."""
    found: dict[str, Resolved] = {}
    commits = _commits(event.data)
    is_alone = len(owners) == 1
    for service, globs in owners.items():
        if not globs or (is_alone and not any(commit.paths for commit in commits)):
            found[service] = Resolved(event, "repository")
            continue
        touching = frozenset(
            commit.sha
            for commit in commits
            if (is_alone if commit.paths is None else any(matches(globs, path) for path in commit.paths))
        )
        if touching:
            found[service] = Resolved(event, "path", touching)
    return found


def _commits(data: Delivery) -> Sequence[Commit]:
    return (data.commits or ()) if isinstance(data, Push | Merge) else ()


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _intervals(pairs: dict[tuple[str, str], dict[date, StoredFact]], zone: ZoneInfo) -> dict[str, list[_Interval]]:
    """Intervals per repository.

    What is first known of (repository, service) holds back to the beginning, unless another service is known to have
    held the same paths (or the whole repository) earlier: then it has moved, and history stays where it was.
    """
    begun: dict[tuple[str, str], date] = {}
    for (repository, _), history in pairs.items():
        for day, fact in history.items():
            for scope in _scopes(fact) or ():
                begun[repository, scope] = min(day, begun.get((repository, scope), day))
    result: defaultdict[str, list[_Interval]] = defaultdict(list)
    for (repository, service), history in sorted(pairs.items()):
        changes = _changes(history)
        for index, (day, scopes) in enumerate(changes):
            if scopes is None:
                continue
            has_moved = any(begun[repository, scope] < day for scope in scopes)
            is_first = all(earlier is None for _, earlier in changes[:index])
            start = None if is_first and not has_moved else _start(day, zone)
            end = _start(changes[index + 1][0], zone) if index + 1 < len(changes) else None
            result[repository].append(_Interval(service, tuple(filter(None, scopes)), start, end))
    return dict(result)


def _scopes(fact: StoredFact) -> Globs | None:
    """The paths that a mapping gives, `("",)` for the whole repository; None: it takes them away."""
    data = fact.data
    assert isinstance(data, Mapping)
    return None if data.removed else data.paths or ("",)


def _changes(history: dict[date, StoredFact]) -> list[tuple[date, Globs | None]]:
    """Days on which what the service holds became another, in order."""
    changes: list[tuple[date, Globs | None]] = []
    for day, fact in sorted(history.items()):
        scopes = _scopes(fact)
        if not changes or changes[-1][1] != scopes:
            changes.append((day, scopes))
    return changes
