"""The invented company: its teams, what they own, the internal platform, and the plan of its year.

Days are days of the plan (0 is a year ago, 365 is now, negative is before). All names are made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

COMPANY = "acme"
"""GitHub organisation that every repository belongs to."""

CI_PLATFORM = "ci-platform"
DEPLOY_PLATFORM = "deploy-platform"
"""Also the slug of the GitHub App that deploys on its behalf."""
TEMPLATE = f"{COMPANY}/{CI_PLATFORM}/.github/workflows/service.yml"
"""The platform's reusable CI workflow."""

BEFORE = -400.0
NOW = 365.0

Reach = Literal["onboarded", "commit", "ci", "staging", "production", "traffic"]


@dataclass(frozen=True)
class Team:
    """A team, and what befalls it in the year."""

    name: str
    created: float = BEFORE
    dissolved: float | None = None
    lineage: Literal["renamed", "merged"] | None = None
    predecessors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Service:
    """A product service: who owns it, how far it gets, how it is built.

    Attributes:
        name: also its repository and, once it runs, its identity as a caller at the gateway.
        team: first owner.
        onboarded: when the catalog entry was made.
        milestones: first commit, first CI run, first staging and first production deployment, first traffic; those
            that the story does not reach are missing.
        golden: made from the golden path template.
        pace: merged changes a week.
        release: every change goes out by itself, or a train leaves once a week.
        squash: pull requests are squashed; else merged with a merge commit.
        care: 0..1, share of trouble (failed builds and deployments, incidents) that is avoided.
        archived: when it was given up.
        later_owners: (day, team) in order.
    """

    name: str
    team: str
    onboarded: float
    milestones: Mapping[Reach, float]
    golden: bool = False
    pace: float = 1.2
    release: Literal["continuous", "train"] = "continuous"
    squash: bool = True
    care: float = 0.5
    archived: float | None = None
    later_owners: tuple[tuple[float, str], ...] = ()

    def owner(self, day: float) -> str:
        """The owning team on a day."""
        return next((team for since, team in reversed(self.later_owners) if since <= day), self.team)


@dataclass(frozen=True)
class Capability:
    """A platform service and the S-curve of its adoption.

    Attributes:
        launched: first day that it can be used.
        ceiling: share of the teams that come to use it.
        midpoint: day when half of them have started.
        steepness: days from half to three quarters, about.
        calls: requests of one consumer on a lively day, median.
        gateway: which gateway stands before it; None for CI and deployment.
        grain: natural grain of its use.
        only: the teams it applies to; empty: all product teams.
    """

    service: Service
    capability: Literal["api", "ci", "deployment"]
    launched: float
    ceiling: float
    midpoint: float
    steepness: float
    calls: float = 0
    gateway: Literal["nginx", "kong"] | None = None
    grain: Literal["day", "week", "month"] = "week"
    only: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()


RENAMED = ("insights", "customer-insights", 182.0)
"""(old name, new name, day): a rename; the work goes on."""
MERGED = ("returns", "fulfilment", 206.0)
"""(dissolved team, the team that took its services, day)."""
SILENT = ("suppliers", 347.0)
"""(team, day): after that day it calls no platform API any more."""
BACK = ("loyalty", 290.0, 352.0)
"""(team, from, until): a pause of several weeks, then it comes back."""
ROLLED_BACK = ("checkout-api", 219.0)
"""(service, day): a release that is surely followed by an incident and a rollback."""

PLATFORM_TEAMS = ("developer-platform", "integration-platform", "identity-platform")

TEAMS: tuple[Team, ...] = (
    *(Team(name) for name in PLATFORM_TEAMS),
    *(
        Team(name)
        for name in (
            "storefront",
            "checkout",
            "basket",
            "catalogue",
            "pricing",
            "promotions",
            "loyalty",
            "fulfilment",
            "shipping",
            "warehouse",
            "suppliers",
            "billing",
            "invoicing",
            "risk",
            "reporting",
            "content",
            "mobile",
            "support-desk",
            "marketing",
        )
    ),
    Team("returns", dissolved=MERGED[2]),
    Team("insights", dissolved=RENAMED[2]),
    Team("customer-insights", created=RENAMED[2], lineage="renamed", predecessors=("insights",)),
    Team("partners", created=124.0),
)


