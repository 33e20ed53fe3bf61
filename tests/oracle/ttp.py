"""Time to production: from a service's start, and from a team's, to the first production deployment.

"Milestones per service … each milestone is min(event time) of its kind"; "time-to-production = first production
deployment - start, start ∈ {onboarded, first commit}"; what is not there yet is censored. Durations are microseconds,
exact; nothing is rounded here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from tests.oracle.measures import percentile

ORDER = (
    "onboarded",
    "first_commit",
    "first_ci_run",
    "first_ci_success",
    "first_nonprod_deployment",
    "first_production_deployment",
    "first_production_traffic",
)
PRODUCTION = "first_production_deployment"
NONPROD_WORDS = {
    *("stag", "stage", "staging", "preprod", "uat", "qa", "test", "testing", "int"),
    *("dev", "development", "preview", "review", "sandbox"),
}


@dataclass(frozen=True)
class Request:
    """One request at the gateway."""

    at: datetime
    outcome: str = "ok"
    is_synthetic: bool = False
    environment: str = ""


@dataclass(frozen=True)
class Known:
    """What catalog, delivery and gateway know of a service.

    Attributes:
        delivery: milestone -> when, of all times.
        owners: (since, team) in order; the first holds back to the beginning.
    """

    service: str
    onboarded_at: datetime | None = None
    archived_at: datetime | None = None
    template: str = ""
    owners: tuple[tuple[datetime, str], ...] = ()
    delivery: Mapping[str, datetime] = field(default_factory=dict)
    requests: tuple[Request, ...] = ()


@dataclass(frozen=True)
class Subject:
    """A service (or a team) from one start on."""

    start: str
    name: str
    team: str
    template: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    elapsed_us: int
    is_left_truncated: bool
    reached: Mapping[str, datetime]

    @property
    def is_open(self) -> bool:
        return self.status != "done"

    @property
    def stages(self) -> list[int | None]:
        """Between neighbours of the list, "NULL if either is unobserved"; negative ones are kept."""
        return [
            us(self.reached[later] - self.reached[earlier])
            if earlier in self.reached and later in self.reached
            else None
            for earlier, later in pairwise(ORDER)
        ]


def us(duration: timedelta) -> int:
    """Microseconds."""
    return duration // timedelta(microseconds=1)


def is_nonprod(environment: str) -> bool:
    """Named so: the first word is one of nonprod. A later one makes production unknown, which is neither."""
    return re.split(r"[-_./]", environment.lower())[0] in NONPROD_WORDS


def milestones_of(known: Known, now: datetime) -> dict[str, datetime]:
    """What was reached by now."""
    found = dict(known.delivery)
    if known.onboarded_at is not None:
        found["onboarded"] = known.onboarded_at
    counted = [
        one.at
        for one in known.requests
        if one.outcome == "ok" and not one.is_synthetic and not is_nonprod(one.environment)
    ]
    if counted:
        found["first_production_traffic"] = min(counted)
    return {milestone: at for milestone, at in found.items() if at <= now}


def owner(known: Known, at: datetime) -> str:
    """The owner as of then: the first known value holds back to the beginning (0.9)."""
    if not known.owners:
        return "unknown"
    return ([team for since, team in known.owners if since <= at] or [known.owners[0][1]])[-1]


def services(everything: Iterable[Known], now: datetime, observed_since: datetime | None = None) -> list[Subject]:
    """Every service from each start that it has."""
    found: list[Subject] = []
    for known in everything:
        reached = milestones_of(known, now)
        arrived = reached.get(PRODUCTION)
        found += [
            _subject(
                start=start,
                name=known.service,
                team=owner(known, reached[start]),
                template=known.template,
                started_at=reached[start],
                arrived=arrived,
                ended=known.archived_at,
                reached=reached,
                now=now,
                observed_since=observed_since,
            )
            for start in ("onboarded", "first_commit")
            if start in reached
        ]
    return found


def teams(
    created: Mapping[str, tuple[datetime, datetime | None]],
    everything: Sequence[Known],
    now: datetime,
    observed_since: datetime | None = None,
) -> list[Subject]:
    """For a new team, from its own start: to the first service in production that it then owned.

    Args:
        created: team -> (created, dissolved).
    """
    found = []
    for team, (since, until) in created.items():
        if since > now:
            continue
        arrivals = [milestones_of(known, now).get(PRODUCTION) for known in everything]
        own = [
            (at, known.service)
            for at, known in zip(arrivals, everything, strict=True)
            if at is not None and owner(known, at) == team
        ]
        arrived = min(own)[0] if own else None
        found.append(
            _subject(
                start="team_created",
                name=team,
                team=team,
                template="",
                started_at=since,
                arrived=arrived,
                ended=until,
                reached={},
                now=now,
                observed_since=observed_since,
            )
        )
    return found


def _subject(
    *,
    start: str,
    name: str,
    team: str,
    template: str,
    started_at: datetime,
    arrived: datetime | None,
    ended: datetime | None,
    reached: Mapping[str, datetime],
    now: datetime,
    observed_since: datetime | None,
) -> Subject:
    """Archived services are censored when archived, not at as_of."""
    given_up = ended is not None and (arrived is None or arrived > ended)
    if arrived is not None and not given_up:
        status, finished_at, until = "done", arrived, arrived
    elif given_up and ended is not None and ended <= now:
        status, finished_at, until = "archived", None, ended
    else:
        status, finished_at, until = "open", None, now
    truncated = (arrived is not None and arrived < started_at) or (
        observed_since is not None and started_at < observed_since
    )
    return Subject(
        start, name, team, template, started_at, finished_at, status, us(until - started_at), truncated, reached
    )


def nth(subjects: Sequence[Subject]) -> dict[tuple[str, str], int]:
    """(start, service) -> which service of its team it is, by start."""
    numbers = {}
    for one in subjects:
        own = [other for other in subjects if (other.start, other.team) == (one.start, one.team)]
        order = sorted(own, key=lambda other: (other.started_at, other.name))
        numbers[one.start, one.name] = order.index(one) + 1 if one.team != "unknown" else 0
    return numbers


def kaplan_meier(times: Iterable[tuple[int, bool]]) -> Fraction | None:
    """The median of (microseconds, is censored); None: not reached.

    "First t with S < ½; where S = ½ exactly, the middle between that event time and the next; deaths before
    censorings at equal times."
    """
    known = [(max(time, 0), is_open) for time, is_open in times]
    half, survival, middle_from = Fraction(1, 2), Fraction(1), None
    for time in sorted({time for time, is_open in known if not is_open}):
        at_risk = len([other for other, _ in known if other >= time])
        deaths = len([other for other, is_open in known if other == time and not is_open])
        survival *= 1 - Fraction(deaths, at_risk)
        if survival < half:
            return Fraction(time) if middle_from is None else Fraction(time + middle_from, 2)
        if survival == half and middle_from is None:
            middle_from = time
    return None


def naive(times: Iterable[tuple[int, bool]]) -> Fraction | None:
    """The median of those that arrived."""
    return percentile([max(time, 0) for time, is_open in times if not is_open], 50)
