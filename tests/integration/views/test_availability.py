"""Availability and latency of services: by period, route, team, organisation (METRICS 0.14 and 4)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import date
from math import ceil, log
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_processors.gateway import GAMMA
from tests.integration.views.warehouse_rows import Warehouse

RANGE = "from = toDate('2026-06-01'), to = toDate('2026-07-01')"


def availability(warehouse: Warehouse, grain: str = "month", scope: str = "service") -> list[dict[str, Any]]:
    return warehouse.rows(
        f"SELECT * FROM availability({RANGE}, grain = '{grain}', scope = '{scope}') "
        "ORDER BY service, route, team, period_start"
    )


def each(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_client_errors_are_available_and_limited_stands_beside(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.traffic(
        "pay",
        "2026-06-01 10:00",
        {"requests": 90},
        {"requests": 5, "outcome": "client_error"},
        {"requests": 5, "outcome": "error"},
        {"requests": 40, "outcome": "limited"},
    )
    (row,) = availability(warehouse)
    assert (row["numerator"], row["denominator"], row["value"], row["shown"], row["n"]) == (95, 100, 0.95, 0.95, 100)
    assert (row["requests"], row["ok"], row["client_error"], row["error"], row["limited"]) == (140, 90, 5, 5, 40)
    assert (row["null_reason"], row["is_partial"]) == ("", 0)


def test_limited_counts_against_an_objective_that_says_so_while_it_holds(warehouse: Warehouse) -> None:
    """The first known objective holds back to the beginning; that of the 10th counts limited from its midnight on."""
    warehouse.now("2026-07-01")
    warehouse.catalog("slo", "2026-05-01", service="pay", objective=0.9)
    warehouse.catalog("slo", "2026-06-10 15:00", service="pay", objective=0.9, counts_limited=True)
    for day in ("09", "10"):
        warehouse.traffic("pay", f"2026-06-{day} 01:00", {"requests": 3}, {"outcome": "limited"})
    found = each(availability(warehouse, "day"), "period_start", "numerator", "denominator", "value")
    assert [row for row in found if row[2]] == [(date(2026, 6, 9), 3, 3, 1.0), (date(2026, 6, 10), 3, 4, 0.75)]
    assert each(availability(warehouse), "numerator", "denominator", "value") == [(6, 7, 6 / 7)]


def test_no_traffic_is_no_number_and_nothing_before_the_first_request(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-17 12:00")
    warehouse.traffic("pay", "2026-06-03 10:00", {"outcome": "error"})
    warehouse.traffic("pay", "2026-06-16 10:00", {"outcome": "limited"})
    found = each(availability(warehouse, "week"), "period_start", "value", "null_reason", "is_partial")
    assert found == [
        (date(2026, 6, 1), 0.0, "", 0),
        (date(2026, 6, 8), None, "no_traffic", 0),
        (date(2026, 6, 15), None, "only_limited", 1),
    ]


def test_probes_count_and_nonproduction_environments_do_not(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.traffic(
        "pay",
        "2026-06-01 10:00",
        {"requests": 1},
        {"requests": 2, "is_synthetic": 1},
        {"requests": 4, "environment": "production"},
        {"requests": 8, "environment": "eu-1"},
        {"requests": 16, "environment": "Staging"},
        {"requests": 32, "environment": "dev-7"},
        {"requests": 64, "environment": "development-not-quite"},
        {"requests": 128, "environment": "devices"},
    )
    assert each(availability(warehouse), "requests") == [(1 + 2 + 4 + 8 + 128,)]


def test_roll_ups_are_of_requests_and_teams_keep_what_was_theirs(warehouse: Warehouse) -> None:
    """A ratio of sums: 2 of 4 and 96 of 96 are 98 %, not 75 %."""
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.owner("cart", "checkout", "2026-01-01")
    warehouse.owner("pay", "core", "2026-06-15 09:00")
    warehouse.traffic("pay", "2026-06-14 23:00", {"route": "/a"}, {"route": "/a", "outcome": "error"})
    warehouse.traffic("pay", "2026-06-15 00:00", {"route": "/b"}, {"route": "/a", "outcome": "error"})
    warehouse.traffic("cart", "2026-06-15 10:00", {"requests": 96})
    shown = ("service", "route", "team", "numerator", "denominator")
    assert each(availability(warehouse), *shown) == [("cart", "", "checkout", 96, 96), ("pay", "", "core", 2, 4)]
    assert each(availability(warehouse, scope="route"), *shown) == [
        ("cart", "/", "checkout", 96, 96), ("pay", "/a", "core", 1, 3), ("pay", "/b", "core", 1, 1)
    ]  # fmt: skip
    assert each(availability(warehouse, scope="team"), *shown) == [
        ("", "", "checkout", 96, 96), ("", "", "core", 1, 2), ("", "", "payments", 1, 2)
    ]  # fmt: skip
    (all_,) = availability(warehouse, scope="organisation")
    assert (all_["numerator"], all_["denominator"], all_["value"]) == (98, 100, 0.98)


def test_a_service_goes_by_its_catalog_name_and_is_gone_when_archived(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.catalog("service", "2026-01-01", service="pay", aliases=["pay-gw"], archived_at="2026-06-10T00:00:00Z")
    warehouse.traffic("pay-gw", "2026-06-02 10:00", {})
    found = each(availability(warehouse, "week"), "service", "period_start")
    assert found == [("pay", date(2026, 6, 1)), ("pay", date(2026, 6, 8))]


def test_days_are_local_also_where_midnight_lies_within_an_hour(in_kolkata: Warehouse) -> None:
    """18:29 UTC is 23:59 in Kolkata, 18:30 is the next day."""
    in_kolkata.now("2026-07-01")
    in_kolkata.traffic("pay", "2026-06-07 18:00", {"minute": 29, "requests": 2}, {"minute": 30, "outcome": "error"})
    found = each(availability(in_kolkata, "day"), "period_start", "numerator", "denominator")
    assert [row for row in found if row[2]] == [(date(2026, 6, 7), 2, 2), (date(2026, 6, 8), 0, 1)]
    first = "availability(from = toDate('2026-06-08'), to = toDate('2026-06-09'), grain = 'range', scope = 'service')"
    assert in_kolkata.rows(f"SELECT denominator FROM {first}") == [{"denominator": 1}]


def test_a_range_and_its_months_and_days_agree(in_berlin: Warehouse) -> None:
    rng = Random(4)
    in_berlin.now("2026-07-01 12:00")
    for day in range(1, 31, 3):
        for hour in (0, 22):
            groups = [
                {"requests": rng.randrange(1, 9), "outcome": rng.choice(["ok", "ok", "error", "limited"])}
                for _ in range(5)
            ]
            in_berlin.traffic("pay", f"2026-06-{day:02} {hour:02}:00", *groups)
    sums = []
    for grain in ("day", "month", "range"):
        found = availability(in_berlin, grain)
        sums.append([sum(row[name] for row in found) for name in ("numerator", "denominator", "requests")])
    assert sums[0] == sums[1] == sums[2]


def latency(warehouse: Warehouse, grain: str = "month", scope: str = "service") -> list[dict[str, Any]]:
    return warehouse.rows(f"SELECT * FROM latency({RANGE}, grain = '{grain}', scope = '{scope}') ORDER BY ALL")


def histogram(latencies: Sequence[int]) -> dict[str, Any]:
    """A group's histogram, by the formula of the writer's docstring and not by its code."""
    counts = Counter(ceil(log(max(1, latency)) / log(GAMMA)) for latency in latencies)
    buckets = sorted(counts)
    return {
        "latency_buckets": buckets,
        "latency_counts": [counts[bucket] for bucket in buckets],
        "requests": len(latencies),
    }


def exact(latencies: Sequence[int], quantile: float) -> float:
    """R-7 in microseconds."""
    ordered = sorted(latencies)
    rank = quantile * (len(ordered) - 1)
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


def test_the_median_of_1_and_100_milliseconds_is_between_them(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.traffic("pay", "2026-06-01 10:00", histogram([1_000]), histogram([100_000]) | {"outcome": "error"})
    (row,) = latency(warehouse)
    assert row["p50_seconds"] == pytest.approx(0.0505, rel=0.02)
    assert (row["n"], row["requests"], row["null_reason"]) == (2, 2, "")


def test_without_a_known_latency_there_is_none_and_limited_ones_never_count(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.traffic("pay", "2026-06-01 10:00", {"requests": 3}, histogram([5, 5]) | {"outcome": "limited"})
    (row,) = latency(warehouse)
    assert (row["p50_seconds"], row["p99_seconds"], row["n"], row["requests"]) == (None, None, 0, 3)
    assert row["null_reason"] == "no_latency"


Sent = dict[tuple[str, str, int], list[int]]
"""(service, route, day of June) → latencies in microseconds."""
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def send(warehouse: Warehouse, sent: Sent) -> None:
    """Each list over three minutes of an hour, a service's hour in one slice."""
    warehouse.now("2026-07-01")
    slices: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for (service, route, day), values in sent.items():
        for part in range(3):
            if values[part::3]:
                group = histogram(values[part::3]) | {"route": route, "minute": 20 * part}
                slices.setdefault((service, day), []).append(group)
    for (service, day), groups in slices.items():
        warehouse.traffic(service, f"2026-06-{day:02} 10:00", *groups)


