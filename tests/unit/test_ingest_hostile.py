"""What a hostile sender can put into a body is answered with 4xx, never with 500, and holds nobody up."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.http import limits
from producers.http.limits import inflate
from producers.http.problems import Problem
from tests.support.ingest_service import SECRETS, Service, kong, service_event, signature

MIB = 1024 * 1024
GZIP = {"content-encoding": "gzip"}
STRUCTURED = {"content-type": "application/cloudevents+json"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("ingest")) as running:
        yield running


POISON = {
    "nothing": b"",
    "blank": b"  \n ",
    "deep array": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "1e400": b'{"a": 1e400}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "lone low surrogate": b'{"a": "x\\udc00y"}',
    "reversed surrogates": b'{"a": "\\udc00\\ud800"}',
    "surrogate key": b'{"\\ud83d": 1}',
    "bad UTF-8": b'{"a": "\xff\xfe"}',
    "encoded surrogate": b'{"a": "\xed\xa0\x80"}',
    "NUL": b'{"a": "\x00"}',
    "cut off": b'{"a": [1, 2',
    "two values": b"{} {}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "comment": b"{} // x",
    "single quotes": b"{'a': 1}",
    "not JSON": b"<html>",
}


@pytest.mark.parametrize("name", POISON)
@pytest.mark.parametrize("path", ["/v1/webhooks/github", "/v1/events", "/v1/gateway/kong", "/v1/gateway/batches"])
def test_no_json_is_400_and_says_where(service: Service, name: str, path: str) -> None:
    headers = STRUCTURED if path == "/v1/events" else {}
    body = POISON[name]
    answer = service.post(path, body, headers | signature(body, SECRETS[0]))
    assert answer.status_code in {400, 422}, answer.text
    if path == "/v1/gateway/batches":
        assert answer.status_code == 422  # pydantic reads this one: it says the place its own way
        return
    said = answer.json()
    assert said["error"] == "malformed_json"
    if "deep" not in name and name not in {"5,000 digits", "1e400"}:
        assert 0 <= said["position"] <= len(body)
        assert (said["line"], said["column"]) >= (1, 1)


def test_the_place_is_a_line_a_column_and_a_byte(service: Service) -> None:
    said = service.post("/v1/events", b'{"a": 1,\n "b": x}', STRUCTURED).json()
    assert (said["line"], said["column"], said["position"]) == (2, 7, 15)
    assert "line 2, column 7" in said["message"]


def test_legal_oddities_are_read(service: Service) -> None:
    odd = json.dumps(service_event() | {"subject": "nul \x00 and \U0001f600"}).encode()
    twice = odd.replace(b'"id": "1"', b'"id": "0", "id": "1"')
    for body in (odd, twice):
        assert service.post("/v1/events", body, STRUCTURED).status_code == 202
    assert service.topic("adoption.catalog.v1")[-1].headers[1] == ("ce_id", b"1")


def test_numbers_beyond_every_column_are_refused_or_kept_apart(service: Service) -> None:
    records = [kong(1), kong(2, response={"status": 10**30, "size": 1}), kong(3, started_at=10**30), kong(4)]
    records[3]["request"]["size"] = 10**30
    answer = service.post("/v1/gateway/kong", records)
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] + sum(answer.json()["dead_lettered"].values()) == 4
    assert answer.json()["accepted"] >= 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values, raw=st.binary(max_size=60), key=st.sampled_from(sorted(service_event())))
def test_nothing_that_can_be_sent_is_a_500(service: Service, value: object, raw: bytes, key: str) -> None:
    record = kong()
    event = service_event() | {key: value}
    sent = [
        ("/v1/events", json.dumps(event).encode(), STRUCTURED),
        ("/v1/events", json.dumps({**service_event(), "data": value}).encode(), STRUCTURED),
        ("/v1/events", raw, STRUCTURED),
        ("/v1/gateway/kong", json.dumps([value, record | {"request": value}]).encode(), {}),
        ("/v1/gateway/batches", raw, {"content-type": "application/vnd.apache.arrow.stream"}),
        ("/v1/gateway/batches", json.dumps({"requests": [value]}).encode(), {}),
        ("/v1/gateway/kong", raw, GZIP),
    ]
    github = json.dumps({"deployment_status": value, "deployment": value, "repository": value}).encode()
    sent.append(
        ("/v1/webhooks/github", github, {"x-github-event": "deployment_status"} | signature(github, SECRETS[0]))
    )
    for path, body, headers in sent:
        answer = service.post(path, body, headers)
        assert answer.status_code < 500, (path, body, answer.text)


HEADERS = (
    "ce-id",
    "ce-time",
    "ce-type",
    "ce-subject",
    "idempotency-key",
    "content-encoding",
    "content-type",
    "authorization",
    "x-github-event",
    "content-length",
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(HEADERS), value=st.binary(max_size=30).map(lambda raw: raw.translate(None, b"\r\n\x00")))
def test_no_header_is_a_500(service: Service, name: str, value: bytes) -> None:
    binary = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "//x", "ce-time": "2026-01-01T00:00:00Z"}
    headers = binary | {"ce-type": "adoption.service.v1"} | signature(b'{"service": "a"}', SECRETS[0]) | {name: value}
    for path in ("/v1/events", "/v1/gateway/kong", "/v1/webhooks/github"):
        assert service.post(path, b'{"service": "a"}', headers).status_code < 500  # type: ignore[arg-type]


def test_a_body_over_its_limit_is_413_with_or_without_a_length(service: Service) -> None:
    big = b'"' + b"x" * (2 * MIB) + b'"'

    async def trickle() -> AsyncIterator[bytes]:
        for start in range(0, len(big), 65536):
            yield big[start : start + 65536]

    for body in (big, trickle()):
        answer = service.post("/v1/events", body, STRUCTURED)
        assert (answer.status_code, answer.json()["error"]) == (413, "body_too_large")
        assert answer.json()["limit"] == MIB
        assert answer.headers["connection"] == "close"


def test_a_length_that_lies_is_not_believed(service: Service) -> None:
    body = json.dumps(service_event()).encode()
    answer = service.post("/v1/events", body, STRUCTURED | {"content-length": "1"})
    assert answer.status_code == 202


def test_github_may_send_more_than_others(service: Service) -> None:
    body = json.dumps({"zen": "x" * (3 * MIB)}).encode()
    answer = service.post("/v1/webhooks/github", body, {"x-github-event": "ping"} | signature(body, SECRETS[0]))
    assert answer.status_code == 202


def test_encodings(service: Service) -> None:
    body = gzip.compress(b"{}")
    refused = service.post("/v1/webhooks/github", body, GZIP | signature(body, SECRETS[0]))
    assert (refused.status_code, refused.json()["error"]) == (415, "unsupported_encoding")
    assert service.post("/v1/events", b"", STRUCTURED | {"content-encoding": "br"}).status_code == 415


def test_inflating_is_bounded_by_size_and_by_ratio() -> None:
    with pytest.raises(Problem, match="at most 10,485,760 bytes") as caught:
        inflate(zlib_gzip(random_like(11 * MIB)))
    assert caught.value.status == 413
    with pytest.raises(Problem, match="at most") as caught:
        inflate(gzip.compress(b"\x00" * (5 * MIB)))
    assert caught.value.status == 413
    assert inflate(gzip.compress(b"\x00" * 60_000)) == b"\x00" * 60_000
    assert inflate(gzip.compress(b"ab") + gzip.compress(b"cd")) == b"abcd"
    assert inflate(b"") == b""


def test_a_gzip_of_a_hundred_thousand_empty_members_is_read_at_once() -> None:
    began = time.process_time()
    assert inflate(gzip.compress(b"") * 100_000 + gzip.compress(b"ab")) == b"ab"
    assert time.process_time() - began < 3  # 7 s when each member copies all that follows it


@pytest.mark.parametrize(
    "raw", [gzip.compress(b"abc")[:-3], b"abc", gzip.compress(b"abc") + b"tail", zlib.compress(b"a")]
)
def test_a_broken_gzip_is_400(raw: bytes) -> None:
    with pytest.raises(Problem) as caught:
        inflate(raw)
    assert (caught.value.status, caught.value.body["error"]) == (400, "malformed_gzip")


def test_a_sender_that_stops_halfway_is_let_go(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    with pytest.raises(Problem) as caught:
        service.run(read(stuck()))
    assert (caught.value.status, caught.value.body["error"]) == (408, "body_too_slow")


async def read(chunks: AsyncIterator[bytes], budget: limits.Budget | None = None) -> bytes:
    from starlette.requests import Request

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": await anext(chunks), "more_body": True}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    async with limits.body_of(request, budget or limits.Budget(), MIB) as raw:
        return raw


def test_all_bodies_together_are_bounded_and_given_back(service: Service) -> None:
    budget = limits.Budget(left=100)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 90
        yield b"x" * 20

    with pytest.raises(Problem) as caught:
        service.run(read(chunks(), budget))
    assert caught.value.status == 503
    assert budget.left == 100


def random_like(size: int) -> bytes:
    """Bytes that compress about 50 times: below the ratio, above the size."""
    import random

    source = random.Random(1)
    return b"".join(source.randbytes(20) + b"\x00" * 1000 for _ in range(size // 1000))


def zlib_gzip(data: bytes) -> bytes:
    return gzip.compress(data, 6)
