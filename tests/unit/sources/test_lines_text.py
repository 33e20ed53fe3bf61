"""Text access logs of Traefik, HAProxy, Apache httpd and AWS load balancers: given lines, expected gateway rows."""

from datetime import UTC, datetime

import pytest

from producers.sources.identity import actor
from producers.sources.lines import FORMATS
from schemas import gateway
from tests.support.log_lines import CONTEXT, columns, example, mapped

MINUTE = datetime(2024, 5, 2, 9, 50, tzinfo=UTC)
STORY = ("service", "method", "route", "status", "outcome", "consumer", "is_synthetic", "latency_us")
ZONES = {name: "Europe/Berlin" for name, known in FORMATS.items() if known.is_local}
TEXT = ("traefik-clf", "haproxy", "httpd", "alb")


def of(format_, **options):
    return mapped(example(f"{format_}/{format_}"), format_, zone=ZONES.get(format_), **options)


def test_traefiks_common_format_ends_in_milliseconds():
    made = of("traefik-clf", service="edge")
    assert columns(made.rows, *STORY) == [
        ("pay", "GET", "/v1/payments/{id}", 200, "ok", "checkout", False, 247_000),
        ("pay", "POST", "/v1/refunds", 429, "limited", "", False, 0),
        ("pay", "GET", "/v1/payments", 429, "client_error", "", False, 2_000),
        ("edge", "GET", "/", 404, "client_error", "", True, 0),
        ("edge", "GET", "/v1/payments", 200, "ok", "checkout", False, None),
    ]
    assert (made.rejected, made.ignored) == ((), ("traefik:internal",))
    assert columns(made.rows, "at", "response_bytes")[::3] == [(MINUTE, 2048), (MINUTE.replace(second=3), 19)]


def test_haproxys_local_time_and_phases_that_were_not_reached():
    made = of("haproxy")
    assert columns(made.rows, *STORY) == [
        ("pay", "GET", "/v1/payments/{id}", 200, "ok", "", False, 109_000),
        ("https-in", "POST", "/v1/refunds", 429, "limited", "", False, 1_000),
        ("pay", "GET", "/v1/payments", 0, "client_error", "", False, 3_001_000),
        ("pay", "GET", "/healthz", 503, "error", "", True, None),
        ("pay", "GET", "/v1/reports", 200, "ok", "", False, None),
        ("https-in", "", "", 400, "client_error", "", False, 0),
        ("pay", "GET", "/v1/reports", 504, "error", "", False, 50_001_000),
    ]
    assert (made.rejected, made.ignored) == ((), ("haproxy:stats", *("haproxy:no_request",) * 3))
    assert columns(made.rows, "at", "response_bytes")[0] == (MINUTE.replace(microsecond=123000), 2750)


HAPROXY = b'1.2.3.4:5 [%s.000] fe be/s 0/0/0/0/7 %s 1 - - %s 1/1/1/1/0 0/0 "GET / HTTP/1.1"'


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        (b"31/Mar/2024:01:59:59", datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC)),
        (b"31/Mar/2024:02:30:00", None),
        (b"27/Oct/2024:02:30:00", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
    ],
)
def test_an_hour_that_the_clock_shows_twice_is_the_first_and_one_it_skips_is_none(local, utc):
    made = mapped(HAPROXY % (local, b"200", b"----"), "haproxy", zone="Europe/Berlin")
    assert [row["at"] for row in made.rows.to_pylist()] == ([utc] if utc else [])
    assert [bad.reason for bad in made.rejected] == ([] if utc else ["malformed_time"])


def test_a_log_without_a_zone_is_not_guessed():
    with pytest.raises(ValueError, match="time zone"):
        mapped(HAPROXY, "haproxy")


@pytest.mark.parametrize(
    ("state", "outcome"), [(b"CD--", "client_error"), (b"cR--", "client_error"), (b"SH--", "error"), (b"sH--", "error")]
)
def test_who_left_is_told_by_the_termination_state(state, outcome):
    made = mapped(HAPROXY % (b"02/May/2024:11:50:00", b"-1", state), "haproxy", zone="UTC")
    assert columns(made.rows, "status", "outcome") == [(0, outcome)]


def test_httpd_measures_microseconds_in_the_documented_format():
    made = of("httpd")
    assert made.rejected == made.ignored == ()
    assert columns(made.rows, *STORY, "request_bytes", "response_bytes") == [
        ("pay.acme.example", "GET", "/v1/payments/{id}", 200, "ok", "checkout", False, 247_001, 512, 2048),
        ("pay.acme.example", "POST", "/v1/refunds", 429, "client_error", "", False, 96, 64, 17),
        ("", "GET", "/v1/payments", 500, "error", actor(CONTEXT, "ada@acme.example"), False, 1_200, None, None),
        ("pay.acme.example", "GET", "/healthz", 200, "ok", "", True, None, None, 2),
        ("", "", "", 408, "client_error", "", False, None, None, None),
    ]
    assert columns(made.rows, "at")[0] == (MINUTE,)


def test_a_load_balancers_three_times_make_one_unless_one_is_missing():
    made = of("alb")
    assert made.rejected == made.ignored == ()
    assert columns(made.rows, *STORY) == [
        ("pay", "GET", "/v1/payments/{id}", 200, "ok", "", False, 247_000),
        ("", "POST", "/v1/refunds", 429, "limited", "", False, None),
        ("pay", "GET", "/v1/payments", 429, "client_error", "", False, 2_000),
        ("pay", "GET", "/healthz", 504, "error", "", True, None),
        ("", "", "", 400, "client_error", "", False, None),
        ("pay", "GET", "/v1/reports", 460, "client_error", "", False, None),
    ]
    assert columns(made.rows, "at", "request_bytes", "response_bytes")[0] == (
        MINUTE.replace(microsecond=123456),
        512,
        2048,
    )


@pytest.mark.parametrize("format_", TEXT)
def test_what_is_no_line_of_the_format_is_rejected_at_its_place(format_):
    good = example(f"{format_}/{format_}").splitlines(keepends=True)[0]
    bad = good.replace(b"02/May", b"31/Apr").replace(b"2024-05-02", b"2024-04-31").partition(b"haproxy[14389]: ")
    made = mapped(b"garbage\n" + good + b"\xff\xfe\n" + (bad[2] or bad[0]), format_, zone=ZONES.get(format_))
    assert made.rows.num_rows == 1
    assert [(one.reason, one.position) for one in made.rejected] == [
        ("malformed_line", 0),
        ("malformed_line", 8 + len(good)),
        ("malformed_time", 11 + len(good)),
    ]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("chunk", [b"", b"\n", b"\r\n\n"])
def test_nothing_gives_no_rows(format_, chunk):
    made = mapped(chunk, format_, zone=ZONES.get(format_))
    assert (made.rows.num_rows, made.rows.schema, made.rejected) == (0, gateway.SCHEMA, ())


@pytest.mark.parametrize("format_", [*TEXT, "envoy", "istio", "traefik", "caddy", "linkerd"])
def test_rows_travel_as_a_batch_and_name_no_address(format_):
    table = of(format_).rows
    assert gateway.decode(gateway.encode(table), gateway.ARROW).num_rows == table.num_rows
    assert "203.0.113" not in str(table.to_pylist())
    assert "expand" not in str(table.to_pylist())


@pytest.mark.parametrize("format_", [name for name, known in FORMATS.items() if not known.is_records])
def test_every_format_says_what_to_configure(format_):
    assert len(FORMATS[format_].setup().splitlines()) > 1
