"""One believable year of the invented company, as its vendors' systems would send it.

`generate` is a pure function of (seed, end, days): the same call gives the same bytes. The big streams (access log,
Kong records) are iterators, made again on every call, so that half a million requests never sit in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy.local.demo import bills, catalog, gateway, kong, nginx
from deploy.local.demo.adoption import Span, team_spans
from deploy.local.demo.alertmanager import Alert
from deploy.local.demo.delivery import Life, Simulation
from deploy.local.demo.github import Repository, Webhook
from deploy.local.demo.organisation import ALL_SERVICES, BEFORE, PLATFORM, PLATFORM_TEAMS, Service
from deploy.local.demo.year import Year

ACCESS_LOG_LINES = 400_000
"""Requests at NGINX, about."""
KONG_RECORDS = 30_000
"""Requests at Kong, about."""


@dataclass(frozen=True)
class History:
    """The year.

    Attributes:
        seed: what it grew from.
        year: the time it covers.
        lives: each service's deliveries and alerts.
        catalog: what the company's catalog says, as files.
        bills: what its cloud provider charges, month by month.
    """

    seed: int
    year: Year
    lives: tuple[Life, ...]
    catalog: tuple[catalog.Document, ...]
    bills: tuple[bills.Bill, ...]

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """All GitHub deliveries, repository by repository, each in the order of time."""
        return tuple(webhook for life in self.lives for webhook in life.webhooks)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All Alertmanager notifications, in the order of time."""
        return tuple(sorted((alert for life in self.lives for alert in life.alerts), key=lambda alert: alert.at))

    def access_log(self) -> Iterator[str]:
        """NGINX's access log, line by line, each ending in a newline."""
        for day in gateway.requests(self.seed, self.year, "nginx", self._share(ACCESS_LOG_LINES), self.lives):
            yield from nginx.lines(self.seed, day)

    def kong_arrays(self) -> Iterator[kong.Array]:
        """Kong's records in arrays."""
        days = gateway.requests(self.seed, self.year, "kong", self._share(KONG_RECORDS), self.lives)
        return kong.arrays(self.seed, days)

    def _share(self, budget: int) -> int:
        return budget * self.year.length // 365


def generate(seed: int, end: datetime, days: int = 365) -> History:
    """The year that ends at `end`.

    Args:
        seed: any number; each gives another year of the same company.
        end: nothing is later than this; with a zone.
        days: length; a shorter one squeezes the same story. At least 30.

    Raises:
        ValueError: fewer than 30 days, or `end` has no zone.
    """
    if days < 30 or end.tzinfo is None:  # noqa: PLR2004
        raise ValueError(f"expected at least 30 days and an end with a zone, got {days} days until {end}")
    year = Year(end.astimezone(UTC).replace(microsecond=0), days)
    ci, deployer = (_since(seed, capability) for capability in ("ci", "deployment"))
    lives = tuple(
        Simulation(
            seed=seed,
            service=service,
            year=year,
            repository=Repository(service.name, number),
            template_from=_moment(year, ci(service)),
            deployer_from=_moment(year, deployer(service)),
        ).run()
        for number, service in enumerate(ALL_SERVICES, 101)
    )
    return History(seed, year, lives, catalog.documents(seed, year), tuple(bills.bills(seed, year)))


def _moment(year: Year, day: float | None) -> datetime | None:
    return None if day is None else year.moment(day)


class _since:  # noqa: N801 - a function with a memory
    """Since when a service uses a capability of the platform: golden ones always, the others with their team."""

    def __init__(self, seed: int, capability: str) -> None:
        (found,) = (one for one in PLATFORM if one.capability == capability)
        self.spans: dict[str, tuple[Span, ...]] = team_spans(seed, found)

    def __call__(self, service: Service) -> float | None:
        if service.golden or service.team in PLATFORM_TEAMS:
            return BEFORE
        spans = self.spans.get(service.team)
        return spans[0][0] if spans else None
