"""Envoy's and Istio's JSON access log: given lines, expected gateway rows."""

import json
import re
from datetime import UTC, datetime

import pytest

from producers.sources.envoy import Line
from producers.sources.lines import FORMATS
from tests.support.log_lines import UNIT, columns, example, mapped

MINUTE = datetime(2024, 5, 2, 9, 50, tzinfo=UTC)


def test_a_request_that_two_sidecars_logged_counts_once_at_its_server():
    made = mapped(example("istio/istio").splitlines(keepends=True)[1], "istio")
    assert made.rows.to_pylist() == [
        {
            "unit": UNIT,
            "at": MINUTE.replace(microsecond=125000),
            "service": "pay",
            "route": "/v1/payments/{id}",
            "method": "GET",
            "status": 200,
            "outcome": "ok",
            "consumer": "checkout",
            "team": "",
            "environment": "shop",
            "is_synthetic": False,
            "latency_us": 8_000,
            "request_bytes": 0,
            "response_bytes": 2048,
        }
    ]
    both = mapped(b"".join(example("istio/istio").splitlines(keepends=True)[:2]), "istio")
    assert both.rows.to_pylist() == made.rows.to_pylist()
    assert both.ignored == ("istio:client_side",)


def test_sidecars_lines_become_rows():
    made = mapped(example("istio/istio"), "istio")
    assert made.rejected == ()
    assert made.ignored == ("istio:client_side", "envoy:tcp", "istio:side_unknown")
    names = ("service", "environment", "consumer", "method", "status", "outcome", "latency_us", "is_synthetic")
    assert columns(made.rows, *names)[1:] == [
        ("pay", "shop", "batch/default", "POST", 429, "limited", 0, False),
        ("pay", "shop", "", "", 400, "client_error", 0, False),
        ("pay", "shop", "", "GET", 0, "client_error", 3_000_000, False),
        ("", "", "", "GET", 503, "error", 40_000, True),
    ]


@pytest.mark.parametrize("format_", ["envoy", "istio"])
def test_the_documented_format_writes_fields_that_are_read(format_):
    written = set(re.findall(r'^ +(\w+): "%', FORMATS[format_].setup(), re.MULTILINE))
    assert {"start_time", "response_code", "downstream_peer", "request_id"} <= written
    assert written <= {*Line.__struct_fields__, "request_id"}


def test_an_edge_counts_every_request_and_believes_no_authority_without_a_route():
    made = mapped(example("istio/istio"), "envoy", service="edge")
    assert made.ignored == ("envoy:tcp",)
    assert columns(made.rows, "service", "status") == [
        ("pay", 200),
        ("pay", 200),
        ("pay", 429),
        ("pay", 400),
        ("pay", 0),
        ("edge", 503),
        ("edge", 404),
    ]


def test_a_containers_log_is_read_as_the_runtime_keeps_it():
    lines = example("istio/istio").splitlines(keepends=True)
    kept = b"".join(b"2024-05-02T09:50:00.125000000Z stdout F " + line for line in lines)
    made = mapped(kept + b'2024-05-02T09:50:00.125Z stdout P {"start\n', "istio")
    assert made.rows.to_pylist() == mapped(b"".join(lines), "istio").rows.to_pylist()
    assert [(bad.reason, bad.position) for bad in made.rejected] == [("wrong_type", len(kept))]


def line(**fields):
    return json.dumps({"start_time": "2024-05-02T09:50:00Z", "response_code": 200, "method": "GET", **fields}).encode()


@pytest.mark.parametrize(
    ("fields", "service"),
    [
        ({"upstream_cluster": "pay_cluster", "authority": "api.acme.example"}, "pay_cluster"),
        ({"upstream_cluster": "pay_cluster", "service": "pay"}, "pay"),
        ({"upstream_cluster": "PassthroughCluster", "authority": "Api.Partner.example:443"}, "api.partner.example"),
        ({"upstream_cluster": "PassthroughCluster", "authority": "[2001:db8::1]:443"}, ""),
        ({"authority": "anything.example"}, ""),
    ],
)
def test_a_service_is_what_the_operator_calls_it(fields, service):
    assert columns(mapped(line(**fields), "envoy").rows, "service") == [(service,)]


