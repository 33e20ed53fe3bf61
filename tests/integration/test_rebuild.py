"""A rebuild out of the raw archive: equal to what streaming left, and where it is not, told and put right by marks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest

from schemas.catalog import Mapping
from schemas.delivery import Deployment, Incident, Repository
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, unit_id
from stream_processors.marks import HourMark, ServiceMark
from stream_processors.rebuild import Difference, Rebuild
from tests.support.line import Line, event

REPOSITORY = Repository(name="git.example/acme/pay")
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = datetime(2026, 6, 1, 10, tzinfo=UTC)


@pytest.fixture
def pipeline(pipeline: Line) -> Line:
    """A service by its repository with two months of deployments, an incident that points at one, and traffic."""
    pipeline.send(
        event(Mapping(repository=REPOSITORY.name or "", service="pay"), BEGIN),
        *(deployed(f"d{day}", day) for day in (1, 20, 40)),
        event(Incident(provider="t", incident_id="i", state="opened", deployment_ids=("d20",)), at(20, 1)),
        event(Deployment(provider="t", deployment_id="x", status="success"), at(3)),
    )
    pipeline.send_traffic(requests("a", 0, 0, 1), requests("b", 0, 30))
    pipeline.recompute()
    return pipeline


def at(day: float, hour: float = 0) -> datetime:
    return BEGIN + timedelta(days=day, hours=hour)


def deployed(name: str, day: float) -> Event:
    data = Deployment(
        provider="t",
        repository=REPOSITORY,
        deployment_id=name,
        environment="production",
        version=name,
        status="success",
    )
    return event(data, at(day), name)


def requests(name: str, *hours: int) -> list[GatewayRequest]:
    return [
        GatewayRequest(
            unit=unit_id("//gateway", name, b""),
            at=HOUR + timedelta(hours=hour, minutes=number),
            service="api",
            route=f"/{number % 3}",
            method="GET",
            status=200,
            outcome="ok",
            consumer=f"web{number % 2}",
            latency_us=1_000,
        )
        for number, hour in enumerate(hours)
    ]


def differences(pipeline: Line, only: Collection[str] = ()) -> list[Difference]:
    return asyncio.run(Rebuild(pipeline.warehouse, pipeline.settings).differences(only))


def mend(pipeline: Line) -> set[bytes]:
    """As `adoption rebuild` does: what it asks for is recomputed."""
    rebuild = Rebuild(pipeline.warehouse, pipeline.settings)
    marks = asyncio.run(rebuild.mend(asyncio.run(rebuild.differences())))
    pipeline.mark(*sorted(mark.key() for mark in marks))
    pipeline.recompute()
    return {mark.key() for mark in marks}


def test_what_streaming_left_is_what_a_rebuild_gives(pipeline: Line) -> None:
    assert set(pipeline.heads()) == {"", "pay"}
    seen: list[tuple[str, int, int]] = []
    asked = Rebuild(pipeline.warehouse, pipeline.settings).differences(progress=lambda *words: seen.append(words))
    assert asyncio.run(asked) == []
    assert seen == [("services", 2, 2), ("hours", 3, 3)]


def test_events_that_nobody_recomputed_are_told_and_put_right(pipeline: Line) -> None:
    pipeline.send(deployed("late", 2))
    pipeline.send_traffic(requests("c", 1))
    pipeline.take_marks()
    facts, hour = differences(pipeline)
    assert (facts.slice, facts.month, facts.mark) == ("pay", "2026-03", ServiceMark("pay"))
    assert "facts_releases are missing" in facts.what
    assert '"release": "late"' in facts.what
    assert (hour.slice, hour.month, hour.what) == (
        "gateway api", "2026-06-01 11:00", "1 requests stand, unit rows have 2"
    )  # fmt: skip
    assert mend(pipeline) == {b"service/pay", HourMark("api", HOUR + timedelta(hours=1)).key()}
    assert differences(pipeline) == []


def test_only_the_services_asked_for_are_looked_at(pipeline: Line) -> None:
    pipeline.send(deployed("late", 2))
    pipeline.send_traffic(requests("c", 1))
    assert [one.slice for one in differences(pipeline, ["pay"])] == ["pay"]
    assert [one.slice for one in differences(pipeline, ["api"])] == ["gateway api"]


def test_facts_without_events_are_told_and_put_right(pipeline: Line) -> None:
    asyncio.run(pipeline.warehouse.command("DELETE FROM delivery_events WHERE time > '2026-04-01'"))
    (found,) = differences(pipeline)
    assert (found.slice, found.month) == ("pay", "2026-04")
    assert found.what.startswith("stands, and no event makes it: ")
    mend(pipeline)
    assert differences(pipeline) == []
    assert pipeline.releases() == {"pay": ["d1", "d20"]}


def test_a_head_that_is_lost_is_made_again(pipeline: Line) -> None:
    asyncio.run(pipeline.warehouse.command("TRUNCATE TABLE facts_heads"))
    assert {(one.slice, one.what) for one in differences(pipeline)} == {
        ("", "nothing stands"), ("pay", "nothing stands")
    }  # fmt: skip
    mend(pipeline)
    assert differences(pipeline) == []


def test_rows_that_are_damaged_under_the_right_digest_are_written_again(pipeline: Line) -> None:
    asyncio.run(pipeline.warehouse.command("DELETE FROM facts_releases WHERE release = 'd1'"))
    asyncio.run(
        pipeline.warehouse.command(
            "INSERT INTO facts_attempts SELECT * REPLACE ('ghost' AS deployment_id) FROM "
            "(SELECT * FROM facts_attempts WHERE deployment_id = 'd1')"
        )
    )
    (found,) = differences(pipeline)
    assert found.is_damage
    assert "1 facts_attempts stand" in found.what
    assert "1 facts_releases are missing" in found.what
    assert mend(pipeline) == set(), "a recompute would not write what a head names already"
    assert differences(pipeline) == []
    assert pipeline.releases() == {"pay": ["d1", "d20", "d40"]}


def test_a_rebuild_asks_and_never_outranks_a_later_mark(pipeline: Line) -> None:
    """What it finds wrong is a mark like others: of two recomputes the later mark's stands."""
    pipeline.send(deployed("late", 2))
    before = pipeline.rows("SELECT service, version FROM facts_heads FINAL ORDER BY service")
    rebuild = Rebuild(pipeline.warehouse, pipeline.settings)
    asyncio.run(rebuild.mend(differences(pipeline)))
    assert pipeline.rows("SELECT service, version FROM facts_heads FINAL ORDER BY service") == before


def test_an_empty_warehouse_has_nothing_to_tell(pipeline: Line) -> None:
    pipeline.empty()
    assert differences(pipeline) == []
