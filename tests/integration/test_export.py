"""`adoption export` against a broker: everything that was delivered, one CloudEvent a line, the same each time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from deploy.local.broker import EmbeddedBroker
from producers.export.command import export
from producers.http.routes_events import record_of
from producers.kafka import KafkaSink, Record
from producers.sources import cdevents
from producers.sources.common import Context
from schemas.delivery import Deployment, Push
from schemas.envelope import Event
from schemas.settings import settings
from schemas.streams import DELIVERY


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker.start([(DELIVERY.topic, 3)]) as running:
        monkeypatch.setenv("ADOPTION_KAFKA_BOOTSTRAP", running.bootstrap)
        settings.cache_clear()
        yield running
    settings.cache_clear()


def delivered(broker: EmbeddedBroker) -> None:
    at = datetime(2024, 5, 1, 10, tzinfo=UTC)
    made = [
        Deployment(provider="x", service=f"s{n}", deployment_id=str(n), environment="production", status="success")
        for n in range(20)
    ]
    events = [
        Event(id=str(n), source="//tests", time=at, subject=f"s{n}", data=data)
        for n, data in enumerate([*made, Push(provider="git", ref="refs/heads/main")])
    ]
    records = [*map(record_of, events), Record(DELIVERY.topic, b"k", b"not ours", ())]

    async def send() -> None:
        sink = KafkaSink({"bootstrap.servers": broker.bootstrap}, delivery_seconds=30)
        await sink.start()
        await sink.send(records)
        await sink.stop(grace=1.0)

    asyncio.run(send())


def exported(*arguments: str) -> Result:
    result = CliRunner().invoke(export, arguments)
    assert result.exit_code == 0, result.output
    return result


def test_everything_is_printed_and_printed_again(broker: EmbeddedBroker) -> None:
    delivered(broker)
    first, again = exported(), exported()
    assert sorted(first.stdout.splitlines()) == sorted(again.stdout.splitlines())
    assert "20 events, 2 left out" in first.stderr
    made = [json.loads(line) for line in first.stdout.splitlines()]
    assert {one["type"] for one in made} == {"dev.cdevents.service.deployed.0.3.0"}
    read = cdevents.map_payload(made, {}, Context(salt=b"salt"))
    assert {event.data.service for event in read.events if isinstance(event.data, Deployment)} == {
        f"s{n}" for n in range(20)
    }


def test_our_own_contracts(broker: EmbeddedBroker) -> None:
    delivered(broker)
    made = [json.loads(line) for line in exported("--format", "adoption").stdout.splitlines()]
    assert {one["type"] for one in made} == {"adoption.deployment.v1", "adoption.push.v1"}
    assert len(made) == 21