@pytest.mark.parametrize(
    ("cluster", "counted"),
    [
        ("inbound|8080||", 1),
        ("inbound-vip|8080|http|pay.shop.svc.cluster.local", 1),
        ("InboundPassthroughCluster", 1),
        ("outbound|8080||pay.shop.svc.cluster.local", 0),
        ("PassthroughCluster", 0),
        ("BlackHoleCluster", 0),
    ],
)
def test_the_cluster_tells_which_side_logged(cluster, counted):
    assert mapped(line(upstream_cluster=cluster), "istio").rows.num_rows == counted


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"response_code": 429, "response_flags": "-"}, "client_error"),
        ({"response_code": 429, "response_flags": "RL"}, "limited"),
        ({"response_code": 429, "response_flags": "UF,RL"}, "limited"),
        ({"response_code": 429, "response_code_details": "request_rate_limited"}, "limited"),
        ({"response_code": 500, "response_flags": "RLSE"}, "error"),
        ({"response_code": 0, "response_flags": "DC"}, "client_error"),
        ({"response_code": 200, "response_flags": "DC"}, "ok"),
        ({"response_code": 0, "response_flags": "UT"}, "error"),
    ],
)
def test_flags_tell_whose_doing_a_failure_was(fields, outcome):
    assert columns(mapped(line(**fields), "envoy").rows, "outcome") == [(outcome,)]


@pytest.mark.parametrize(
    ("written", "micros"), [(5, 5_000), ("5", 5_000), (1.5, 1_500), ("-", None), (None, None), ("nan", None)]
)
def test_a_duration_is_milliseconds_as_a_number_or_a_text(written, micros):
    assert columns(mapped(line(duration=written), "envoy").rows, "latency_us") == [(micros,)]


@pytest.mark.parametrize(
    ("peer", "consumer"),
    [
        ("spiffe://cluster.local/ns/shop/sa/checkout", "checkout"),
        ("spiffe://cluster.local/ns/shop/sa/default", "shop/default"),
        ("spiffe://acme.example/checkout,spiffe://acme.example/other", "acme.example/checkout"),
        ("-", ""),
    ],
)
def test_a_consumer_is_the_peers_workload(peer, consumer):
    assert columns(mapped(line(downstream_peer=peer), "envoy").rows, "consumer") == [(consumer,)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"start_time":"2024-05-02T09:50:00Z"', "malformed_json"),
        (b'{"response_code":200}', "wrong_type"),
        (b'{"start_time":"2024-05-02T09:50:00","response_code":200,"method":"GET"}', "malformed_time"),
        (b'{"start_time":"2024-04-31T09:50:00Z","response_code":200,"method":"GET"}', "malformed_time"),
        (b'{"start_time":"1999-05-02T09:50:00Z","response_code":200,"method":"GET"}', "time_out_of_range"),
        (b'{"start_time":"2024-05-02T09:50:00Z","method":"GET"}', "wrong_status"),
        (b'{"start_time":"2024-05-02T09:50:00Z","response_code":"20x","method":"GET"}', "wrong_status"),
        (b'{"start_time":"2024-05-02T09:50:00Z","response_code":{},"method":"GET"}', "wrong_type"),
    ],
)
def test_what_is_no_request_is_rejected_at_its_place(bad, reason):
    good = line(path="/v1/payments")
    made = mapped(good + b"\n" + bad + b"\n" + good, "envoy")
    assert made.rows.num_rows == 2
    assert [(one.reason, one.position) for one in made.rejected] == [(reason, len(good) + 1)]
