"""POST /v1/gateway/…: a POST is a unit, identified by who sent it, its key and its bytes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from producers.http.arrow_size import declared
from producers.http.routes_gateway import MOST_RECORDS
from schemas import dead_letters, gateway
from schemas.streams import DEAD_LETTERS, GATEWAY
from tests.support.ingest_service import Service, kong

ARROW = {"content-type": gateway.ARROW}
PATH = "/v1/gateway/kong"
BATCHES = "/v1/gateway/batches"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path) as running:
        yield running


def rows_of(service: Service) -> pa.Table:
    return pa.concat_tables([gateway.decode(one.value, gateway.ARROW) for one in service.topic(GATEWAY.topic)])


def test_an_object_or_an_array_of_records_becomes_one_unit_on_the_senders_key(service: Service) -> None:
    one = service.post(PATH, kong(1))
    many = service.post(PATH, [kong(n) for n in range(2, 5)])
    assert [answer.json()["accepted"] for answer in (one, many)] == [1, 3]
    first, second = service.topic(GATEWAY.topic)
    assert first.key == second.key == b"//gateway/local"
    headers = dict(first.headers)
    assert headers["ce_source"] == b"//gateway/local"
    assert headers["ce_type"] == gateway.TYPE.encode()
    assert headers["content-type"] == gateway.ARROW.encode()
    units = rows_of(service).column("unit").to_pylist()
    assert units[0] == gateway.unit_id("local", "body", json.dumps(kong(1)).encode())
    assert len(set(units)) == 2


def test_the_same_post_again_is_the_same_unit_and_the_same_message(service: Service) -> None:
    answers = [service.post(PATH, [kong(1), kong(2)]).json() for _ in range(2)]
    assert answers[0] == answers[1]
    first, second = service.topic(GATEWAY.topic)
    assert first == second


def test_records_without_their_own_id_need_an_idempotency_key_to_be_replay_safe(service: Service) -> None:
    bare = kong()
    del bare["request"]["id"]
    assert service.post(PATH, kong()).json()["replay_safe"] is True
    assert service.post(PATH, bare).json()["replay_safe"] is False
    assert service.post(PATH, bare, {"idempotency-key": "k1"}).json()["replay_safe"] is True
    assert service.post(PATH, bare, {"idempotency-key": "k2"}).json()["replay_safe"] is True
    units = rows_of(service).column("unit").to_pylist()
    assert len(set(units)) == 4
    assert units[2] == gateway.unit_id("local", "k1", json.dumps(bare).encode())


def test_an_idempotency_key_has_a_length(service: Service) -> None:
    assert service.post(PATH, kong(), {"idempotency-key": "k" * 201}).json()["error"] == "bad_idempotency_key"


def test_a_bad_record_is_kept_alone_and_the_others_count(service: Service) -> None:
    records = [kong(1), {"request": {}}, kong(3)]
    answer = service.post(PATH, records)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert sum(answer.json()["dead_lettered"].values()) == 1
    (record,) = service.topic(DEAD_LETTERS.topic)
    letter = dead_letters.from_kafka(record.key, record.value, list(record.headers))
    assert letter.origin == "http:/v1/gateway/kong"
    assert json.loads(letter.value) == {"request": {}}


def test_a_bad_single_object_is_kept(service: Service) -> None:
    service.post(PATH, {"request": {}})
    (record,) = service.topic(DEAD_LETTERS.topic)
    assert json.loads(record.value) == {"request": {}}


def test_a_defect_of_a_mapper_costs_the_record_it_is_about(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from producers.sources import kong as mapper
    from producers.sources import registry

    source = registry.SOURCES["kong"]

    def fragile(records: list[Any], **named: Any) -> Any:
        if any(record["consumer"]["username"] == "bad" for record in records):
            raise ZeroDivisionError
        return mapper.map_records(records, **named)

    fragile_source = source.__class__(**{**vars(source), "map_gateway": fragile})
    monkeypatch.setitem(registry.SOURCES, "kong", fragile_source)
    records = [kong(n, consumer={"username": "bad" if n in {3, 6} else "shop"}) for n in range(8)]
    answer = service.post(PATH, records).json()
    assert (answer["accepted"], answer["dead_lettered"]) == (6, {"mapper_failed": 2})
    kept = {json.loads(record.value)["started_at"] for record in service.topic(DEAD_LETTERS.topic)}
    assert kept == {records[3]["started_at"], records[6]["started_at"]}


def test_a_large_post_is_cut_into_units_the_same_way_each_time(service: Service) -> None:
    records = [kong(n, padding="x" * 300) for n in range(12_000)]
    raw = json.dumps(records).encode()
    answers = [service.post(PATH, raw) for _ in range(2)]
    assert [answer.json()["accepted"] for answer in answers] == [12_000, 12_000]
    table = rows_of(service)
    assert table.num_rows == 24_000
    counts = Counter(table.column("unit").to_pylist())
    assert len(counts) > 3
    assert all(count % 2 == 0 and count // 2 <= gateway.MAX_REQUESTS for count in counts.values())
    assert all(len(one.value) <= gateway.MAX_BYTES for one in service.topic(GATEWAY.topic))


def test_a_post_of_more_records_than_can_be_kept_apart_is_refused_whole(service: Service) -> None:
    answer = service.post(PATH, b"[" + b",".join([b"1"] * (MOST_RECORDS + 1)) + b"]")
    assert (answer.status_code, answer.json()["error"]) == (413, "too_many_records")
    assert service.topic(DEAD_LETTERS.topic) == service.topic(GATEWAY.topic) == []


def test_small_posts_share_a_message_and_are_answered_when_it_is_durable(tmp_path: Path) -> None:
    with Service(tmp_path, linger=0.02) as service:

        async def together() -> list[Any]:
            service.sink.hold = asyncio.Event()
            posts = [asyncio.create_task(service.posting(PATH, kong(n))) for n in range(20)]
            done, waiting = await asyncio.wait(posts, timeout=0.2)
            assert not done
            service.sink.hold.set()
            return [await post for post in waiting]

        assert all(answer.status_code == 202 for answer in service.run(together()))
        (message,) = service.topic(GATEWAY.topic)
        table = gateway.decode(message.value, gateway.ARROW)
        assert table.num_rows == 20
        assert len(set(table.column("unit").to_pylist())) == 20


def batch(count: int) -> pa.Table:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return gateway.to_table(
        [gateway.GatewayRequest(unit="a" * 32, at=at, service="pay", status=200, outcome="ok") for _ in range(count)]
    )


def test_a_batch_is_taken_with_its_units_as_arrow_or_json(service: Service) -> None:
    twin = {"unit": "b" * 32, "at": "2026-03-01T00:00:00Z", "service": "pay", "status": 200, "outcome": "ok"}
    assert service.post(BATCHES, gateway.encode(batch(3)), ARROW).json()["accepted"] == 3
    assert service.post(BATCHES, {"requests": [twin]}).json()["accepted"] == 1
    assert rows_of(service).column("unit").to_pylist() == ["a" * 32] * 3 + ["b" * 32]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "Arrow IPC"),
        (b"nonsense", "message header"),
        (gateway.encode(batch(3))[:-40], "header"),
        (gateway.encode(batch(3).set_column(0, "unit", pa.array(["x"] * 3))), "32 hex digits"),
        (gateway.encode(batch(10_001)), "1..10000"),
        (gateway.encode(batch(3).set_column(3, "route", pa.array(["x" * 201] * 3))), "at most 200 characters"),
    ],
)
def test_bytes_that_are_no_batch(service: Service, body: bytes, expected: str) -> None:
    answer = service.post(BATCHES, body, ARROW)
    assert answer.status_code == 422, answer.text
    assert expected in answer.json()["message"]


def test_a_batch_that_inflates_beyond_its_limit_is_not_opened(service: Service) -> None:
    zeros = pa.table({"x": pa.repeat(pa.scalar(0, pa.int64()), 20_000_000)})
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, zeros.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(zeros)
    bomb = bytes(out.getvalue())
    assert len(bomb) < 10_000
    assert declared(bomb).bytes == 160_000_000
    answer = service.post(BATCHES, bomb, ARROW)
    assert (answer.status_code, answer.json()["error"]) == (413, "inflated_too_large")


def test_a_batch_of_endless_run_lengths_is_not_opened(service: Service) -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2_000_000_000], pa.int32()), pa.array(["x"]))
    out = pa.BufferOutputStream()
    table = pa.table({"service": runs})
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    answer = service.post(BATCHES, bytes(out.getvalue()), ARROW)
    assert answer.status_code == 422
    assert "2000000000 values" in answer.json()["message"]


def test_an_unknown_gateway_is_told_the_known_ones(service: Service) -> None:
    assert PATH in service.post("/v1/gateway/apigee", {}).json()["known"]
