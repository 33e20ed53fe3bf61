"""Kong's log records: given records, expected gateway rows."""

import json
from datetime import UTC, datetime
from pathlib import Path

from producers.sources.common import Context
from producers.sources.gateway_rows import are_unique
from producers.sources.identity import actor
from producers.sources.kong import map_records, request_id
from schemas import gateway

EXAMPLES = Path(__file__).parents[1] / "examples" / "kong"
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32


def load(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def row(record):
    (made,) = map_records([record], unit=UNIT, context=CONTEXT).rows.to_pylist()
    return made


def test_a_request_is_a_row():
    assert row(load("request")) == {
        "unit": UNIT,
        "at": datetime(2024, 5, 2, 9, 50, 0, 123000, tzinfo=UTC),
        "service": "pay",
        "route": "/v1/payments",
        "method": "GET",
        "status": 200,
        "outcome": "ok",
        "consumer": "checkout",
        "team": "",
        "environment": "",
        "is_synthetic": False,
        "latency_us": 173_000,
        "request_bytes": 512,
        "response_bytes": 2048,
    }


def test_a_429_is_the_gateways_own_only_where_no_upstream_was_asked():
    limited = row(load("limited_by_gateway"))
    assert (limited["outcome"], limited["latency_us"]) == ("limited", 400)
    assert row(load("limited_by_upstream"))["outcome"] == "client_error"
    for source, outcome in (("kong", "limited"), ("upstream", "client_error")):
        assert row(load("limited_by_upstream") | {"source": source})["outcome"] == outcome


def test_a_probe_is_synthetic_and_an_unknown_caller_is_empty():
    probe = row(load("probe"))
    assert (probe["is_synthetic"], probe["consumer"], probe["outcome"]) == (True, "", "error")
    assert (probe["service"], probe["route"]) == ("fb4e", "/healthz")


def test_without_one_path_of_its_own_a_route_is_the_template_of_the_raw_path():
    record = load("request")
    for paths in (None, [], ["/v1/payments", "/v2/payments"], ["~/v1/payments/(?<id>\\d+)"]):
        record["route"]["paths"] = paths
        assert row(record)["route"] == "/v1/payments/{id}"


def test_a_consumer_is_a_username_else_an_id_and_never_an_address():
    record = load("request")
    record["consumer"] = {"id": "c0ffee"}
    assert row(record)["consumer"] == "c0ffee"
    record["consumer"] = None
    assert row(record)["consumer"] == "c0ffee"  # authenticated_entity
    record["consumer"] = {"username": "ada@example.com"}
    assert row(record)["consumer"] == actor(CONTEXT, "ada@example.com")


def test_phases_not_reached_and_sizes_not_given_are_absent():
    record = load("request")
    record["latencies"] = {"request": -1, "proxy": -1}
    record["request"]["size"] = None
    record["response"].pop("size")
    made = row(record)
    assert (made["latency_us"], made["request_bytes"], made["response_bytes"]) == (None, None, None)


def test_a_size_beyond_its_column_is_rejected():
    for size in (2**63, 2**64, 10**30, str(2**64), "9" * 5_000, 1.5, True):
        for side in ("request", "response"):
            record = load("request")
            record[side]["size"] = size
            mapped = map_records([record], unit=UNIT, context=CONTEXT)
            assert [(bad.position, bad.reason) for bad in mapped.rejected] == [(0, "wrong_type")]
            assert mapped.rows.num_rows == 0


def test_a_bad_record_is_rejected_alone_with_its_index():
    records = [load("request"), {"latencies": {}}, "text", load("request") | {"started_at": 1714643400}]
    mapped = map_records(records, unit=UNIT, context=CONTEXT)
    assert mapped.rows.num_rows == 1
    assert [(bad.position, bad.reason) for bad in mapped.rejected] == [
        (1, "missing_field"),
        (2, "wrong_type"),
        (3, "time_out_of_range"),  # seconds where milliseconds belong
    ]


def test_rows_travel_as_a_batch():
    table = map_records([load(path.stem) for path in EXAMPLES.glob("*.json")], unit=UNIT, context=CONTEXT).rows
    assert gateway.decode(gateway.encode(table), gateway.ARROW).num_rows == 4


def test_nothing_gives_no_rows():
    table = map_records([], unit=UNIT, context=CONTEXT).rows
    assert (table.num_rows, table.schema) == (0, gateway.SCHEMA)


def test_request_ids_are_known_only_when_all_are_there_and_differ():
    record = load("request")
    assert request_id(record) == "2f69"
    assert are_unique(map(request_id, [record]))
    for others in ([record, record], [record, {"request": {}}], ["text"]):
        assert not are_unique(map(request_id, others))
