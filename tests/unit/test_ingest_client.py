"""The client: sends again while that may help, gives up clearly when it will not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from producers.client import IngestClient, Receipt, RefusedError, UnreachableError, structured
from producers.http import cloudevents
from schemas.catalog import Service
from schemas.envelope import Event

EVENT = Event(
    id="1", source="//t", time="2026-03-01T10:00:00Z", subject="pay", mapperrevision=2, data=Service(service="pay")
)
RECEIPT = {"receipt": "abc", "accepted": 1, "ignored": {}, "dead_lettered": {}}
Answer = httpx.Response | Exception


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def client(answers: list[Answer], clock: Clock, seen: list[httpx.Request] | None = None, **named: Any) -> IngestClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    transport = httpx.MockTransport(handle)
    return IngestClient("http://ingest", "secret-token", transport=transport, sleep=clock.sleep, clock=clock, **named)


def busy(**headers: str) -> httpx.Response:
    return httpx.Response(503, json={"error": "unavailable", "message": "Kafka is away"}, headers=headers)


def test_events_travel_as_one_batch_with_the_token() -> None:
    seen: list[httpx.Request] = []
    receipt = client([httpx.Response(202, json=RECEIPT)], Clock(), seen).events([EVENT])
    assert receipt == Receipt("abc", 1, {}, {})
    (request,) = seen
    assert request.url == "http://ingest/v1/events"
    assert request.headers["authorization"] == "Bearer secret-token"
    assert json.loads(request.content) == [structured(EVENT)]


def test_what_the_client_writes_the_service_reads_as_the_same_event() -> None:
    read = cloudevents.read(cloudevents.STRUCTURED, {}, json.dumps(structured(EVENT)).encode())
    assert read.events == [EVENT]


def test_large_posts_are_compressed() -> None:
    seen: list[httpx.Request] = []
    client([httpx.Response(202, json=RECEIPT)], Clock(), seen).events([EVENT] * 100)
    (request,) = seen
    assert request.headers["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(request.content))) == 100


@pytest.mark.parametrize(
    "make",
    [
        busy,
        lambda: httpx.Response(429),
        lambda: httpx.Response(502, text="<html>"),
        lambda: httpx.Response(500, json={"error": "internal_error", "message": "x"}),
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.ReadTimeout("slow"),
        lambda: httpx.RemoteProtocolError("closed"),
    ],
)
def test_what_may_pass_is_tried_again(make: Callable[[], Answer]) -> None:
    clock = Clock()
    assert client([make(), make(), httpx.Response(202, json=RECEIPT)], clock).events([EVENT]).accepted == 1
    assert len(clock.slept) == 2
    assert clock.slept[1] > 0


def test_retry_after_is_respected() -> None:
    clock = Clock()
    client([busy(**{"retry-after": "7"}), httpx.Response(202, json=RECEIPT)], clock).events([EVENT])
    assert clock.slept == [7.0]
    clock = Clock()
    past = busy(**{"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})
    client([past, busy(**{"retry-after": "soon"}), httpx.Response(202, json=RECEIPT)], clock).events([EVENT])
    assert all(0 < seconds <= 1 for seconds in clock.slept)


def test_pauses_grow_and_patience_ends() -> None:
    clock = Clock()
    with pytest.raises(
        UnreachableError, match=r"http://ingest/v1/events accepted nothing within 60 s; last: 503: Kafka"
    ):
        client([busy()], clock, patience=60).events([EVENT])
    assert clock.now <= 60
    assert clock.slept[5] > clock.slept[0] * 4


def test_a_refusal_is_not_tried_again_and_says_what_is_wrong() -> None:
    clock = Clock()
    answer = httpx.Response(422, json={"error": "contract_violation", "message": "event 3 data.service: got 5"})
    with pytest.raises(RefusedError, match="event 3") as caught:
        client([answer], clock).events([EVENT])
    assert (caught.value.status, caught.value.code, clock.slept) == (422, "contract_violation", [])
    assert "secret-token" not in str(caught.value)


def test_something_else_that_answers_200_is_not_believed() -> None:
    with pytest.raises(RefusedError, match="is it the ingest service"):
        client([httpx.Response(200, text="<html>welcome</html>")], Clock()).events([EVENT])
