"""`adoption rebuild --as-of`: a database of what there had been by an instant, in which nothing later has a say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deploy.rebuild import rebuild
from schemas import settings as settings_module
from schemas.delivery import Deployment, Incident
from schemas.envelope import Event
from schemas.gateway import GatewayRequest, unit_id
from stream_processors.warehouse import Warehouse
from tests.support.line import Line, event

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
PAST = "adoption_past"


def at(day: float) -> datetime:
    return BEGIN + timedelta(days=day)


def deployed(name: str, day: float) -> Event:
    said = {"environment": "production", "version": name, "status": "success"}
    return event(Deployment(provider="t", service="pay", deployment_id=name, **said), at(day), name)


def request(name: str, day: float, seconds: int) -> list[GatewayRequest]:
    when = at(day) + timedelta(seconds=seconds)
    known: dict[str, Any] = {"route": "/", "method": "GET", "status": 200, "outcome": "ok"}
    return [GatewayRequest(unit=unit_id("//gateway", name, b""), at=when, service="api", **known)]


@pytest.fixture
def past(pipeline: Line) -> Iterator[Warehouse]:
    warehouse = Warehouse(pipeline.settings.model_copy(update={"clickhouse_database": PAST}))
    yield warehouse
    asyncio.run(pipeline.warehouse.command(f"DROP DATABASE IF EXISTS {PAST}"))
    asyncio.run(warehouse.close())


@pytest.fixture
def run(pipeline: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    settings = pipeline.settings
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_URL", settings.clickhouse_url)
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_USER", settings.clickhouse_user)
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_PASSWORD", settings.clickhouse_password.get_secret_value())
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_DATABASE", settings.clickhouse_database)
    settings_module.settings.cache_clear()

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(rebuild, list(arguments), catch_exceptions=False)

    yield call
    settings_module.settings.cache_clear()


def test_a_reference_that_came_later_has_no_say_in_the_past_as_it_was(
    pipeline: Line, past: Warehouse, run: Any
) -> None:
    """An incident of the 3rd is found on the 10th to be d1's. On the 5th it was nobody's, and d1 had not failed."""
    told = Incident(provider="t", incident_id="i", state="opened")
    linked = Incident(provider="t", incident_id="i", state="resolved", deployment_ids=("d1",))
    pipeline.send(deployed("d1", 1), event(told, at(2)), deployed("d2", 7), event(linked, at(9)))
    pipeline.send_traffic(request("a", 4, -1), request("b", 4, 0), request("c", 4, 1))
    pipeline.recompute()
    now = "SELECT release, is_failed FROM deployments ORDER BY release"
    assert pipeline.rows(now) == [("d1", 1), ("d2", 0)]

    made = run("--as-of", "2026-06-05T00:00:00Z", "--database", PAST)
    assert made.exit_code == 0, made.output
    assert "as of 2026-06-05 00:00:00Z" in made.output

    def there(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in asyncio.run(past.rows(sql))]

    assert there("SELECT at, is_pinned FROM as_of") == [(at(4), 1)]
    assert there(now) == [("d1", 0)]
    assert there("SELECT service, event != '', counted FROM evidence WHERE kind = 'incident'") == [("", 1, 0)]
    assert there("SELECT sum(requests) FROM gateway_hours") == [(2,)]
    assert pipeline.rows(now) == [("d1", 1), ("d2", 0)], "what stands is not touched"

    again = run("--as-of", "2026-06-05T00:00Z", "--database", PAST)
    assert again.exit_code == 1
    assert "expected an empty database" in again.output


@pytest.mark.parametrize(
    "arguments", [["--database", PAST], ["--as-of", "2026-06-05T00:00Z"], ["--as-of", "2026-06-05T00:00Z", "--verify"]]
)
def test_what_does_not_go_together_is_said(run: Any, arguments: list[str]) -> None:
    told = run(*arguments)
    assert told.exit_code == 2
    assert "expected --as-of and --database together" in told.output
