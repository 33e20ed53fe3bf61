"""What senders need of the edge beside a signature: challenges, content types, gzip, and no 4xx for our own sake."""

from __future__ import annotations

import base64
import gzip
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producers.kafka import Unavailable
from tests.support.ingest_service import EVENTS_ONLY, Service, default_access, signature

EXAMPLES = Path(__file__).parents[1] / "examples"
GITLAB = {"x-gitlab-token": "a-secret"}
AWS = "/v1/webhooks/aws"
SNS = {"content-type": "text/plain; charset=UTF-8"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    access = default_access() | {"webhooks": {"gitlab": {"secrets": ["a-secret"]}}}
    with Service(tmp_path, access=access) as running:
        yield running


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def basic(token: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"aws:{token}".encode()).decode()}


def test_gitlab_is_let_in_by_its_token(service: Service) -> None:
    payload = example("gitlab/deployment_succeeded")
    assert service.post("/v1/webhooks/gitlab", payload, GITLAB).json()["accepted"] == 1
    assert service.post("/v1/webhooks/gitlab", payload, {"x-gitlab-token": "another"}).status_code == 401


def test_our_own_overload_is_never_told_to_a_vendor_as_its_fault(service: Service) -> None:
    """GitLab switches a hook off after some answers of 4xx."""
    service.sink.away = Unavailable("Kafka is away", retry_after=2.0)
    assert service.post("/v1/webhooks/gitlab", example("gitlab/deployment_succeeded"), GITLAB).status_code == 503
    service.sink.away = None
    service.app.state.edge.budget.left = 10
    answer = service.post("/v1/webhooks/gitlab", example("gitlab/deployment_succeeded"), GITLAB)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_sns_is_asked_for_the_password_of_its_address(service: Service) -> None:
    """It sends none before it is asked, and plain text."""
    body = {"Type": "Notification", "Message": json.dumps(example("aws/pipeline_failed"))}
    asked = service.post(AWS, body, SNS | {"authorization": ""})
    assert (asked.status_code, asked.headers["www-authenticate"]) == (401, 'Basic realm="adoption"')
    assert service.post(AWS, body, SNS | basic("wrong")).status_code == 401
    assert service.post(AWS, body, SNS | basic(EVENTS_ONLY)).status_code == 202


def test_what_sns_wants_confirmed_is_ignored_and_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    address = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=x"
    body = {"Type": "SubscriptionConfirmation", "SubscribeURL": address, "Message": "You have chosen to subscribe"}
    with caplog.at_level(logging.WARNING):
        assert service.post(AWS, body, SNS | {"authorization": ""}).status_code == 401
        assert address not in caplog.text
        answer = service.post(AWS, body, SNS | basic(EVENTS_ONLY))
    assert (answer.json()["accepted"], answer.json()["dead_lettered"]) == (0, {})
    assert address in caplog.text


def test_plain_text_is_for_sns_alone(service: Service) -> None:
    assert service.post("/v1/webhooks/alertmanager", b"{}", SNS).status_code == 415


def test_a_token_may_send_gzip_and_a_signature_is_over_what_came(service: Service) -> None:
    zipped = gzip.compress(json.dumps(example("alertmanager/firing")).encode())
    assert service.post("/v1/webhooks/alertmanager", zipped, {"content-encoding": "gzip"}).json()["accepted"] == 1
    signed = signature(zipped, "the-new-secret") | {"content-encoding": "gzip", "x-github-event": "ping"}
    assert service.post("/v1/webhooks/github", zipped, signed).status_code == 415


def test_any_json_is_json(service: Service) -> None:
    media = {"content-type": "application/cloudevents+json; charset=utf-8"}
    assert service.post("/v1/webhooks/cdevents", example("cdevents/service_failed"), media).status_code == 202
