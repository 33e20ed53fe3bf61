"""The restatement log: what changed in days that were over, by which events; nothing for what came in time, or twice.

Marks of this line are made on Saturday 2026-06-20 at noon, or when the test says.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.catalog import Mapping
from schemas.delivery import Commit, Deployment, Incident, Push, Repository
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, unit_id
from tests.support.line import APPENDED, Line, event

REPOSITORY = Repository(name="git.example/acme/pay", default_branch="main")


def june(day: int, hour: float = 9) -> datetime:
    return datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def deployed(name: str, time: datetime, **fields: Any) -> Event:
    given = {"environment": "production", "status": "success", "version": name, **fields}
    return event(Deployment(provider="t", service="pay", deployment_id=name, **given), time)


def log(pipeline: Line) -> list[dict[str, Any]]:
    names = "fact_kind", "fact", "change", "columns", "closed", "metrics", "events", "n_events", "before", "after"
    rows = pipeline.rows(f"SELECT {', '.join(names)} FROM restatements ORDER BY version, fact_kind, fact")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return [row | {"events": [(one["source"], one["id"]) for one in row["events"]]} for row in found]


def test_a_late_deployment_in_a_closed_week_is_one_restatement_that_names_it(pipeline: Line) -> None:
    pipeline.send(deployed("d1", june(1)))
    pipeline.recompute()
    assert log(pipeline) == [], "the first facts of a service restate nothing"
    late = deployed("d2", june(10), version=None)
    pipeline.send(late)
    taken = pipeline.recompute()
    (row,) = log(pipeline)
    assert (row["fact_kind"], row["fact"], row["change"]) == ("release", "d2", "added")
    assert row["closed"] == ["day", "week"], "10 June is in the week that ended on the 14th, and in the month that runs"
    assert row["events"] == [(late.source, late.id)]
    assert "deployment_frequency" in row["metrics"]
    assert (row["before"], json.loads(row["after"])["release"]) == ("", "d2")
    pipeline.send(late)
    pipeline.recompute()
    pipeline.recompute(taken)
    assert len(log(pipeline)) == 1, "a replay changes nothing, and says nothing"


def test_what_comes_on_its_own_day_restates_nothing(pipeline: Line) -> None:
    pipeline.send(deployed("d1", june(1)))
    pipeline.recompute()
    pipeline.send(deployed("d2", june(20)))
    pipeline.recompute()
    assert log(pipeline) == []


def test_an_incident_of_today_changes_what_yesterday_said(pipeline: Line) -> None:
    pipeline.send(deployed("d1", june(1)), deployed("d2", june(19, 20)))
    pipeline.recompute()
    opened = event(Incident(provider="t", service="pay", incident_id="i", state="opened"), june(20, 8))
    pipeline.send(opened)
    pipeline.recompute()
    (row,) = log(pipeline)
    assert (row["fact_kind"], row["fact"], row["change"], row["closed"]) == ("release", "d2", "changed", ["day"])
    assert set(row["columns"]) >= {"is_failed", "failed_at", "failure_reasons", "incidents"}
    assert row["metrics"] == ["change_fail_ratio", "failed_deployment_recovery_time"]
    assert (json.loads(row["before"])["is_failed"], json.loads(row["after"])["is_failed"]) == (0, 1)
    assert row["events"] == [(opened.source, opened.id)]


def test_a_late_push_restates_lead_times_and_a_mapping_that_goes_takes_them_back(pipeline: Line) -> None:
    mapping = event(Mapping(repository=REPOSITORY.name or "", service="pay"), june(1))
    sha = "c1".ljust(40, "0")
    pipeline.send(mapping, deployed("d1", june(2), commit=sha, repository=REPOSITORY))
    pipeline.recompute()
    commits = (Commit(sha=sha, committed_at=june(1), clock="committer"),)
    push = Push(provider="t", repository=REPOSITORY, ref="refs/heads/main", after=sha, commits=commits)
    pushed = event(push, june(1))
    pipeline.send(pushed)
    pipeline.recompute()
    changed = {(row["fact_kind"], row["fact"]): row for row in log(pipeline)}
    row = changed["commit", sha]
    assert (row["change"], row["events"]) == ("changed", [(pushed.source, pushed.id)])
    assert json.loads(row["before"])["lead_time_us"] is None
    assert json.loads(row["after"])["lead_time_us"] == 24 * 3_600_000_000
    assert changed["milestone", "first_commit"]["change"] == "added"
    pipeline.send(event(Mapping(repository=REPOSITORY.name or "", service="pay", removed=True), june(1, 10)))
    pipeline.recompute()
    assert [row["change"] for row in log(pipeline) if row["fact_kind"] == "milestone"][-1:] == ["removed"]


def dies_before_its_head(pipeline: Line, monkeypatch: pytest.MonkeyPatch, taken: Any) -> None:
    """A recompute of these marks that ends when the log is written and the head is not."""
    real = pipeline.warehouse.insert

    async def dies(table: str, rows: Any) -> None:
        if table == "facts_heads":
            raise RuntimeError("died")
        await real(table, rows)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.warehouse, "insert", dies)
        with pytest.raises(RuntimeError, match="died"):
            pipeline.recompute(taken)


def test_a_crash_after_the_log_and_before_the_head_says_it_once(
    pipeline: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.send(deployed("d1", june(1)))
    pipeline.recompute()
    pipeline.send(deployed("d2", june(10)))
    taken = pipeline.take_marks()
    dies_before_its_head(pipeline, monkeypatch, taken)
    pipeline.send(deployed("d3", june(11)))
    pipeline.recompute([*taken, *pipeline.take_marks()])
    assert [row["fact"] for row in log(pipeline) if row["fact_kind"] == "release"] == ["d2", "d3"]


def test_what_a_writer_that_died_had_noted_and_never_came_about_is_not_said(
    pipeline: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It noted d2, which the repository gives to the service; when its successor looks, the repository is nobody's."""
    pipeline.send(event(Mapping(repository=REPOSITORY.name or "", service="pay"), june(1)), deployed("d1", june(1)))
    pipeline.recompute()
    mapped = {"provider": "t", "repository": REPOSITORY, "environment": "production", "status": "success"}
    pipeline.send(event(Deployment(deployment_id="d2", **mapped), june(10)))
    taken = pipeline.take_marks()
    dies_before_its_head(pipeline, monkeypatch, taken)
    assert "d2" in [row["fact"] for row in log(pipeline)]
    gone = event(Mapping(repository=REPOSITORY.name or "", service="pay", removed=True), june(1, 10))
    pipeline.send(gone, deployed("d3", june(11)))
    pipeline.recompute([*taken, *pipeline.take_marks()])
    assert [row["fact"] for row in log(pipeline) if row["fact_kind"] == "release"] == ["d3"]


