"""POST /v1/events: CloudEvents in three modes; a post is accepted whole or not at all."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from producers.http.problems import Problem
from producers.http.rates import Rates
from schemas import envelope
from schemas.streams import CATALOG, DELIVERY
from tests.support.ingest_service import EVENTS_ONLY, Service, default_access, service_event

STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path) as running:
        yield running


def test_structured_mode(service: Service) -> None:
    answer = service.post("/v1/events", service_event(), STRUCTURED)
    assert answer.status_code == 202
    assert answer.json() == {"receipt": answer.json()["receipt"], "accepted": 1, "ignored": {}, "dead_lettered": {}}
    (record,) = service.topic(CATALOG.topic)
    event = envelope.from_kafka(record.value, record.headers)
    assert (event.id, event.source, event.subject) == ("1", "//tests", "pay")
    assert event.time == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert record.key == b"pay"


def test_binary_mode_takes_the_attributes_from_percent_encoded_headers(service: Service) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "a%20b",
        "ce-source": "//tests",
        "ce-type": "adoption.push.v1",
        "ce-time": "2026-03-01T10:00:00Z",
        "ce-subject": "acme/caf%C3%A9",
        "ce-mapperrevision": "3",
        "ce-traceparent": "somebody's extension",
    }
    answer = service.post("/v1/events", {"provider": "git", "ref": "refs/heads/main"}, headers)
    assert answer.status_code == 202, answer.text
    (record,) = service.topic(DELIVERY.topic)
    event = envelope.from_kafka(record.value, record.headers)
    assert (event.id, event.subject, event.mapperrevision) == ("a b", "acme/café", 3)


def test_batch_mode_and_gzip(service: Service) -> None:
    events = [service_event(name=f"s{n}", id_=str(n)) for n in range(3)]
    body = gzip.compress(json.dumps(events).encode())
    answer = service.post("/v1/events", body, BATCH | {"content-encoding": "gzip"})
    assert answer.json()["accepted"] == 3
    assert [record.key for record in service.topic(CATALOG.topic)] == [b"s0", b"s1", b"s2"]


def test_base64_data(service: Service) -> None:
    event = service_event()
    data = event.pop("data")
    event["data_base64"] = base64.b64encode(json.dumps(data).encode()).decode()
    assert service.post("/v1/events", event, STRUCTURED).json()["accepted"] == 1


def test_a_type_that_is_none_of_ours_is_counted_and_let_go(service: Service) -> None:
    events = [service_event(), {**service_event(), "type": "com.example.order.paid.v1", "data": None}]
    answer = service.post("/v1/events", events, BATCH)
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["ignored"]) == (1, {"unknown_type": 1})


@pytest.mark.parametrize(
    ("change", "field", "got"),
    [
        ({"data": {"service": 5}}, "data.service", "got 5"),
        ({"data": {}}, "data.service", "got nothing"),
        ({"data": {"service": "a", "colour": "blue"}}, "data.colour", "got 'blue'"),
        ({"data": []}, "data", "got an array"),
        ({"data": None}, "data", "got nothing"),
        ({"time": "yesterday"}, "time", "got 'yesterday'"),
        ({"time": "2026-03-01T10:00:00"}, "time", "timezone"),
        ({"time": "0001-01-01T00:00:00Z"}, "time", "time_out_of_range"),
        ({"time": None}, "time", "got nothing"),
        ({"id": ""}, "id", "at least 1"),
        ({"id": {"a": 1}}, "id", "got an object"),
        ({"source": None}, "source", "got nothing"),
        ({"specversion": "0.3"}, "specversion", "got '0.3'"),
        ({"type": 7}, "type", "got 7"),
        ({"mapperrevision": -1}, "mapperrevision", "got -1"),
        ({"datacontenttype": "text/xml"}, "datacontenttype", "text/xml"),
        ({"data_base64": "%%"}, "data_base64", "base64"),
        ({"data_base64": 5}, "data_base64", "base64"),
    ],
)
def test_a_broken_contract_is_refused_by_index_and_field_and_nothing_is_accepted(
    service: Service, change: dict[str, Any], field: str, got: str
) -> None:
    answer = service.post("/v1/events", [service_event(), service_event() | change], BATCH)
    assert answer.status_code == 422, answer.text
    said = answer.json()
    assert (said["error"], said["index"], said["field"]) == ("contract_violation", 1, field)
    assert got in said["message"]
    assert not service.sink.messages


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"null", b"[1]", b"[[]]"])
@pytest.mark.parametrize("media", [STRUCTURED, BATCH])
def test_json_that_is_no_event(service: Service, body: bytes, media: dict[str, str]) -> None:
    answer = service.post("/v1/events", body, media)
    assert answer.status_code == (202 if (body, media) == (b"[]", BATCH) else 422)


def test_an_event_that_its_topic_does_not_take(service: Service) -> None:
    event = service_event()
    event["data"] = {"service": "a", "aliases": [f"{number:05}" * 40 for number in range(5500)]}
    body = gzip.compress(json.dumps([service_event(), event]).encode())
    answer = service.post("/v1/events", body, BATCH | {"content-encoding": "gzip"})
    assert answer.status_code == 413
    assert (answer.json()["error"], answer.json()["index"]) == ("event_too_large", 1)
    assert not service.sink.messages


def test_tokens_and_scopes(service: Service) -> None:
    assert service.post("/v1/events", [], BATCH | {"authorization": f"Bearer {EVENTS_ONLY}"}).status_code == 202
    answers = [
        service.post("/v1/events", [], BATCH | {"authorization": said})
        for said in ("", "Bearer", "Bearer wrong", f"Basic {EVENTS_ONLY}", EVENTS_ONLY)
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    refused = service.post("/v1/gateway/kong", [], {"authorization": f"Bearer {EVENTS_ONLY}"})
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")


def test_a_token_with_a_rate_is_told_when_to_come_back(tmp_path: Path) -> None:
    access = default_access()
    access["tokens"][0]["requests_per_second"] = 0.25
    with Service(tmp_path, access=access) as service:
        assert service.post("/v1/events", [], BATCH).status_code == 202
        answer = service.post("/v1/events", [], BATCH)
        assert (answer.status_code, answer.json()["error"]) == (429, "too_many_requests")
        assert answer.headers["retry-after"] == "4"
        other = {"authorization": f"Bearer {EVENTS_ONLY}"}
        assert service.post("/v1/events", [], BATCH | other).status_code == 202


def test_a_rate_lets_saved_up_requests_through_and_then_its_own_pace() -> None:
    now = 0.0
    rates = Rates(clock=lambda: now)

    def passed() -> int:
        count = 0
        while count < 100:
            try:
                rates.take("a", 5.0)
            except Problem:
                return count
            count += 1
        return count

    assert passed() == 10
    now = 1.0
    assert passed() == 5
    now = 1000.0
    assert passed() == 10


def test_media_type(service: Service) -> None:
    answer = service.post("/v1/events", b"<x/>", {"content-type": "text/xml"})
    assert answer.status_code == 415
    answer = service.post("/v1/events", service_event())
    assert answer.status_code == 422
    assert "application/cloudevents+json" in answer.json()["message"]


def test_unknown_addresses_and_methods_are_answered_in_json(service: Service) -> None:
    assert service.get("/v2").json()["error"] == "unknown_address"
    answer = service.get("/v1/events")
    assert (answer.status_code, answer.json()["error"], answer.headers["allow"]) == (405, "method_not_allowed", "POST")


def test_metrics_count_answers_and_events(service: Service) -> None:
    service.post("/v1/events", [service_event(), service_event() | {"type": "x"}], BATCH)
    service.post("/v1/events", b"{", BATCH)
    text = service.get("/metrics").text
    assert 'adoption_ingest_requests_total{route="/v1/events",status="202"} 1.0' in text
    assert 'adoption_ingest_requests_total{route="/v1/events",status="400"} 1.0' in text
    assert 'adoption_ingest_events_total{reason="",result="accepted",source="events"} 1.0' in text
    assert 'adoption_ingest_events_total{reason="unknown_type",result="ignored",source="events"} 1.0' in text
    assert "adoption_ingest_sink_seconds_count 1.0" in text


def test_a_defect_is_counted_and_logged_without_what_was_sent(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from producers.http import routes_events

    def broken(*_: object) -> None:
        raise RuntimeError("the payload's secret")

    monkeypatch.setattr(routes_events, "record_of", broken)
    answer = service.post("/v1/events", [service_event()], BATCH)
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "unhandled RuntimeError on /v1/events at" in caplog.text
    assert "secret" not in caplog.text + answer.text
    assert 'adoption_ingest_unhandled_errors_total{route="/v1/events"} 1.0' in service.get("/metrics").text
