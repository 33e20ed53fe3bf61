"""A vendor's delivery: verified over its raw bytes, mapped, durable before its 202."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.http import auth
from producers.http.problems import Problem
from producers.kafka import Unavailable
from producers.sources.registry import SOURCES
from schemas import dead_letters, envelope
from schemas.streams import DEAD_LETTERS, DELIVERY
from tests.support.ingest_service import (
    EVENTS_ONLY,
    SECRETS,
    TOKEN,
    Service,
    default_access,
    deployment_status,
    signature,
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path) as running:
        yield running


def test_a_signed_delivery_is_on_its_topic_before_it_is_acknowledged(service: Service) -> None:
    answer = service.github("deployment_status", deployment_status())
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    (record,) = service.topic(DELIVERY.topic)
    event = envelope.from_kafka(record.value, record.headers)
    assert (event.type, event.source) == ("adoption.deployment.v1", "//github.com")
    assert record.key == event.subject.encode()


def test_a_delivery_sent_again_gets_the_same_receipt_and_the_same_events(service: Service) -> None:
    answers = [service.github("deployment_status", deployment_status()).json() for _ in range(2)]
    assert answers[0] == answers[1]
    first, second = service.topic(DELIVERY.topic)
    assert first == second


@pytest.mark.parametrize("secret", SECRETS)
def test_every_live_secret_is_good_while_one_is_being_rotated(service: Service, secret: str) -> None:
    assert service.github("ping", {"zen": "x"}, secret).status_code == 202


RAW = b'{"zen": "x"}'
GOOD = signature(RAW, SECRETS[0])["x-hub-signature-256"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": signature(RAW, "another secret")["x-hub-signature-256"]},
        {"x-hub-signature-256": signature(RAW + b" ", SECRETS[0])["x-hub-signature-256"]},
        {"x-hub-signature-256": GOOD.removeprefix("sha256=")},
        {"x-hub-signature-256": GOOD.upper()},
        {"x-hub-signature-256": GOOD + "0"},
        {"x-hub-signature-256": "sha256=\u00e9"},
        {"x-hub-signature": GOOD},
        {"authorization": f"Bearer {TOKEN}"},
    ],
)
def test_whatever_is_wrong_with_a_signature_the_answer_is_the_same(service: Service, headers: dict[str, str]) -> None:
    headers = {name: value.encode("latin-1") for name, value in headers.items()}  # type: ignore[misc]
    answer = service.post("/v1/webhooks/github", RAW, {"x-github-event": "ping", **headers})
    assert answer.status_code == 401
    assert answer.json()["error"] == "unauthorized"
    assert answer.content == service.post("/v1/webhooks/github", RAW, {"x-github-event": "ping"}).content
    assert GOOD.removeprefix("sha256=") not in answer.text
    assert not service.sink.messages


def test_without_a_secret_nobody_may_send(tmp_path: Path) -> None:
    with Service(tmp_path, access={"tokens": []}) as service:
        assert service.github("ping", RAW, "").status_code == 401


def test_a_changed_access_file_is_in_force_within_a_second_and_a_broken_one_is_not(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_LOOK_SECONDS", 0.0)
    service.write_access(default_access() | {"github": {"secrets": ["another"]}})
    assert service.github("ping", RAW, "another").status_code == 202
    assert service.github("ping", RAW).status_code == 401
    service.access_file.write_text("{")
    assert service.github("ping", RAW, "another").status_code == 202


def test_what_a_vendor_sends_beside_our_business_is_counted_and_let_go(service: Service) -> None:
    answer = service.github("star", {"action": "created", "repository": {"id": 1, "full_name": "a/b"}})
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 0
    assert list(answer.json()["ignored"].values()) == [1]
    assert not service.sink.messages


def test_a_malformed_payload_of_a_known_type_is_kept_as_a_dead_letter(service: Service) -> None:
    payload = deployment_status()
    payload["deployment_status"]["state"] = "splendid"
    answer = service.github("deployment_status", payload)
    assert answer.status_code == 202
    assert answer.json()["dead_lettered"] == {"unknown_status": 1}
    (record,) = service.topic(DEAD_LETTERS.topic)
    letter = dead_letters.from_kafka(record.key, record.value, list(record.headers))
    assert letter.origin == "http:/v1/webhooks/github"
    assert b"splendid" in letter.value
    kept = dict(letter.headers)
    assert kept["x-github-event"] == b"deployment_status"
    assert not {"authorization", "x-hub-signature-256"} & kept.keys()


def test_a_defect_of_a_mapper_loses_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from producers.http import routes_webhooks
    from producers.sources import registry

    def broken(*_: object) -> None:
        raise KeyError("secret value")

    source = registry.SOURCES["github"]
    mended = source.__class__(**{**vars(source), "map_events": broken})
    monkeypatch.setattr(routes_webhooks, "SOURCES", {"github": mended})
    answer = service.github("deployment_status", deployment_status())
    assert answer.json()["dead_lettered"] == {"mapper_failed": 1}
    (record,) = service.topic(DEAD_LETTERS.topic)
    assert b"secret value" not in b"".join(value for _, value in record.headers)


def test_a_payload_too_large_for_a_dead_letter_stays_with_its_sender(service: Service) -> None:
    payload = deployment_status() | {"padding": "x" * (5 * 1024 * 1024)}
    payload["deployment_status"]["state"] = "splendid"
    answer = service.github("deployment_status", payload)
    assert answer.status_code == 422
    assert answer.json()["error"] == "payload_rejected"
    assert not service.sink.messages


def test_kafka_away_is_503_with_retry_after_and_nothing_is_acknowledged(service: Service) -> None:
    service.sink.away = Unavailable("Kafka is away", retry_after=2.0)
    answer = service.github("deployment_status", deployment_status())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert service.get("/readyz").status_code == 503
    assert service.get("/healthz").status_code == 200
    service.sink.away = None
    assert service.get("/readyz").status_code == 200


def test_alertmanager_sends_with_a_token_of_scope_events(service: Service) -> None:
    body = {
        "version": "4",
        "alerts": [],
        "externalURL": "http://alerts.example",
        "receiver": "adoption",
        "groupKey": "x",
    }
    path = "/v1/webhooks/alertmanager"
    assert service.post(path, body, {"authorization": f"Bearer {EVENTS_ONLY}"}).status_code == 202
    assert service.post(path, body, {"authorization": "Bearer wrong"}).status_code == 401


def test_an_unknown_source_is_told_the_known_ones(service: Service) -> None:
    answer = service.post("/v1/webhooks/nobody", {})
    assert answer.status_code == 404
    assert "/v1/webhooks/github" in answer.json()["known"]


def test_a_hook_with_the_wrong_content_type_is_told_the_right_one(service: Service) -> None:
    body = b"payload=%7B%7D"
    headers = {"content-type": "application/x-www-form-urlencoded"} | signature(body, SECRETS[0])
    answer = service.post("/v1/webhooks/github", body, headers)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["message"]


def test_wrong_signatures_take_as_long_as_right_ones() -> None:
    """Every secret is compared whatever came before: the time depends on the body alone."""
    file = auth.AccessFile.model_validate({"github": {"secrets": ["a", "b", "c", "d"]}})
    access = auth.Access(None)
    access._file = file
    body = b"x" * 200_000

    def fastest(header: str) -> float:
        times = []
        for _ in range(15):
            started = time.perf_counter()
            with contextlib.suppress(Problem):
                access.signed(SOURCES["github"], {"x-hub-signature-256": header}, body)
            times.append(time.perf_counter() - started)
        return min(times)

    first = fastest(signature(body, "a")["x-hub-signature-256"])
    none = fastest("sha256=" + "0" * 64)
    assert 0.5 < first / none < 2
