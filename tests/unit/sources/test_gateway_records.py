"""Records of JSON-sending gateways: given examples, expected rows, and each vendor's traps."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.sources.common import Context
from producers.sources.gateway_rows import are_unique
from producers.sources.identity import actor
from producers.sources.registry import SOURCES
from schemas import gateway

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32
ROW = {
    "unit": UNIT,
    "at": datetime(2024, 5, 2, 9, 50, 0, 123000, tzinfo=UTC),
    "service": "pay",
    "route": "/v1/payments/{id}",
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


def load(source, name):
    return json.loads((EXAMPLES / source.replace("-", "_") / f"{name}.json").read_text())


def through(source, payload):
    row = SOURCES[source]
    return row.map_gateway(row.records(payload), unit=UNIT, context=CONTEXT)


def row(source, name, **changes):
    """The one row of an example, some of its top fields changed (None: gone)."""
    record = load(source, name) | changes
    (made,) = through(source, {key: value for key, value in record.items() if value is not None}).rows.to_pylist()
    return made


def reasons(source, name, **changes):
    mapped = through(source, load(source, name) | changes)
    return [bad.reason for bad in mapped.rejected] + list(mapped.ignored)


@pytest.mark.parametrize(
    ("source", "name", "differs"),
    [
        (
            "apisix",
            "request",
            {"at": ROW["at"].replace(microsecond=123400), "latency_us": 101_900, "request_bytes": 194},
        ),
        ("otlp", "stable", {"at": ROW["at"].replace(microsecond=123456), "environment": "production"}),
        ("gravitee", "request", {"service": "Pay", "latency_us": 144_000, "request_bytes": None}),
        ("tyk", "request", {"response_bytes": None}),
        (
            "krakend",
            "request",
            {"environment": "production", "latency_us": 173_250, "request_bytes": None, "response_bytes": None},
        ),
        ("aws-api-gateway", "rest", {"consumer": "checkout-key", "environment": "prod", "request_bytes": None}),
        (
            "google-load-balancer",
            "request",
            {"at": ROW["at"].replace(microsecond=123456), "consumer": "", "latency_us": 173_250},
        ),
    ],
)
def test_a_request_is_a_row(source, name, differs):
    assert row(source, name) == ROW | differs


@pytest.mark.parametrize("source", ["apisix", "gravitee", "tyk", "aws-api-gateway", "google-load-balancer"])
def test_a_429_is_the_gateways_own_only_where_no_upstream_answered(source):
    assert row(source, "limited_by_gateway")["outcome"] == "limited"
    assert row(source, "limited_by_upstream")["outcome"] == "client_error"


@pytest.mark.parametrize(
    ("source", "name", "status"),
    [
        ("apisix", "no_upstream_reachable", 504),
        ("gravitee", "timed_out", 504),
        ("tyk", "bad_gateway", 502),
        ("krakend", "predefined_json", 500),
        ("aws-api-gateway", "console_rest", 504),
        ("google-load-balancer", "client_left", 0),
    ],
)
def test_time_outs_and_lost_connections_are_errors(source, name, status):
    made = row(source, name)
    assert (made["status"], made["outcome"]) == (status, "error")


@pytest.mark.parametrize("source", ["apisix", "otlp", "gravitee", "krakend", "aws-api-gateway", "google-load-balancer"])
def test_records_of_a_post_have_ids_of_their_own(source):
    name = {"otlp": "stable", "aws-api-gateway": "rest"}.get(source, "request")
    (record,) = SOURCES[source].records(load(source, name))
    find = SOURCES[source].request_id
    assert are_unique([find(record)])
    assert not are_unique([find(record), find(record)])
    assert find({}) is None
    assert find("text") is None


@pytest.mark.parametrize("source", [name for name, one in SOURCES.items() if one.kind == "gateway"])
def test_secrets_addresses_and_raw_paths_stay_behind(source):
    for path in (EXAMPLES / source.replace("-", "_")).glob("*.json"):
        kept = json.dumps(through(source, json.loads(path.read_text())).rows.to_pylist(), default=str)
        for secret in ("t0psecret", "4111111111111111", "203.0.113.9", "ada", "5e9d9544", "4711"):
            assert secret not in kept, path


def test_apisix_names_a_service_by_its_id_else_by_its_route_and_never_by_the_callers_host():
    assert row("apisix", "request")["service"] == "pay"
    assert row("apisix", "no_upstream_reachable")["service"] == "payments"
    missed = row("apisix", "no_route")
    assert (missed["service"], missed["consumer"], missed["outcome"]) == ("", "", "client_error")


def test_apisix_sends_arrays_and_bad_records_are_rejected_alone():
    batch = load("apisix", "batch")
    mapped = through("apisix", [*batch, {"start_time": 1}, batch[0] | {"start_time": 1714643400}])
    assert mapped.rows.num_rows == 2
    found = [(bad.position, bad.reason) for bad in mapped.rejected]
    assert found == [(2, "missing_field"), (3, "time_out_of_range")]


def test_otlp_old_attribute_names_and_older_envelopes_are_read():
    assert row("otlp", "old_names") == ROW | {
        "at": ROW["at"].replace(microsecond=123456),
        "service": "",  # an SDK's placeholder is no name
        "method": "POST",
        "status": 503,
        "outcome": "error",
        "consumer": actor(CONTEXT, "ada@example.com"),
        "environment": "staging",
        "is_synthetic": True,
        "response_bytes": None,
    }


def test_otlp_only_server_spans_of_http_are_requests_and_the_others_are_counted():
    payload = load("otlp", "mixed")
    spans = payload["resourceSpans"][0]["scopeSpans"][1]["spans"]
    spans.append(spans[0] | {"startTimeUnixNano": "soon"})
    mapped = through("otlp", payload)
    ids = [(made["route"], made["status"], made["outcome"]) for made in mapped.rows.to_pylist()]
    assert ids == [("/v1/payments/{id}", 200, "ok"), ("/v1/refunds", 0, "error")]
    assert mapped.ignored == ("otlp:not_a_server_span", "otlp:not_a_server_span", "otlp:not_http")
    assert [(bad.position, bad.reason) for bad in mapped.rejected] == [(5, "wrong_type")]


def test_otlp_an_unpacked_span_is_an_export_request_of_its_own():
    payload = load("otlp", "mixed")
    records = SOURCES["otlp"].records(payload)
    assert len(records) == 5
    assert [SOURCES["otlp"].records(one) for one in records] == [[one] for one in records]
    assert through("otlp", records[0]).rows.to_pylist() == through("otlp", payload).rows.to_pylist()[:1]


def test_otlp_requests_of_another_shape_are_rejected_not_lost():
    for payload in ([], {}, {"resourceSpans": []}, {"resourceSpans": [{"scopeSpans": [{"spans": []}]}]}):
        assert SOURCES["otlp"].records(payload) == []
    for payload in (
        "text",
        {"resourceSpans": 1},
        {"resourceSpans": [1]},
        {"resourceSpans": [{"scopeSpans": 1}]},
        {"resourceSpans": [{"scopeSpans": [1]}]},
        {"resourceSpans": [{"scopeSpans": [{"spans": [1]}]}]},
    ):
        assert [bad.position for bad in through("otlp", payload).rejected] == [0]


def test_otlp_a_clock_that_went_back_gives_no_latency_and_a_number_out_of_range_is_rejected():
    payload = load("otlp", "stable")
    (span,) = payload["resourceSpans"][0]["scopeSpans"][0]["spans"]
    span["endTimeUnixNano"] = span["startTimeUnixNano"][:-10] + "0000000000"
    (made,) = through("otlp", payload).rows.to_pylist()
    assert made["latency_us"] is None
    for wrong in (True, 1.5, -1):
        bad = copy.deepcopy(payload)
        bad["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"][1]["value"] = {"intValue": wrong}
        assert [one.reason for one in through("otlp", bad).rejected] == ["wrong_type"]


def test_otlp_answers_what_an_exporter_reads():
    answer = SOURCES["otlp"].answer
    assert answer({}) == {}
    assert answer({"wrong_type": 2, "missing_field": 1}) == {
        "partialSuccess": {"rejectedSpans": "3", "errorMessage": "rejected: missing_field: 1, wrong_type: 2"}
    }


def test_gravitee_prefers_the_mapped_path_and_a_keyless_plan_names_nobody():
    made = row("gravitee", "mapped_path")
    assert (made["route"], made["consumer"]) == ("/v1/payments/:id", "")


def test_gravitee_counts_a_request_once_and_leaves_other_records_out():
    for name, reason in (("long_connection", "gravitee:not_ended"), ("messages", "gravitee:message")):
        mapped = through("gravitee", load("gravitee", name))
        assert (mapped.rows.num_rows, mapped.ignored, mapped.rejected) == (1, (reason,), ())


def test_tyk_names_the_caller_by_alias_then_client_and_a_key_only_as_a_hash():
    assert row("tyk", "request")["consumer"] == "checkout"
    assert row("tyk", "bad_gateway")["consumer"] == "mobile"
    assert row("tyk", "limited_by_gateway")["consumer"] == actor(CONTEXT, load("tyk", "request")["api_key"])
    assert row("tyk", "request", alias="", api_key="00000000")["consumer"] == ""


def test_tyk_records_of_the_stdout_pump_are_unwrapped():
    made = row("tyk", "stdout_pump")
    assert (made["route"], made["consumer"], made["latency_us"]) == ("/v1/payments", "", 173_000)


def test_tyk_has_no_request_id():
    assert SOURCES["tyk"].request_id is None


def test_krakend_writes_local_time_and_a_record_without_its_zone_is_not_guessed():
    assert row("krakend", "predefined_json")["at"] == datetime(2024, 5, 2, 7, 50, 0, 123000, tzinfo=UTC)
    assert reasons("krakend", "request", zone=None) == ["time_without_zone"]


def test_krakend_latency_is_seconds_or_milliseconds_in_text():
    assert row("krakend", "predefined_json")["latency_us"] == 173_000
    limited = row("krakend", "limited_by_gateway")
    assert (limited["latency_us"], limited["consumer"], limited["outcome"]) == (21, "", "limited")
    assert reasons("krakend", "request", latency_ms="fast") == ["wrong_type"]
    assert reasons("krakend", "request", status_code="-") == ["missing_field"]
    assert reasons("krakend", "request", status_code=200.5) == ["wrong_type"]


def test_aws_reads_the_consoles_own_formats():
    rest = row("aws-api-gateway", "console_rest")
    assert rest["at"] == datetime(2024, 5, 2, 9, 50, tzinfo=UTC)
    assert (rest["consumer"], rest["latency_us"]) == (actor(CONTEXT, "ada"), None)
    http = row("aws-api-gateway", "http_api")
    assert (http["route"], http["method"], http["service"]) == ("/v1/payments/{id}", "GET", "")
    assert reasons("aws-api-gateway", "http_api", requestTime="31/Apr/2024:09:50:00 +0000") == ["malformed_time"]
    assert reasons("aws-api-gateway", "http_api", requestTime="-") == ["missing_field"]


def test_aws_a_greedy_route_is_told_by_the_path_and_a_default_stage_is_no_environment():
    greedy = row("aws-api-gateway", "greedy")
    assert (greedy["route"], greedy["environment"], greedy["service"]) == ("/v1/payments/{id}", "", "a1b2c3")
    assert row("aws-api-gateway", "http_api", routeKey="$default")["route"] == ""


def test_google_entries_without_a_request_are_left_out_and_health_checks_are_synthetic():
    assert reasons("google-load-balancer", "request", httpRequest=None) == ["google:no_http_request"]
    assert through("google-load-balancer", load("google-load-balancer", "with_audit")).rows.num_rows == 1
    assert row("google-load-balancer", "probe")["is_synthetic"] is True


def test_google_a_latency_of_another_form_is_rejected():
    entry = load("google-load-balancer", "request")
    entry["httpRequest"]["latency"] = "173ms"
    assert reasons("google-load-balancer", "request", httpRequest=entry["httpRequest"]) == ["wrong_type"]


def test_rows_of_every_example_travel_as_a_batch():
    for source in (name for name, one in SOURCES.items() if one.kind == "gateway"):
        for path in (EXAMPLES / source.replace("-", "_")).glob("*.json"):
            table = through(source, json.loads(path.read_text())).rows
            if table.num_rows:
                assert gateway.decode(gateway.encode(table), gateway.ARROW).num_rows == table.num_rows
