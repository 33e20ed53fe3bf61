"""Dead letters say why, in a word that people can act on, and where."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from schemas import gateway
from schemas.dead_letters import DeadLetter
from schemas.envelope import Event
from schemas.streams import CATALOG, DELIVERY, GATEWAY, Stream
from stream_processors import decode
from stream_processors.records import Record, of_event

GOOD = b'{"kind":"incident","provider":"alerts","incident_id":"7","state":"opened"}'


def headers(**changed: bytes | None) -> tuple[tuple[str, bytes], ...]:
    named: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": b"i",
        "ce_source": b"//alerts.example",
        "ce_type": b"adoption.incident.v1",
        "ce_time": b"2026-03-02T09:15:00Z",
        **changed,
    }
    return tuple((name, raw) for name, raw in named.items() if raw is not None)


def record(value: bytes = GOOD, stream: Stream = DELIVERY, **changed: bytes | None) -> Record:
    return Record(stream.topic, 2, 41, datetime(2026, 3, 2, tzinfo=UTC), b"k", value, headers(**changed))


def test_an_event() -> None:
    found = decode.event(DELIVERY, record())
    assert isinstance(found, Event)
    assert (found.id, found.source, found.type) == ("i", "//alerts.example", "adoption.incident.v1")
    assert found.time == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "reason", "said"),
    [
        (record(b"{"), "not_json", "value: Invalid JSON"),
        (record(b""), "not_json", "value: Invalid JSON"),
        (record(b"[1]"), "contract_violation", "got '[1]'"),
        (record(GOOD.replace(b"opened", b"ajar")), "contract_violation", "state: Input should be 'opened'"),
        (record(ce_type=b"adoption.weather.v1"), "unknown_type", "'adoption.weather.v1': expected one of adoption."),
        (record(ce_type=None), "unknown_type", "None"),
        (record(ce_time=None), "contract_violation", "time: Field required"),
        (record(ce_time=b"1970-01-01T00:00:00Z"), "time_out_of_range", "expected 2000..2100, got 1970"),
        (record(ce_time=b"2026-03-02T09:15:00"), "contract_violation", "time: Input should have timezone"),
        (record(ce_id=b"\xff\xfe"), "not_utf8", r"expected UTF-8, got b'\xff\xfe'"),
        (record(ce_mapperrevision=b"65536"), "contract_violation", "mapperrevision: "),
    ],
)
def test_what_cannot_be_read(sent: Record, reason: str, said: str) -> None:
    letter = decode.event(DELIVERY, sent)
    assert isinstance(letter, DeadLetter)
    assert letter.reason == reason
    assert said in letter.detail
    assert (letter.origin, letter.partition, letter.offset) == (DELIVERY.topic, 2, 41)
    assert (letter.key, letter.value, letter.headers) == (sent.key, sent.value, sent.headers)


def test_an_event_on_the_wrong_topic_says_which_ones_belong_there() -> None:
    letter = decode.event(CATALOG, record(stream=CATALOG))
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "unknown_type"
    assert letter.detail.startswith("adoption.incident.v1 does not belong on adoption.catalog.v1: expected one of ")


@pytest.mark.parametrize(
    ("value", "content_type", "reason", "said"),
    [
        (b"", b"text/plain", "not_a_batch", "got 'text/plain'"),
        (b"ARROW1", gateway.ARROW.encode(), "not_a_batch", "expected an Arrow IPC stream of schema gateway.v1"),
        (b'{"requests":[]}', b"application/json", "not_a_batch", "expected 1..10000 requests in a batch, got 0"),
        (b'{"requests":[{}]}', b"application/json; charset=utf-8", "contract_violation", "requests.0.unit: "),
        (b"{", b"application/json", "not_json", "Invalid JSON"),
    ],
)
def test_what_is_no_batch(value: bytes, content_type: bytes, reason: str, said: str) -> None:
    letter = decode.batch(record(value, GATEWAY, **{"content-type": content_type}))
    assert isinstance(letter, DeadLetter)
    assert letter.reason == reason
    assert said in letter.detail


def test_a_detail_stays_short_whatever_came() -> None:
    letter = decode.event(DELIVERY, record(GOOD.replace(b"opened", b"x" * 100_000)))
    assert isinstance(letter, DeadLetter)
    assert len(letter.detail) < 500


def test_split_keeps_the_order_of_both() -> None:
    bad = [decode.letter(record(), reason, "") for reason in ("a", "b")]
    assert decode.split([1, bad[0], 2, bad[1]]) == ([1, 2], bad)


# from Faust's event


def faust_event(**changed: Any) -> Any:
    fields = {"topic": "t", "partition": 1, "offset": 2, "timestamp": 1_772_442_900.5, "key": b"k", "value": b"v"}
    return SimpleNamespace(message=SimpleNamespace(**{**fields, "headers": [("a", b"1"), ("a", b"2")], **changed}))


def test_a_repeated_header_is_kept_twice() -> None:
    found = of_event(faust_event())
    assert found.headers == (("a", b"1"), ("a", b"2"))
    assert found.appended_at == datetime(2026, 3, 2, 9, 15, 0, 500_000, tzinfo=UTC)


def test_what_a_record_may_lack() -> None:
    found = of_event(faust_event(key=None, value=None, timestamp=None, headers=[("a", None)]))
    assert (found.key, found.value, found.headers) == (b"", b"", (("a", b""),))
    assert found.appended_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert of_event(faust_event(headers=None)).headers == ()


@pytest.mark.parametrize("seconds", [-1.0, -1e18, 9.2e15, 4_102_444_800.0])
def test_a_time_that_no_clock_shows_says_nothing(seconds: float) -> None:
    assert of_event(faust_event(timestamp=seconds)).appended_at == datetime(1970, 1, 1, tzinfo=UTC)