def test_what_a_writer_that_died_had_noted_is_not_said_when_its_successor_finds_nothing(
    pipeline: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, and nothing else has come meanwhile: the head is replaced by its like."""
    pipeline.send(event(Mapping(repository=REPOSITORY.name or "", service="pay"), june(1)), deployed("d1", june(1)))
    pipeline.recompute()
    mapped = {"provider": "t", "repository": REPOSITORY, "environment": "production", "status": "success"}
    pipeline.send(event(Deployment(deployment_id="d2", **mapped), june(10)))
    taken = pipeline.take_marks()
    dies_before_its_head(pipeline, monkeypatch, taken)
    assert "d2" in [row["fact"] for row in log(pipeline)]
    pipeline.send(event(Mapping(repository=REPOSITORY.name or "", service="pay", removed=True), june(1, 10)))
    successor = [*taken, *pipeline.take_marks()]
    pipeline.recompute(successor)
    assert [row["fact"] for row in log(pipeline)] == []
    pipeline.recompute(successor)
    pipeline.send(deployed("d3", june(11)))
    pipeline.recompute()
    assert [row["fact"] for row in log(pipeline) if row["fact_kind"] == "release"] == ["d3"]


def test_a_backfill_names_events_up_to_a_limit_and_says_how_many_there_were(pipeline: Line) -> None:
    pipeline.send(deployed("d0", june(1)))
    pipeline.recompute()
    pipeline.send(*(deployed(f"d{number}", june(2 + number % 10)) for number in range(1, 40)))
    pipeline.recompute()
    rows = log(pipeline)
    assert len(rows) == 39
    assert all(row["n_events"] == 39 and len(row["events"]) == 1 for row in rows), "each rests on an event of its own"


def requests(name: str, day: int, count: int) -> list[GatewayRequest]:
    return [
        GatewayRequest(
            unit=unit_id("//gateway", name, b""), at=june(day, 10) + timedelta(minutes=number), service="api",
            route="/", method="GET", status=200, outcome="ok", consumer="web", latency_us=1_000,
        )
        for number in range(count)
    ]  # fmt: skip


def test_gateway_hours_that_were_over(pipeline: Line) -> None:
    pipeline.send_traffic(requests("today", 20, 3))
    pipeline.recompute()
    assert log(pipeline) == []
    pipeline.send_traffic(requests("late", 10, 3))
    taken = pipeline.recompute()
    pipeline.send_traffic(requests("later", 10, 2))
    pipeline.recompute()
    pipeline.recompute(taken)
    pipeline.send_traffic(requests("later", 10, 2), on=APPENDED + timedelta(days=1))
    pipeline.recompute()
    found = [(row["fact"], row["change"], row["before"], row["after"]) for row in log(pipeline)]
    assert found == [
        ("2026-06-10 10:00", "added", "", '{"requests": 3}'),
        ("2026-06-10 10:00", "changed", '{"requests": 3}', '{"requests": 5}'),
    ]
    assert log(pipeline)[0]["closed"] == ["day", "week"]


def test_a_recompute_that_stalled_restates_nothing(pipeline: Line) -> None:
    pipeline.send(deployed("d1", june(1)))
    stalled = pipeline.take_marks()
    pipeline.mark(b"service/pay")
    pipeline.recompute()
    asyncio.run(pipeline.warehouse.command("TRUNCATE TABLE delivery_events"))
    pipeline.recompute(stalled)
    assert log(pipeline) == []
