"""What a running stack says to bad input: the right status, and JSON with what was expected, what came, what to do.

Nothing of a refused request goes further. What comes round the service, straight to a topic, is set aside with a
reason, and the workers live.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pytest
from confluent_kafka import Producer

from schemas import gateway
from schemas.base import event_id
from schemas.delivery import Deployment
from schemas.envelope import Event, to_kafka
from schemas.streams import CATALOG, DEAD_LETTERS, DELIVERY, DIRTY, GATEWAY
from tests.support.embedded import Embedded, descendants
from tests.support.ingest_service import JSON, deployment_status, kong, service_event, signature
from tests.support.plant import Message
from tests.support.traffic import message, unit

MIB = 1024 * 1024
CLOUDEVENT = {"content-type": "application/cloudevents+json"}
GITHUB = JSON | {"x-github-event": "deployment_status"}


class Bad(NamedTuple):
    """A request that must be refused.

    Attributes:
        name: of the test.
        address: where it is posted.
        body: what is posted.
        headers: beside the token.
        status: of the answer.
        error: code in the answer.
        says: words of its message: what was expected, what came, what to do.
        is_signed: with this install's webhook secret.
    """

    name: str
    address: str
    body: bytes
    headers: dict[str, str]
    status: int
    error: str
    says: tuple[str, ...]
    is_signed: bool = False


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


EVENT = dumped(service_event())
HOOK = dumped(deployment_status())
BROKEN = b'{"specversion": "1.0",\n "id": oops}'
NO_SERVICE = dumped(service_event() | {"data": {"service": ""}})

CASES = [
    Bad("hook without a signature", "/v1/webhooks/github", HOOK, GITHUB, 401, "unauthorized",
        ("expected a header X-Hub-Signature-256", "set the same secret")),
    Bad("hook signed with another secret", "/v1/webhooks/github", HOOK, GITHUB | signature(HOOK, "another"), 401,
        "unauthorized", ("expected a header X-Hub-Signature-256", "set the same secret")),
    Bad("hook whose body was changed", "/v1/webhooks/github", HOOK + b" ", GITHUB | signature(HOOK, "x"), 401,
        "unauthorized", ("made over the body",)),
    *(Bad(f"{name} without a token", address, body, headers | {"authorization": ""}, 401, "unauthorized",
          ("expected a header `Authorization: Bearer <token>`", "access file"))
      for name, address, body, headers in (
          ("events", "/v1/events", EVENT, CLOUDEVENT),
          ("alerts", "/v1/webhooks/alertmanager", b"{}", JSON),
          ("requests", "/v1/gateway/kong", dumped(kong()), JSON),
          ("batches", "/v1/gateway/batches", b"{}", JSON),
      )),
    Bad("events with a wrong token", "/v1/events", EVENT, CLOUDEVENT | {"authorization": "Bearer wrong"}, 401,
        "unauthorized", ("expected a header `Authorization: Bearer <token>`",)),
    *(Bad(f"{name} that are no JSON", address, BROKEN, headers, 400, "malformed_json",
          ("expected JSON, got", "line 2, column 8", "byte 30"), is_signed)
      for name, address, headers, is_signed in (
          ("events", "/v1/events", CLOUDEVENT, False),
          ("hooks", "/v1/webhooks/github", GITHUB, True),
          ("alerts", "/v1/webhooks/alertmanager", JSON, False),
          ("requests", "/v1/gateway/kong", JSON, False),
      )),
    Bad("an event of no CloudEvents version", "/v1/events", b"{}", CLOUDEVENT, 422, "contract_violation",
        ("event 0 specversion", "expected '1.0', got nothing", "nothing of this request was accepted")),
    Bad("an event that breaks its contract", "/v1/events", NO_SERVICE, CLOUDEVENT, 422, "contract_violation",
        ("event 0 data.service", "at least 1 character", "got ''", "nothing of this request was accepted")),
    Bad("a batch of one good and one bad event", "/v1/events", b"[%b, %b]" % (EVENT, NO_SERVICE),
        {"content-type": "application/cloudevents-batch+json"}, 422, "contract_violation",
        ("event 1 data.service", "nothing of this request was accepted")),
    Bad("no batch of requests", "/v1/gateway/batches", b"[]", JSON, 422, "contract_violation",
        ("nothing of this request was accepted",)),
    Bad("no Arrow stream", "/v1/gateway/batches", b"no arrow", {"content-type": gateway.ARROW}, 422,
        "contract_violation", ("nothing of this request was accepted",)),
    Bad("an unknown hook", "/v1/webhooks/nobody", b"{}", JSON, 404, "unknown_source",
        ("expected one of", "/v1/webhooks/github", "got another name")),
    Bad("an unknown gateway", "/v1/gateway/nobody", b"{}", JSON, 404, "unknown_source",
        ("expected one of", "/v1/gateway/kong")),
    Bad("an unknown stream", "/v1/streams/costs", b"{}", JSON, 404, "unknown_address",
        ("expected one of", "/v1/events")),
    Bad("events as text", "/v1/events", EVENT, {"content-type": "text/plain"}, 415, "unsupported_media_type",
        ("expected Content-Type application/cloudevents+json", "got 'text/plain'")),
    Bad("a hook as a form", "/v1/webhooks/github", b"payload=%7B%7D",
        {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type",
        ("expected Content-Type application/json", "got 'application/x-www-form-urlencoded'", "set it")),
    Bad("requests as lines", "/v1/gateway/kong", dumped(kong()), {"content-type": "application/x-ndjson"}, 415,
        "unsupported_media_type", ("expected Content-Type application/json, got 'application/x-ndjson'",)),
    Bad("another encoding", "/v1/events", EVENT, CLOUDEVENT | {"content-encoding": "br"}, 415, "unsupported_encoding",
        ("expected Content-Encoding gzip or identity, got 'br'",)),
    *(Bad(f"{name} that are too large", address, b" " * (limit + 1), headers, 413, "body_too_large",
          (f"at most {limit:,} bytes, got more", "send it in parts"), is_signed)
      for name, address, headers, limit, is_signed in (
          ("events", "/v1/events", CLOUDEVENT, MIB, False),
          ("alerts", "/v1/webhooks/alertmanager", JSON, MIB, False),
          ("requests", "/v1/gateway/kong", JSON, 8 * MIB, False),
          ("hooks", "/v1/webhooks/github", GITHUB, 25 * MIB, True),
      )),
]  # fmt: skip


@pytest.fixture(scope="module")
def client(stack: Embedded) -> Iterator[httpx.Client]:
    with stack.client() as made:
        yield made


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_bad_requests_are_refused_in_words(stack: Embedded, client: httpx.Client, bad: Bad) -> None:
    signed = signature(bad.body, stack.secrets["github_secret"]) if bad.is_signed else {}
    answer = client.post(bad.address, content=bad.body, headers=bad.headers | signed)
    assert answer.status_code == bad.status, answer.text
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert said["error"] == bad.error
    assert all(words in said["message"] for words in bad.says), said
    if bad.status == 400:
        assert (said["position"], said["line"], said["column"]) == (30, 2, 8)
    assert not any(secret in answer.text for secret in stack.secrets.values())


def test_another_method_is_refused_with_the_right_one(client: httpx.Client) -> None:
    answer = client.get("/v1/events")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"error": "method_not_allowed", "message": "expected POST, got 'GET'"}


def test_nothing_of_what_was_refused_goes_further(stack: Embedded, client: httpx.Client) -> None:
    stack.settle()
    assert stack.rows("SELECT count() FROM adoption.delivery_events") == [(0,)]
    assert stack.rows("SELECT count() FROM adoption.catalog_events") == [(0,)]
    assert stack.rows("SELECT count() FROM adoption.gateway_units") == [(0,)]
    metrics = client.get("/metrics").text
    assert 'status="5' not in metrics
    assert "adoption_ingest_unhandled_errors_total{" not in metrics


def test_payloads_that_say_too_little_are_set_aside_not_lost(stack: Embedded, client: httpx.Client) -> None:
    """A vendor sends once: what is signed and cannot be read is kept with its reason."""
    hook = dumped({**deployment_status(), "deployment_status": {"id": 11}})
    signed = GITHUB | signature(hook, stack.secrets["github_secret"])
    answers = [
        client.post("/v1/webhooks/github", content=hook, headers=signed),
        client.post("/v1/webhooks/alertmanager", json={"alerts": [{"status": "firing"}]}),
        client.post("/v1/gateway/kong", json=[kong(1), {"request": "none"}]),
    ]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert [sum(answer.json()["dead_lettered"].values()) for answer in answers] == [1] * 3
    stack.settle()
    rows = stack.rows("SELECT origin, detail FROM adoption.dead_letter_list")
    assert sorted(origin for origin, _ in rows) == [
        "http:/v1/gateway/kong",
        "http:/v1/webhooks/alertmanager",
        "http:/v1/webhooks/github",
    ]
    assert all("expected" in detail for _, detail in rows), rows
    assert stack.rows("SELECT sum(requests) FROM adoption.gateway_hours") == [(1,)]


def deployed(number: int) -> Event:
    data = Deployment(
        provider="test", service="pay", deployment_id=f"d{number}", environment="production", version=f"v{number}",
        status="success",
    )  # fmt: skip
    return Event(
        id=event_id("poison", number), source="//tests", time=datetime(2026, 3, 1, 10, number, tzinfo=UTC), data=data
    )


def ce(type_: str) -> list[tuple[str, bytes]]:
    named = {"specversion": "1.0", "id": "1", "source": "//tests", "type": type_, "time": "2026-03-01T10:00:00Z"}
    return [(f"ce_{name}", value.encode()) for name, value in named.items()] + [("content-type", b"application/json")]


def poison() -> list[tuple[str, Message]]:
    """Records that no worker can use, after the reason that each must get."""
    _, key, batch, headers = message([unit(1)])
    deployment, service = ce("adoption.deployment.v1"), ce("adoption.service.v1")
    return [
        ("unknown_type", (DELIVERY.topic, b"", b"\xff\x00no headers", [])),
        ("not_json", (DELIVERY.topic, b"pay", b"{not json", deployment)),
        ("contract_violation", (DELIVERY.topic, b"pay", b'{"kind": "deployment"}', deployment)),
        ("unknown_type", (DELIVERY.topic, b"pay", b'{"service": "pay"}', service)),
        ("unknown_type", (DELIVERY.topic, b"pay", b"{}", ce("org.example.unheard.v1"))),
        ("contract_violation", (CATALOG.topic, b"pay", b'{"service": 7}', service)),
        ("not_json", (CATALOG.topic, b"pay", b"[" * 100_000, service)),
        ("not_a_batch", (GATEWAY.topic, key, batch[: len(batch) // 2], headers)),
        ("contract_violation", (GATEWAY.topic, key, b'{"requests": "many"}', ce(gateway.TYPE))),
        ("unknown_mark", (DIRTY.topic, b"nothing known", b"{}", [])),
    ]


def test_poison_on_the_topics_is_set_aside_and_the_workers_live(stack: Embedded) -> None:
    before = [id_ for (id_,) in stack.rows("SELECT id FROM adoption.dead_letter_list")]
    ((requests,),) = stack.rows("SELECT sum(requests) FROM adoption.gateway_units")
    alive = descendants(stack.process.pid)
    bad = poison()
    good = [(DELIVERY.topic, *to_kafka(deployed(number))) for number in range(3)]
    among = [good[0], *(one for _, one in bad[:5]), good[1], *(one for _, one in bad[5:]), message([unit(2)]), good[2]]
    producer = Producer({"bootstrap.servers": stack.settings.kafka_bootstrap, "partitioner": "murmur2_random"})
    for topic, key, value, headers in [*among, (DEAD_LETTERS.topic, b"", b"not a letter of ours", [])]:
        producer.produce(topic, key=key, value=value, headers=headers)
    assert producer.flush(30) == 0
    stack.settle()

    rows = stack.rows(
        "SELECT origin, reason, detail FROM adoption.dead_letter_list WHERE id NOT IN {before:Array(String)}",
        {"before": before},
    )
    told = [(topic, reason) for reason, (topic, *_) in bad]
    assert sorted((origin, reason) for origin, reason, _ in rows) == sorted([("unknown", "unknown"), *told])
    assert all(detail for *_, detail in rows), rows
    assert stack.rows("SELECT count() FROM adoption.deployments WHERE service = 'pay'") == [(3,)]
    assert stack.rows("SELECT sum(requests) FROM adoption.gateway_units") == [(requests + 50,)]
    assert descendants(stack.process.pid) == alive, stack.report()
