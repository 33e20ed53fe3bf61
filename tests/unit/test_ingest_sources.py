"""GET /v1/sources: what came from each source, for those who connect one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.http.receipts import Outcome
from producers.http.tallies import MOST_REASONS, Tallies
from producers.kafka import Unavailable
from producers.sources.registry import SOURCES
from tests.support.ingest_service import EVENTS_ONLY, Service, deployment_status, kong, service_event


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path) as running:
        yield running


def told(service: Service, name: str) -> dict:
    answer = service.run(service._http.get("/v1/sources", headers={"authorization": f"Bearer {EVENTS_ONLY}"}))
    assert answer.status_code == 200
    return next(one for one in answer.json()["sources"] if one["name"] == name)


def test_each_source_says_what_became_of_what_it_sent(service: Service) -> None:
    service.github("deployment_status", deployment_status())
    service.github("star", {"action": "created", "repository": {"id": 1, "full_name": "a/b"}})
    broken = deployment_status()
    broken["deployment_status"]["state"] = "splendid"
    service.github("deployment_status", broken)
    service.github("ping", {"zen": "x"}, "a wrong secret")
    service.post("/v1/webhooks/github", b"{}", {"content-type": "text/html"})
    github = told(service, "github")
    assert datetime.fromisoformat(github.pop("last_received")).tzinfo
    assert github == {
        "name": "github",
        "path": "/v1/webhooks/github",
        "scheme": "github-hmac",
        "is_configured": True,
        "accepted": 1,
        "became": {"adoption.deployment.v1": 1},
        "ignored": {"github:star": 1},
        "dead_lettered": {"unknown_status": 1},
        "refused": {"unauthorized": 1, "unsupported_media_type": 1},
        "last_event": "2026-03-01T10:00:00+00:00",
    }


def test_gateways_and_our_own_events_are_told_too(service: Service) -> None:
    service.post("/v1/gateway/kong", [kong(1), kong(2)])
    service.post("/v1/events", service_event(), {"content-type": "application/cloudevents+json"})
    assert told(service, "kong")["became"] == {"requests": 2}
    assert told(service, "kong")["last_event"].startswith("2026-01-01T00:00:00.002")
    assert told(service, "events")["became"] == {"adoption.service.v1": 1}
    assert told(service, "batches")["accepted"] == 0


def test_a_source_that_sent_nothing_is_told_as_such(service: Service) -> None:
    gitlab = told(service, "gitlab")
    assert (gitlab["is_configured"], gitlab["accepted"], gitlab["last_received"]) == (False, 0, None)
    assert told(service, "alertmanager")["is_configured"]
    assert {one for one in SOURCES if told(service, one)["accepted"]} == set()


def test_what_is_not_durable_is_refused_and_not_counted_as_accepted(service: Service) -> None:
    service.sink.away = Unavailable("Kafka is away", retry_after=2.0)
    service.github("deployment_status", deployment_status())
    assert told(service, "github")["accepted"] == 0
    assert told(service, "github")["refused"] == {"unavailable": 1}


def test_only_a_token_of_scope_events_may_ask(service: Service) -> None:
    assert service.get("/v1/sources").status_code == 401


def test_reasons_are_bounded() -> None:
    tallies = Tallies(clock=lambda: datetime(2026, 3, 1, tzinfo=UTC))
    for number in range(MOST_REASONS + 50):
        outcome = Outcome("github", "receipt")
        outcome.ignored[f"github:{number}"] += 1
        tallies.note(outcome)
    ignored = tallies.of("github").ignored
    assert len(ignored) == MOST_REASONS + 1
    assert ignored["other"] == 50