def _running(
    name: str,
    team: str,
    years: float,
    pace: float,
    *,
    release: Literal["continuous", "train"] = "continuous",
    squash: bool = True,
    care: float = 0.5,
    later_owners: tuple[tuple[float, str], ...] = (),
) -> Service:
    """A service that was in production long before the story begins."""
    since = -365 * years
    took = 36 + 9 * (len(name) % 7)  # each took its own time
    milestones: dict[Reach, float] = {
        "commit": since + 4,
        "ci": since + 6,
        "staging": since + took / 2,
        "production": since + took,
        "traffic": since + took + 1,
    }
    return Service(
        name,
        team,
        since,
        milestones,
        pace=pace,
        release=release,
        squash=squash,
        care=care,
        later_owners=later_owners,
    )


def _new(
    name: str,
    team: str,
    onboarded: float,
    *stages: float,
    golden: bool = False,
    pace: float = 1.5,
    care: float = 0.5,
    archived: float | None = None,
    later_owners: tuple[tuple[float, str], ...] = (),
) -> Service:
    """A service that begins within the story; `stages`: days from one milestone to the next, as far as it got."""
    milestones: dict[Reach, float] = {}
    day = onboarded
    names: tuple[Reach, ...] = ("commit", "ci", "staging", "production", "traffic")
    for reach, gap in zip(names, stages, strict=False):
        day += gap
        milestones[reach] = day
    return Service(
        name,
        team,
        onboarded,
        milestones,
        golden=golden,
        pace=pace,
        care=care,
        archived=archived,
        later_owners=later_owners,
    )


SERVICES: tuple[Service, ...] = (
    _running("storefront-web", "storefront", 5, 2.6, care=0.6),
    _running("checkout-api", "checkout", 4, 2.4, care=0.3),
    _running("basket-api", "basket", 3.5, 1.4),
    _running("catalogue-api", "catalogue", 4.5, 1.2, release="train"),
    _running("price-engine", "pricing", 3, 0.9, release="train", squash=False),
    _running("stock-ledger", "warehouse", 6, 0.5, release="train", squash=False, care=0.2),
    _running("shipment-tracker", "shipping", 2.5, 1.1),
    _running("order-router", "fulfilment", 3, 1.6, care=0.7),
    _running("invoice-writer", "invoicing", 5.5, 0.6, release="train", care=0.7),
    _running("billing-core", "billing", 6.5, 0.7, release="train", squash=False, care=0.4),
    _running("fraud-check", "risk", 2, 1.5, care=0.8),
    _running("loyalty-points", "loyalty", 3, 0.8),
    # Through the year, and done: the golden path takes about three weeks, the others two to three months.
    _new("returns-desk", "returns", 14, 1, 1, 7, 8, 1, golden=True, later_owners=((MERGED[2], "fulfilment"),)),
    _new("content-hub", "content", 22, 6, 9, 24, 31, 2, care=0.4),
    _new("promo-rules", "promotions", 47, 1, 0.5, 6, 10, 1, golden=True, later_owners=((216.0, "pricing"),)),
    _new("supplier-portal", "suppliers", 61, 9, 12, 30, 38, 4, pace=0.9, care=0.2),
    _new("insight-feed", "insights", 76, 1, 1, 9, 12, 0.5, golden=True, later_owners=((RENAMED[2], RENAMED[1]),)),
    _new("mobile-gateway", "mobile", 95, 4, 7, 19, 24, 1, pace=2.0),
    _new("ticket-router", "support-desk", 131, 0.5, 0.5, 5, 9, 1, golden=True),
    _new("report-builder", "reporting", 140, 7, 10, 33, 35, 3, pace=1.0),
    _new("gift-cards", "checkout", 173, 1, 0.5, 8, 8, 0.5, golden=True, care=0.7),
    _new("campaign-planner", "marketing", 228, 2, 1, 9, 13, 1, golden=True),
    # Still on their way, each stuck or busy at another step.
    _new("sample-orders", "suppliers", 204, 8, 11, archived=331.0, pace=0.6),
    _new("slot-booking", "shipping", 262, 5, 8, 27, pace=1.3),
    _new("size-advisor", "catalogue", 281, 4, 9, 25),
    _new("tax-rules", "billing", 296, 11, pace=0.7),
    _new("store-locator", "storefront", 338, 1, 1, golden=True, pace=2.0),
    _new("partner-api", "partners", 343, 1, 0.5, 9, golden=True, pace=2.2),
    _new("wishlist", "basket", 332, 6, 8),
    _new("price-history", "pricing", 341, 9),
    _new("dispute-desk", "risk", 352),
    _new("chat-assist", "support-desk", 359),
)

