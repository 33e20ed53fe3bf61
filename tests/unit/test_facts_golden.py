"""The golden history gives the golden numbers."""

from __future__ import annotations

from statistics import median

import pytest

from schemas.catalog import Mapping, Service
from schemas.envelope import version
from stream_processors.facts import Facts, FactsConfig, facts
from stream_processors.resolve import Mappings, Resolved, Stored, StoredFact
from tests import golden

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def computed() -> dict[str, Facts]:
    events = golden.golden_events()
    catalog = {"service", "team", "mapping", "ownership"}
    mappings = Mappings.of(
        StoredFact(event.source, event.id, event.time, event.time, event.data)
        for event in events
        if event.data.kind in catalog
    )
    by_service: dict[str, list[Resolved]] = {}
    for event in events:
        if event.data.kind not in catalog:
            stored = Stored(event.source, event.id, event.time, version(event), event.data)
            for service, resolved in mappings.resolve(stored):
                by_service.setdefault(service, []).append(resolved)
    return {service: facts(service, resolved, FactsConfig()) for service, resolved in by_service.items()}


@pytest.mark.parametrize("service", ["pay", "cart"])
def test_deployment_frequency(computed: dict[str, Facts], service: str) -> None:
    begin, end = golden.window()
    want = golden.expected()[service]["deployment_frequency"]
    finished = [one for one in computed[service].releases if one.finished_at and begin <= one.finished_at < end]
    assert len(finished) == want["count"]
    assert (end - begin).days == want["days"]


def test_change_lead_time(computed: dict[str, Facts]) -> None:
    want = golden.expected()["pay"]["change_lead_time_hours"]
    lead_times = [one.lead_time_us for one in computed["pay"].commits if one.lead_time_us is not None]
    assert len(lead_times) == want["n"] == 23
    assert median(lead_times) / HOUR == want["p50"] == 38.0
    assert any(one.is_first for one in computed["pay"].commits) is want["includes_first_deployment"]


@pytest.mark.parametrize("service", ["pay", "cart"])
def test_change_fail_rate(computed: dict[str, Facts], service: str) -> None:
    want = golden.expected()[service]
    releases = computed[service].releases
    assert [one.release for one in releases if one.is_failed] == want["failed_ids"]
    assert len(releases) == want["change_fail_rate"]["deployments"]


def test_change_fail_rate_without_rollbacks(computed: dict[str, Facts]) -> None:
    want = golden.expected()["pay"]
    releases = computed["pay"].releases
    planned = [one for one in releases if not one.is_rollback]
    assert [one.release for one in releases if one.is_rollback] == want["rollback_ids"]
    assert sum(one.is_failed for one in planned) == want["change_fail_rate"]["without_rollbacks"]["failed"]
    assert len(planned) == want["change_fail_rate"]["without_rollbacks"]["deployments"]


def test_rework(computed: dict[str, Facts]) -> None:
    rework = {one.release: one.rework_rule for one in computed["pay"].releases if one.is_rework}
    assert sorted(rework) == golden.expected()["pay"]["deployment_rework_rate"]["ids"]
    assert rework == {"D4": "rollback", "D5": "title"}


def test_recovery(computed: dict[str, Facts]) -> None:
    want = golden.expected()["pay"]["failed_deployment_recovery_seconds"]
    (failed,) = [one for one in computed["pay"].releases if one.is_failed]
    assert (failed.release, failed.recovered_by) == (want["failed"], want["recovered_by"])
    assert failed.recovered_at is not None
    assert failed.failed_at is not None
    assert (failed.recovered_at - failed.failed_at).total_seconds() == want["p50"] == 3600
    assert failed.failure_reasons == ("rolled_back", "incident")


def test_time_to_production(computed: dict[str, Facts]) -> None:
    want = golden.expected()["pay"]["time_to_production_seconds"]
    onboarded = next(
        event.data.onboarded_at
        for event in golden.golden_events()
        if isinstance(event.data, Service) and event.data.service == "pay"
    )
    reached = {one.milestone: one.at for one in computed["pay"].milestones}
    production = reached["first_production_deployment"]
    assert onboarded is not None
    assert (production - onboarded).total_seconds() == want["from_onboarded"]
    assert (production - reached["first_commit"]).total_seconds() == want["from_first_commit"]


def test_every_event_is_accounted_for(computed: dict[str, Facts]) -> None:
    delivery = [one for one in golden.golden_events() if one.data.kind in {"push", "deployment", "incident"}]
    assert sum(len(one.evidence) for one in computed.values()) == len(delivery)
    assert "" not in computed
    assert any(isinstance(one.data, Mapping) for one in golden.golden_events())
