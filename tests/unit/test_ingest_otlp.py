"""POST /v1/gateway/otlp: what an OTLP/HTTP exporter sends, and the answer it reads."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producers.packing import PART_BYTES
from schemas import dead_letters, gateway
from schemas.streams import DEAD_LETTERS, GATEWAY
from tests.support.ingest_service import Service

PATH = "/v1/gateway/otlp"
EXAMPLES = Path(__file__).parents[1] / "examples" / "otlp"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path) as running:
        yield running


def load(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def units_of(service: Service) -> dict[str, int]:
    tables = [gateway.decode(one.value, gateway.ARROW) for one in service.topic(GATEWAY.topic)]
    units = [unit for table in tables for unit in table.column("unit").to_pylist()]
    return {unit: units.count(unit) for unit in units}


def test_accepted_spans_are_answered_with_an_empty_response(service: Service) -> None:
    answer = service.post(PATH, load("stable"))
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"].startswith("application/json")
    assert sum(units_of(service).values()) == 1


def test_a_body_in_gzip_is_the_same_unit_as_in_plain_json(service: Service) -> None:
    raw = json.dumps(load("stable")).encode()
    service.post(PATH, raw)
    assert service.post(PATH, gzip.compress(raw), {"content-encoding": "gzip"}).json() == {}
    assert len(units_of(service)) == 1


def test_rejected_spans_are_told_and_kept_each_as_a_request_of_its_own(service: Service) -> None:
    request = load("mixed")
    spans = request["resourceSpans"][0]["scopeSpans"][1]["spans"]
    spans.append(spans[0] | {"startTimeUnixNano": "soon"})
    answer = service.post(PATH, request)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    (record,) = service.topic(DEAD_LETTERS.topic)
    letter = dead_letters.from_kafka(record.key, record.value, list(record.headers))
    (kept,) = json.loads(letter.value)["resourceSpans"]
    assert [span["startTimeUnixNano"] for span in kept["scopeSpans"][0]["spans"]] == ["soon"]
    assert kept["resource"] == load("mixed")["resourceSpans"][0]["resource"]


def test_spans_in_protobuf_are_refused_as_the_protocol_says(service: Service) -> None:
    assert service.post(PATH, b"\n\x00", {"content-type": "application/x-protobuf"}).status_code == 415


def test_a_large_export_is_cut_into_units_the_same_way_each_time(service: Service) -> None:
    request = load("stable")
    (span,) = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans = [span | {"spanId": f"{n:016x}"} for n in range(2_500)]
    request["resourceSpans"][0]["scopeSpans"][0]["spans"] = spans
    raw = json.dumps(request).encode()
    assert len(raw) > PART_BYTES
    assert [service.post(PATH, raw).json() for _ in range(2)] == [{}, {}]
    counts = units_of(service)
    assert len(counts) > 1
    assert sum(counts.values()) == 5_000
    assert all(count % 2 == 0 for count in counts.values())
