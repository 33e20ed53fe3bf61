"""Explain: the events listed as counted give the number again, on random cells of random histories.

A tiny aggregator reads the listed events' payloads out of the raw archive and knows nothing of facts: which
deployments, commits and incidents there are is what the list says, what each is worth what the events say.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.delivery import CiRun
from schemas.envelope import Event
from tests.oracle.measures import microseconds, percentile
from tests.support.line import Line, event
from tests.support.many import Told, drawn

HISTORIES = 25
SEED = int(os.environ.get("PROOF_SEED", "1"))
BEGIN = date(2026, 3, 1)
RANGES = ((0, 31), (1, 3))
"""Days from `BEGIN`: all of it, and two days."""
LEAD = "change_lead_time_"
MEASURES = (
    "deployment_frequency_per_day",
    "change_lead_time_p50_seconds",
    "change_lead_time_p90_seconds",
    "change_lead_time_without_bots_p75_seconds",
    "change_lead_time_from_first_commit_p50_seconds",
    "change_fail_ratio",
    "change_fail_without_rollbacks_ratio",
    "deployment_rework_ratio",
    "failed_deployment_recovery_time_p50_seconds",
    "failed_deployment_recovery_time_p90_seconds",
    "change_lead_time_coding_p50_seconds",
    "change_lead_time_review_p75_seconds",
    "change_lead_time_merge_p50_seconds",
    "change_lead_time_deploy_p90_seconds",
    "ci_flaky_ratio",
)
RARE = {f"{LEAD}from_first_commit_p50_seconds", *(f"{LEAD}{one}_seconds" for one in ("review_p75", "merge_p50"))}
"""Squashes and reviews are so few that a seed may have none."""
ENDS = {
    "coding": ("first_commit", "change_opened"),
    "review": ("change_opened", "reviewed"),
    "merge": ("reviewed", "merged"),
    "deploy": ("merged", "deployed"),
}
"""Stage → the roles of the events that tell its two ends."""
SAYS = {"change_opened": "opened_at", "reviewed": "first_review_at", "merged": "merged_at"}
"""Role → where a change's event says when; else it is the event's own time."""

Row = dict[str, Any]


@pytest.fixture(scope="module")
def told(running: Line) -> tuple[Line, list[str]]:
    """Random histories in one warehouse, and their services."""
    running.empty()
    histories = [Told.of(number, events) for number, events in enumerate(drawn(HISTORIES, SEED))]
    running.send(*(said for one in histories for said in (*one.catalog(), *one.events)), *pipeline_runs())
    running.recompute()
    return running, [*(one.services[1] for one in histories), "flaky"]


def pipeline_runs() -> list[Event]:
    """Two pipelines on a few commits, run and re-run over the month: histories have no run that names a commit."""
    chance = random.Random(SEED)
    told = []
    for number in range(90):
        name, commit = chance.choice(["build", "tests"]), f"{chance.randrange(30):040x}"
        ended = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(24 * 30))
        for attempt in range(1, chance.choice([2, 2, 2, 4])):
            ended += timedelta(minutes=90 * (attempt - 1))
            run = CiRun(
                provider="t", service="flaky", run_id=f"r{number}", attempt=attempt, state="finished", name=name,
                commit=commit, outcome=chance.choice(["success", "success", "failure", "timed_out", "cancelled"]),
                started_at=chance.choice([None, ended - timedelta(hours=chance.randrange(30))]),
            )  # fmt: skip
            told.append(event(run, ended))
    return told


def explained(pipeline: Line, metric: str, service: str, begin: date, end: date) -> list[Row]:
    names = ("counted", "part", "fact_kind", "fact", "role", "rule", "reason", "source", "event", "kind", "at")
    sql = (
        f"SELECT {', '.join(names)} FROM explain(metric = {{metric:String}}, service = {{service:String}}, "
        "from = {begin:Date}, to = {end:Date})"
    )
    asked = {"metric": metric, "service": service, "begin": begin, "end": end}
    return [dict(zip(names, row, strict=True)) for row in pipeline.rows(sql, asked)]


def archive(pipeline: Line) -> dict[tuple[str, str], tuple[datetime, Row]]:
    """(source, id) → when it happened, and its payload."""
    rows = pipeline.rows(
        "SELECT source, id, time, data FROM delivery_events FINAL ORDER BY version DESC LIMIT 1 BY source, id"
    )
    return {(source, id_): (time, json.loads(data)) for source, id_, time, data in rows}


def aggregated(rows: list[Row], raw: dict[tuple[str, str], tuple[datetime, Row]], metric: str, days: int) -> Any:
    """The number that the counted events give: (numerator, denominator) of a rate, seconds of a duration."""
    facts: defaultdict[str, list[tuple[str, str, datetime, Row]]] = defaultdict(list)
    for row in rows:
        if row["counted"]:
            time, payload = raw[row["source"], row["event"]]
            facts[row["fact"]].append((row["part"], row["role"], time, payload))
    if metric == "deployment_frequency_per_day":
        assert all(one[3]["status"] == "success" for lines in facts.values() for one in lines)
        return len(facts), days
    if metric.endswith("_ratio"):
        if metric == "ci_flaky_ratio":  # the events themselves say whether one failed and a later one passed
            assert all(_is_flaky(lines) == ("numerator" in {part for part, *_ in lines}) for lines in facts.values())
        parts = [{part for part, *_ in lines} for lines in facts.values()]
        return sum("numerator" in one for one in parts), sum("denominator" in one for one in parts)
    stage = metric.removeprefix(LEAD).partition("_")[0]
    if stage in ENDS:
        spans = [
            _stage(ENDS[stage], {role: (time, payload) for _, role, time, payload in lines}) for lines in facts.values()
        ]
        found = percentile(spans, int(metric.removesuffix("_seconds")[-2:]))
        return None if found is None else round(float(found)) / 1e6
    spans = [_span(fact, {role: (time, payload) for _, role, time, payload in lines}) for fact, lines in facts.items()]
    found = percentile(spans, int(metric.removesuffix("_seconds")[-2:]))
    return None if found is None else round(float(found)) / 1e6


def _stage(roles: tuple[str, str], ends: dict[str, tuple[datetime, Row]]) -> int:
    begun, over = (_said(role, *ends[role]) for role in roles)
    return microseconds(over, begun)


def _said(role: str, time: datetime, payload: Row) -> datetime:
    if role == "first_commit":
        return _first(payload)
    said = payload.get(SAYS.get(role, ""))
    return datetime.fromisoformat(said) if said else time


def _is_flaky(lines: list[tuple[str, str, datetime, Row]]) -> bool:
    """By the events alone: an attempt failed, and a later one of its run passed, or a run begun after its end."""
    told = [
        (payload["run_id"], payload["attempt"], time, _began(time, payload), payload["outcome"])
        for *_, time, payload in lines
    ]
    return any(
        bad[4] != "success" == good[4] and ((good[0] == bad[0] and good[1] > bad[1]) or good[3] >= bad[2])
        for bad in told
        for good in told
    )


def _began(time: datetime, payload: Row) -> datetime:
    said = payload.get("queued_at") or payload.get("started_at")
    return datetime.fromisoformat(said) if said else time


def _span(fact: str, ends: dict[str, tuple[datetime, Row]]) -> int:
    if "deployed" in ends:
        begun = ends.get("first_commit")
        committed = _first(begun[1]) if begun else _committed(fact, ends["committed"][1])
        return microseconds(ends["deployed"][0], committed)
    failed = ends.get("finished") or ends["failed"]
    return max(0, microseconds(ends["recovered"][0], failed[0]))


def _committed(sha: str, payload: Row) -> datetime:
    (commit,) = [one for one in payload["commits"] if one["sha"] == sha]
    return datetime.fromisoformat(commit["committed_at"])


def _first(payload: Row) -> datetime:
    return min(datetime.fromisoformat(one["committed_at"]) for one in payload["commits"] if one["committed_at"])


def test_counted_events_give_the_number_again(told: tuple[Line, list[str]]) -> None:
    pipeline, services = told
    chance = random.Random(SEED)
    raw = archive(pipeline)
    seen: set[str] = set()
    for first, last in RANGES:
        begin, end = BEGIN + timedelta(days=first), BEGIN + timedelta(days=last)
        measured = {
            (service, metric): values
            for service, metric, *values in pipeline.rows(
                "SELECT service, metric, value, numerator, denominator, n FROM velocity_range(from = {begin:Date}, "
                "to = {end:Date})",
                {"begin": begin, "end": end},
            )
        }
        measured |= {
            (service, f"{LEAD}{stage}_{percent}_seconds"): [value, None, None, n]
            for service, stage, n, *values in pipeline.rows(
                "SELECT service, stage, n, p50_seconds, p75_seconds, p90_seconds FROM change_lead_time_stages("
                "from = {begin:Date}, to = {end:Date}, grain = 'range', scope = 'service')",
                {"begin": begin, "end": end},
            )
            for percent, value in zip(("p50", "p75", "p90"), values, strict=True)
        }
        measured |= {
            (service, "ci_flaky_ratio"): values
            for service, *values in pipeline.rows(
                "SELECT service, value, numerator, denominator, n FROM ci_range(from = {begin:Date}, to = {end:Date}) "
                "WHERE metric = 'ci_flaky_ratio'",
                {"begin": begin, "end": end},
            )
        }
        for metric in MEASURES:
            busy = [one for one in services if measured.get((one, metric), [None])[-1]]
            service = chance.choice(busy or services)
            rows = explained(pipeline, metric, service, begin, end)
            again = aggregated(rows, raw, metric, last - first)
            value, numerator, denominator, _ = measured.get((service, metric), [None] * 4)
            where = f"PROOF_SEED={SEED}: {metric} of {service} in [{begin}, {end})"
            if metric.endswith("_seconds"):
                assert again == value, where
            elif denominator is not None:
                assert again == (numerator, denominator), where
            assert all((row["source"], row["event"]) in raw for row in rows), where
            assert all(bool(row["counted"]) == (not row["reason"]) for row in rows), where
            seen |= {metric} if busy else set()
    assert seen >= set(MEASURES) - RARE, "some cells of every kind had something"


def test_every_event_of_the_days_is_counted_or_has_a_reason(told: tuple[Line, list[str]]) -> None:
    pipeline, services = told
    begin, end = BEGIN, BEGIN + timedelta(days=31)
    for service in services[:4]:
        rows = explained(pipeline, "change_fail_ratio", service, begin, end)
        known = pipeline.rows(
            "SELECT source, event FROM evidence "
            "WHERE service = {service:String} AND kind IN ('deployment', 'incident')",
            {"service": service},
        )
        assert {(row["source"], row["event"]) for row in rows} >= set(known)