def assert_right_to_2_percent(warehouse: Warehouse, sent: Sent, scope: str, grain: str) -> None:
    rows = latency(warehouse, grain, scope)
    assert rows
    for row in rows:
        place = (row["service"], row["route"])
        values = [
            value
            for (service, route, day), found in sent.items()
            if place in {(service, route), (service, ""), ("", "")}
            and (grain != "day" or day == row["period_start"].day)
            for value in found
        ]
        assert row["n"] == len(values)
        for name, quantile in PERCENTILES.items():
            assert row[f"{name}_seconds"] * 1e6 == pytest.approx(exact(values, quantile), rel=0.02), (row, name)


def test_percentiles_are_right_to_2_percent_merged_over_minutes_days_routes_and_services(warehouse: Warehouse) -> None:
    """20,000 latencies of a mixture: cache hits, a long tail, time-outs. A mean of the days' p90 is far off."""
    rng = Random(11)

    def value(day: int) -> int:
        if rng.random() < 0.05:
            return 30_000_000
        return int(rng.choice([rng.uniform(200, 900), rng.lognormvariate(10, 1 + day / 3)]))

    places = [(service, route, day) for service in ("pay", "cart") for route in ("/a", "/b") for day in (1, 2, 3)]
    sent = {place: [value(place[2]) for _ in range(1_667)] for place in places}
    send(warehouse, sent)
    for scope, grain in itertools.product(("service", "route", "organisation"), ("day", "month", "range")):
        assert_right_to_2_percent(warehouse, sent, scope, grain)
    days, (month,) = latency(warehouse, "day", "organisation"), latency(warehouse, "month", "organisation")
    averaged = sum(row["p90_seconds"] for row in days) / len(days)
    assert averaged != pytest.approx(month["p90_seconds"], rel=0.02)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=40), min_size=1, max_size=40))
def test_percentiles_are_right_to_2_percent_whatever_the_latencies(utc: Warehouse, lists: list[list[int]]) -> None:
    """Each list is a service's."""
    utc.empty()
    sent = {(f"s{number}", "/", 1): values for number, values in enumerate(lists)}
    send(utc, sent)
    assert_right_to_2_percent(utc, sent, "service", "range")