_CATALOGUE_ROUTES = (("GET", "/v2/products"), ("GET", "/v2/products/{id}"), ("POST", "/v2/products/query"))

PLATFORM: tuple[Capability, ...] = (
    Capability(
        _running("auth", "identity-platform", 6, 1.3, care=0.8),
        "api",
        launched=BEFORE,
        ceiling=0.95,
        midpoint=-20,
        steepness=70,
        calls=30,
        gateway="nginx",
        routes=(("POST", "/oauth/token"), ("GET", "/userinfo"), ("POST", "/sessions"), ("DELETE", "/sessions/{id}")),
    ),
    Capability(
        _running("payments-api", "integration-platform", 5, 1.2, care=0.7),
        "api",
        launched=BEFORE,
        ceiling=1.0,
        midpoint=70,
        steepness=60,
        calls=14,
        gateway="kong",
        only=("checkout", "basket", "billing", "invoicing", "loyalty", "risk", "returns", "fulfilment", "partners"),
        routes=(("POST", "/payments"), ("GET", "/payments/{id}"), ("POST", "/refunds")),
    ),
    Capability(
        _running("search", "integration-platform", 3, 0.9),
        "api",
        launched=BEFORE,
        ceiling=0.55,
        midpoint=110,
        steepness=60,
        calls=9,
        gateway="kong",
        routes=_CATALOGUE_ROUTES,
    ),
    Capability(
        _running("notifications", "integration-platform", 1.2, 1.5, care=0.6),
        "api",
        launched=28,
        ceiling=0.85,
        midpoint=150,
        steepness=30,
        calls=24,
        gateway="nginx",
        routes=(("POST", "/messages"), ("GET", "/messages/{id}"), ("GET", "/templates")),
    ),
    Capability(
        _running("feature-flags", "developer-platform", 1.1, 1.1),
        "api",
        launched=72,
        ceiling=0.75,
        midpoint=265,
        steepness=36,
        calls=36,
        gateway="nginx",
        grain="day",
        routes=(("GET", "/flags"), ("POST", "/evaluations")),
    ),
    Capability(
        _running("report-export", "developer-platform", 1.6, 0.4, release="train"),
        "api",
        launched=10,
        ceiling=0.5,
        midpoint=140,
        steepness=50,
        calls=30,
        gateway="nginx",
        grain="month",
        routes=(("POST", "/exports"), ("GET", "/exports/{id}")),
    ),
    Capability(
        _running(CI_PLATFORM, "developer-platform", 2, 0.6),
        "ci",
        launched=BEFORE,
        ceiling=0.9,
        midpoint=60,
        steepness=60,
    ),
    Capability(
        _running(DEPLOY_PLATFORM, "developer-platform", 1.5, 0.8),
        "deployment",
        launched=BEFORE,
        ceiling=0.8,
        midpoint=130,
        steepness=50,
    ),
)

ALL_SERVICES: tuple[Service, ...] = SERVICES + tuple(capability.service for capability in PLATFORM)
