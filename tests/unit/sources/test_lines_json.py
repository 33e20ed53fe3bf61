"""JSON access logs of Traefik, Caddy and Linkerd: given lines, expected gateway rows."""

import json
from datetime import UTC, datetime

import pytest

from producers.sources import kong
from producers.sources.identity import actor
from producers.sources.lines import FORMATS, record_mapper
from schemas import gateway
from tests.support.log_lines import CONTEXT, EXAMPLES, UNIT, columns, example, mapped

MINUTE = datetime(2024, 5, 2, 9, 50, tzinfo=UTC)
STORY = ("service", "method", "route", "status", "outcome", "consumer", "is_synthetic", "latency_us")


def test_traefik_measures_nanoseconds_and_answers_some_429_itself():
    made = mapped(example("traefik/traefik"), "traefik")
    assert columns(made.rows, *STORY) == [
        ("pay", "GET", "/v1/payments/{id}", 200, "ok", "checkout", False, 12_346),
        ("pay-web", "POST", "/v1/refunds", 429, "limited", "", False, 96),
        ("pay", "GET", "/v1/payments", 429, "client_error", "", False, 2_000),
        ("pay", "GET", "/v1/reports", 499, "client_error", "", False, 60_001_000),
    ]
    assert (made.rejected, made.ignored) == ((), ("traefik:internal",))
    assert columns(made.rows, "at", "request_bytes", "response_bytes") == [
        (MINUTE.replace(microsecond=123456), 0, 2048),
        (MINUTE.replace(second=1), 64, 17),
        (MINUTE.replace(second=2), 0, 21),
        (MINUTE.replace(minute=51, second=3), 0, 0),
    ]


def test_caddy_measures_seconds_and_is_told_its_service():
    made = mapped(example("caddy/caddy"), "caddy")
    assert columns(made.rows, *STORY) == [
        ("pay.acme.example", "GET", "/v1/payments/{id}", 200, "ok", "checkout", False, 12_346),
        ("pay", "POST", "/v1/refunds", 429, "limited", "", False, 100),
        ("pay", "GET", "/v1/payments", 429, "client_error", "shop-web", False, 2_000),
        ("pay", "GET", "/healthz", 502, "error", "", True, 3_500_000),
    ]
    assert (made.rejected, made.ignored) == ((), ("caddy:no_access_log",) * 2)
    assert columns(made.rows, "at", "team", "environment", "request_bytes", "response_bytes")[:3] == [
        (MINUTE.replace(microsecond=123456), "", "", 0, 2048),
        (MINUTE.replace(second=1), "", "", 64, 17),
        (MINUTE.replace(second=2), "shop", "production", 0, 21),
    ]


def test_linkerd_measures_nanoseconds_as_texts_and_knows_the_clients_account():
    made = mapped(example("linkerd/linkerd"), "linkerd")
    assert made.rejected == made.ignored == ()
    assert columns(made.rows, *STORY) == [
        ("pay", "GET", "/v1/payments/{id}", 200, "ok", "checkout", False, 12_346),
        ("pay", "POST", "/v1/refunds", 503, "error", "batch/default", False, 60_001_000),
        ("", "GET", "/ping", 200, "ok", "", True, 1_416),
    ]
    assert columns(made.rows, "at", "environment", "request_bytes", "response_bytes") == [
        (MINUTE.replace(microsecond=123456), "shop", None, 2048),
        (MINUTE.replace(second=1), "", 64, 0),
        (MINUTE.replace(second=2), "", None, 4),
    ]


def test_a_person_among_the_consumers_is_a_hash():
    rows = mapped(example("envoy/envoy"), "envoy").rows
    assert columns(rows, "consumer", "team", "environment", "route")[1] == (
        actor(CONTEXT, "ada@acme.example"),
        "shop",
        "production",
        "/v1/refunds",
    )


@pytest.mark.parametrize(
    ("format_", "bad", "reason"),
    [
        ("traefik", b'{"DownstreamStatus":200}', "malformed_time"),
        ("traefik", b'{"StartUTC":"2024-05-02T09:50:00Z"}', "wrong_type"),
        ("traefik", b'{"StartUTC":"2024-05-02T09:50:00Z","DownstreamStatus":"-"}', "wrong_status"),
        ("caddy", b'{"ts":"2024-05-02T09:50:00Z","status":200}', "wrong_type"),
        ("caddy", b'{"ts":1714643400123,"status":200}', "time_out_of_range"),
        ("caddy", b'{"ts":1714643400,"logger":"http.log.access"}', "wrong_status"),
        ("linkerd", b'{"timestamp":"2024-05-02T09:50:00","status":200}', "malformed_time"),
        ("linkerd", b"[]", "wrong_type"),
        ("linkerd", b"{", "malformed_json"),
    ],
)
def test_what_is_no_request_is_rejected_at_its_place(format_, bad, reason):
    good = example(f"{format_}/{format_}").splitlines(keepends=True)[0]
    made = mapped(good + bad + b"\n" + good, format_)
    assert made.rows.num_rows == 2
    assert [(one.reason, one.position) for one in made.rejected] == [(reason, len(good))]


@pytest.mark.parametrize("format_", [name for name, known in FORMATS.items() if known.is_json])
def test_the_same_objects_posted_are_the_same_rows(format_):
    lines = example(f"{format_}/{format_}")
    read = mapped(lines, format_)
    records = [json.loads(line) for line in lines.splitlines()]
    posted = record_mapper(format_)([*records, {}, 5], unit=UNIT, context=CONTEXT)
    assert posted.rows.to_pylist() == read.rows.to_pylist()
    assert posted.ignored == read.ignored
    assert [(one.reason, one.position) for one in posted.rejected] == [
        ("wrong_type", len(records)),
        ("wrong_type", len(records) + 1),
    ]


def test_a_gateways_records_are_read_from_its_file_as_well():
    record = json.loads((EXAMPLES / "kong" / "request.json").read_bytes())
    nobodys = {**record, "service": None, "route": None}
    good, other = json.dumps(record).encode(), json.dumps(nobodys).encode()
    made = mapped(b"\n".join([good, b"{", b"{}", other]), "kong", service="edge")
    posted = kong.map_records([record, nobodys], unit=UNIT, context=CONTEXT).rows.to_pylist()
    assert posted[1]["service"] == ""
    assert made.rows.to_pylist() == [posted[0], posted[1] | {"service": "edge"}]
    assert made.rows.schema == gateway.SCHEMA
    assert [(bad.reason, bad.position) for bad in made.rejected] == [
        ("malformed_json", len(good) + 1),
        ("missing_field", len(good) + 3),
    ]
