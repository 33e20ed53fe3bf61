"""The golden history, sent as events over Apache Kafka, comes out of the views as exactly the expected numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.golden import expected, golden_events, window
from tests.support import views
from tests.support.plant import Plant, messages

pytestmark = pytest.mark.kafka


def test_golden_numbers_come_out_of_the_views(real_plant: Plant) -> None:
    start, end = window()
    real_plant.start_all()
    views.pin_clock(real_plant, end.strftime("%Y-%m-%d %H:%M:%S"))
    real_plant.send(messages(golden_events()))
    real_plant.settle()
    measured = {
        (service, metric): (numerator, denominator, value, n)
        for service, metric, numerator, denominator, value, n in real_plant.rows(
            "SELECT service, metric, numerator, denominator, value, n "
            f"FROM adoption.velocity_range(from = '{start:%Y-%m-%d}', to = '{end:%Y-%m-%d}')"
        )
    }
    for service, numbers in expected().items():
        _check_velocity(service, numbers, measured)
    pay = expected()["pay"]
    assert real_plant.rows("SELECT failed_ids FROM (SELECT groupArray(release) AS failed_ids FROM adoption.deployments "
                           "WHERE service = 'pay' AND is_failed)") == [(pay["failed_ids"],)]  # fmt: skip
    assert real_plant.rows("SELECT groupArray(release) FROM adoption.deployments "
                           "WHERE service = 'pay' AND is_rollback") == [(pay["rollback_ids"],)]  # fmt: skip
    durations = real_plant.rows("SELECT start, value_seconds FROM adoption.time_to_production WHERE service = 'pay'")
    assert dict(durations) == {
        "onboarded": pay["time_to_production_seconds"]["from_onboarded"],
        "first_commit": pay["time_to_production_seconds"]["from_first_commit"],
    }


def _check_velocity(service: str, numbers: dict[str, Any], measured: dict[tuple[str, str], Any]) -> None:
    frequency = numbers["deployment_frequency"]
    found = measured[service, "deployment_frequency_per_day"]
    assert found[:2] == (frequency["count"], frequency["days"])
    assert found[2] == frequency["count"] / frequency["days"]
    fail = numbers["change_fail_rate"]
    assert measured[service, "change_fail_ratio"][:3] == (fail["failed"], fail["deployments"], fail["value"])
    if without := fail.get("without_rollbacks"):
        found = measured[service, "change_fail_without_rollbacks_ratio"]
        assert found[:3] == (without["failed"], without["deployments"], without["value"])
    if lead := numbers.get("change_lead_time_hours"):
        assert measured[service, "change_lead_time_p50_seconds"][2:] == (lead["p50"] * 3600, lead["n"])
    if rework := numbers.get("deployment_rework_rate"):
        found = measured[service, "deployment_rework_ratio"]
        assert found[:3] == (rework["rework"], rework["deployments"], rework["value"])
    if recovery := numbers.get("failed_deployment_recovery_seconds"):
        assert measured[service, "failed_deployment_recovery_time_p50_seconds"][2:] == (recovery["p50"], recovery["n"])
