"""NGINX's access logs: given lines, expected gateway rows."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context
from producers.sources.identity import actor
from producers.sources.line_mapper import map_lines
from producers.sources.nginx.json_lines import SETUP, Line
from schemas import gateway

EXAMPLES = Path(__file__).parents[1] / "examples" / "nginx"
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32
MINUTE = datetime(2024, 5, 2, 9, 50, tzinfo=UTC)


def lines(name):
    return (EXAMPLES / f"{name}.log").read_bytes()


def mapped(chunk, format_, service=None):
    return map_lines(chunk, unit=UNIT, format=format_, context=CONTEXT, service=service)


def columns(table, *names):
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def test_json_lines_are_rows():
    rows = mapped(lines("json"), "nginx-json", service="edge").rows.to_pylist()
    assert rows[0] == {
        "unit": UNIT,
        "at": MINUTE.replace(microsecond=123000),
        "service": "pay",
        "route": "/v1/payments/{id}",
        "method": "GET",
        "status": 200,
        "outcome": "ok",
        "consumer": "checkout",
        "team": "shop",
        "environment": "production",
        "is_synthetic": False,
        "latency_us": 173_000,
        "request_bytes": 512,
        "response_bytes": 2048,
    }
    names = ("service", "route", "outcome", "consumer", "is_synthetic", "latency_us")
    assert [tuple(row[name] for name in names) for row in rows[1:]] == [
        ("edge", "/v1/refunds/{id}/items", "limited", "", False, 0),
        ("edge", "/healthz", "error", "", True, 60_001_000),
    ]


def test_the_documented_format_writes_the_fields_that_are_read():
    (template,) = re.findall(r"'(\{.*\})'", re.sub(r"'\s*\n\s*'", "", SETUP))
    written = json.loads(re.sub(r":\$\w+", ":1", template))
    assert set(written) == {*Line.__struct_fields__, "request_id"}


def test_one_bad_line_changes_nothing_for_its_neighbours():
    chunk = lines("json")
    with_bad = b'{"at":\n' + chunk + b'{"status":200}\n{"at":"1714643400","status":"201"}\n\n[]'
    both = mapped(with_bad, "nginx-json")
    assert both.rows.to_pylist()[:3] == mapped(chunk, "nginx-json").rows.to_pylist()
    assert both.rows.to_pylist()[3]["status"] == 201
    assert [(bad.reason, bad.position) for bad in both.rejected] == [
        ("malformed_json", 0),
        ("wrong_type", with_bad.index(b'{"status":200}')),
        ("wrong_type", len(with_bad) - 2),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"at":1e300,"status":200}', "time_out_of_range"),
        (b'{"at":1714643400123,"status":200}', "time_out_of_range"),
        (b'{"at":0,"status":200}', "time_out_of_range"),
        (b'{"at":1714643400,"status":2000}', "wrong_status"),
        (b'{"at":1714643400,"status":200,"service":{"a":1}}', "wrong_type"),
        (b'{"at":1714643400,"status":null}', "wrong_type"),
    ],
)
def test_json_that_is_no_request_is_rejected(line, reason):
    made = mapped(line, "nginx-json")
    assert (made.rows.num_rows, [bad.reason for bad in made.rejected]) == (0, [reason])


def test_combined_lines_are_rows_without_addresses():
    made = mapped(lines("combined"), "combined", service="pay")
    assert made.rejected == ()
    assert columns(made.rows, "at", "route", "method", "status", "consumer", "is_synthetic", "response_bytes") == [
        (MINUTE, "/v1/payments/{id}", "GET", 200, "checkout", False, 2048),
        (MINUTE.replace(second=1), "/v1/refunds", "POST", 500, "", False, 0),
        (MINUTE.replace(second=2), "/v1/payments", "GET", 304, "", False, 0),
        (MINUTE.replace(second=3), "/v1/payments", "GET", 200, "", False, 12),
        (MINUTE.replace(second=4), "", "", 408, "", False, None),
        (MINUTE.replace(second=5), "/status", "GET", 200, actor(CONTEXT, "ada@example.com"), True, 2),
    ]
    assert set(columns(made.rows, "service", "latency_us", "request_bytes")) == {("pay", None, None)}


def test_ingress_lines_name_their_service_and_a_429_without_an_upstream_is_the_gateways_own():
    made = mapped(lines("ingress"), "ingress")
    assert made.rejected == ()
    assert columns(made.rows, "service", "status", "outcome", "latency_us", "request_bytes") == [
        ("shop-pay", 200, "ok", 173_000, 512),
        ("shop-pay", 200, "ok", 1_203_000, 91),
        ("shop-pay", 429, "limited", 0, 91),
        ("", 404, "client_error", 1_000, 70),
    ]


def test_bad_text_lines_are_rejected_at_their_offsets():
    good = lines("combined")
    chunk = good + b"garbage\n\xff\xfe\n" + good.replace(b"02/May/2024", b"31/Apr/2024").splitlines(keepends=True)[0]
    made = mapped(chunk, "combined")
    assert made.rows.to_pylist() == mapped(good, "combined").rows.to_pylist()
    assert [(bad.reason, bad.position) for bad in made.rejected] == [
        ("malformed_line", len(good)),
        ("malformed_line", len(good) + 8),
        ("malformed_time", len(good) + 11),
    ]


def test_a_forged_time_in_a_user_agent_is_no_time():
    line = (
        b'203.0.113.9 - - [02/May/2024:09:50:00 +0000] "GET / HTTP/1.1" 200 1 "-" '
        b'"x - admin [01/Jan/2020:00:00:00 +0000] \\"GET /forged HTTP/1.1\\" 200 1"\n'
    )
    assert columns(mapped(line, "combined").rows, "at", "route", "consumer") == [(MINUTE, "/", "")]


def test_scanners_send_anything_as_a_method():
    line = b'1.2.3.4 - - [02/May/2024:09:50:00 +0000] "%s" 400 163 "-" "-"\n'
    chunk = line % b"PATCHp /v1 HTTP/1.1" + line % b"\\x16\\x03\\x01" + line % b"get /v1 HTTP/1.1"
    assert columns(mapped(chunk, "combined").rows, "method", "route") == [("OTHER", "/v1"), ("", ""), ("GET", "/v1")]


@pytest.mark.parametrize("format_", ["nginx-json", "combined", "ingress"])
@pytest.mark.parametrize("chunk", [b"", b"\n", b"\r\n\n"])
def test_nothing_gives_no_rows(format_, chunk):
    made = mapped(chunk, format_)
    assert (made.rows.num_rows, made.rows.schema, made.rejected) == (0, gateway.SCHEMA, ())


def test_rows_travel_as_a_batch():
    table = mapped(lines("ingress"), "ingress").rows
    assert gateway.decode(gateway.encode(table), gateway.ARROW).num_rows == 4
