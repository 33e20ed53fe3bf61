"""What a dead letter is sent again as: its own bytes to its topic, or what the mapper of today makes of its body."""

from __future__ import annotations

import json

import pytest

from deploy.replaying import Letter, StillRefusedError, records_of
from schemas import envelope, gateway
from schemas.streams import DELIVERY, GATEWAY

SALT = b"salt"


def letter(origin: str, value: bytes, **headers: str) -> Letter:
    pairs = tuple((name.replace("_", "-"), text.encode()) for name, text in headers.items())
    return Letter("ab" * 16, origin, b"key", value, pairs)


def test_what_came_from_a_topic_goes_back_with_its_bytes() -> None:
    (record,) = records_of(letter(DELIVERY.topic, b"\xff{", ce_id="1"), SALT)
    assert record == (DELIVERY.topic, b"key", b"\xff{", (("ce-id", b"1"),))


def test_a_webhook_is_mapped_anew() -> None:
    body = {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": "a" * 40,
        "created": True,
        "deleted": False,
        "forced": False,
        "repository": {
            "id": 1,
            "full_name": "acme/pay",
            "html_url": "https://github.com/acme/pay",
            "default_branch": "main",
        },
        "commits": [],
        "head_commit": {"id": "a" * 40, "timestamp": "2026-06-01T10:00:00Z", "message": "x"},
        "sender": {"login": "jo"},
        "pusher": {"name": "jo"},
    }
    records = records_of(letter("http:/v1/webhooks/github", json.dumps(body).encode(), x_github_event="push"), SALT)
    assert [record.topic for record in records] == [DELIVERY.topic]
    assert envelope.from_kafka(records[0].value, records[0].headers).data.kind == "push"


def test_a_webhook_that_its_mapper_still_refuses_is_not_sent() -> None:
    with pytest.raises(StillRefusedError, match="still refused"):
        records_of(letter("http:/v1/webhooks/github", b'{"ref": 7}', x_github_event="push"), SALT)
    with pytest.raises(StillRefusedError, match="still refused"):
        records_of(letter("http:/v1/webhooks/github", b"{", x_github_event="push"), SALT)


def test_a_gateway_record_is_one_unit_named_by_its_letter() -> None:
    record = {
        "started_at": 1_780_308_000_000,
        "service": {"name": "auth"},
        "route": {"name": "login"},
        "request": {"method": "GET", "size": 1, "uri": "/", "headers": {}},
        "response": {"status": 200, "size": 2},
        "latencies": {"request": 5},
    }
    dead = letter("http:/v1/gateway/kong", json.dumps(record).encode())
    (first,), (second,) = records_of(dead, SALT), records_of(dead, SALT)
    assert first == second
    assert first.topic == GATEWAY.topic
    rows = gateway.decode(first.value, gateway.ARROW)
    assert rows.column("service").to_pylist() == ["auth"]
    assert set(rows.column("unit").to_pylist()) == {gateway.unit_id("dead-letters", dead.id, dead.value)}


@pytest.mark.parametrize("origin", ["adoption.other.v9", "http:/v1/webhooks/gone", "unknown"])
def test_an_origin_that_cannot_be_sent_to_is_said(origin: str) -> None:
    with pytest.raises(StillRefusedError, match=r"origin|no source"):
        records_of(letter(origin, b"x"), SALT)
