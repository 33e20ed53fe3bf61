"""The oracle gives the golden numbers and the dictionary's examples: else it is no judge of the product."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction

import pytest

from schemas.delivery import CiRun, Deployment, Incident, Merge, Push
from tests.golden import expected, golden_events, window
from tests.oracle.delivery import Delivery, delivery
from tests.oracle.measures import Measures, measures, microseconds, percentile
from tests.oracle.tiers import tier

SECOND = 1_000_000
REPOSITORIES = {f"golden.example/acme/{name}": {name: ()} for name in ("pay", "cart")}


@pytest.fixture(scope="module")
def pay() -> Delivery:
    return of("pay")


def of(service: str) -> Delivery:
    events = [one for one in golden_events() if isinstance(one.data, CiRun | Push | Merge | Deployment | Incident)]
    return delivery(service, events, REPOSITORIES)


def measured(found: Delivery) -> Measures:
    return measures(found.world, found.credited, *window())


def test_the_five_measures(pay: Delivery) -> None:
    want, got = expected()["pay"], measured(pay)
    assert (got.deployments, got.days) == (want["deployment_frequency"]["count"], want["deployment_frequency"]["days"])
    assert got.lead_time_us[50] == want["change_lead_time_hours"]["p50"] * 3_600 * SECOND
    assert got.lead_times == want["change_lead_time_hours"]["n"]
    rate = want["change_fail_rate"]
    assert (got.failed, got.attempts) == (rate["failed"], rate["deployments"])
    forward = rate["without_rollbacks"]
    assert (got.failed_without_rollbacks, got.attempts_without_rollbacks) == (forward["failed"], forward["deployments"])
    assert got.rework == want["deployment_rework_rate"]["rework"]
    assert got.recovery_us[50] == want["failed_deployment_recovery_seconds"]["p50"] * SECOND
    assert (got.recovered, got.still_failed) == (1, 0)


def test_which_deployments(pay: Delivery) -> None:
    want = expected()["pay"]
    assert [one.name for one in pay.releases if one.reasons] == want["failed_ids"]
    assert [one.name for one in pay.releases if one.is_rollback] == want["rollback_ids"]
    assert [one.name for one in pay.releases if one.rework] == want["deployment_rework_rate"]["ids"]
    reached = pay.milestones["first_production_deployment"] - pay.milestones["first_commit"]
    assert reached.total_seconds() == want["time_to_production_seconds"]["from_first_commit"]


def test_a_service_without_failure() -> None:
    got = asdict(measured(of("cart")))
    assert (got["attempts"], got["failed"], got["recovery_us"][50]) == (1, 0, None)


def test_percentiles_are_interpolated() -> None:
    assert percentile([100, 1], 50) == Fraction(101, 2)
    assert percentile([1, 2, 3, 4], 75) == Fraction(13, 4)
    assert percentile([], 90) is None
    assert microseconds(*reversed(window())) == 30 * 86_400 * SECOND


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("Prod-EU", "production"),
        ("live", "production"),
        ("prod_test", "unknown"),
        ("production", "production"),
        ("products", "unknown"),
        ("pre-prod", "unknown"),
        ("QA.1", "nonprod"),
    ],
)
def test_tiers_by_name(name: str, want: str) -> None:
    assert tier(name, None, None, {}) == want
