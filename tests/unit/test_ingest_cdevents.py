"""CDEvents at the edge: among other CloudEvents in all three modes, at a webhook of their own, malformed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import dead_letters, envelope
from schemas.delivery import CiRun, Deployment
from schemas.streams import DEAD_LETTERS, DELIVERY
from tests.support.ingest_service import Service, service_event

EXAMPLES = Path(__file__).parents[1] / "examples" / "cdevents"
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path) as running:
        yield running


def load(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def test_structured_mode_among_our_own_events(service: Service) -> None:
    answer = service.post("/v1/events", load("service_deployed"), STRUCTURED)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    (record,) = service.topic(DELIVERY.topic)
    event = envelope.from_kafka(record.value, record.headers)
    assert isinstance(event.data, Deployment)
    assert (record.key, event.data.version) == (b"pay", "1.4.0")


def test_a_batch_of_ours_theirs_and_anybodys(service: Service) -> None:
    answer = service.post("/v1/events", [service_event(), *load("batch"), {**load("batch")[0], "type": "x.y"}], BATCH)
    assert answer.json()["accepted"] == 3, answer.text
    assert answer.json()["ignored"] == {"unknown_type": 2}
    assert len(service.topic(DELIVERY.topic)) == 2


@pytest.mark.parametrize("media", ["application/json", "application/cdevents+json; charset=utf-8"])
def test_binary_mode(service: Service, media: str) -> None:
    headers = json.loads((EXAMPLES / "binary.headers.json").read_text()) | {"content-type": media}
    for path in ("/v1/events", "/v1/webhooks/cdevents"):
        answer = service.post(path, load("binary"), headers)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
    first, second = service.topic(DELIVERY.topic)
    assert first == second


def test_a_bare_cdevent_at_the_webhook(service: Service) -> None:
    assert service.post("/v1/webhooks/cdevents", load("run_finished")).json()["accepted"] == 1
    (record,) = service.topic(DELIVERY.topic)
    assert isinstance(envelope.from_kafka(record.value, record.headers).data, CiRun)


def test_tektons_events_among_others(service: Service) -> None:
    folder = EXAMPLES.parent / "tekton"
    headers = json.loads((folder / "successful.headers.json").read_text())
    answer = service.post("/v1/events", json.loads((folder / "successful.json").read_text()), headers)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
    (record,) = service.topic(DELIVERY.topic)
    assert record.key == b"git.example/acme/pay"


def test_custom_types_are_left_out_by_name(service: Service) -> None:
    payload = load("custom")
    carried = load("service_deployed") | {"type": payload["context"]["type"], "data": payload}
    answer = service.post("/v1/events", carried, STRUCTURED)
    assert answer.json()["ignored"] == {"cdevents:custom.harbor-quota.exceeded": 1}


def test_one_that_cannot_be_read_is_a_dead_letter_and_the_others_go_on(service: Service) -> None:
    broken, good = load("batch")[:2]
    del broken["data"]["context"]["timestamp"]
    answer = service.post("/v1/events", [broken, good], BATCH)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert answer.json()["dead_lettered"] == {"missing_field": 1}
    (letter,) = service.topic(DEAD_LETTERS.topic)
    read = dead_letters.from_kafka(letter.key, letter.value, list(letter.headers))
    assert (read.origin, read.reason) == ("http:/v1/webhooks/cdevents", "missing_field")
    assert json.loads(read.value) == broken
