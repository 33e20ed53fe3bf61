"""`adoption dead-letters`: listed from the view, sent again over Kafka byte for byte, waiting anew if they fail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, TopicPartition

from deploy.dead_letters import dead_letters
from deploy.local.broker import EmbeddedBroker
from deploy.local.engine.process import EngineProcess
from schemas import settings as settings_module
from schemas.streams import DELIVERY
from tests.integration.views.warehouse_rows import Warehouse


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker.start([(DELIVERY.topic, 1)]) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(
    engine: EngineProcess, broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    values = {
        "DATA_DIR": str(tmp_path),
        "CLICKHOUSE_URL": engine.url,
        "CLICKHOUSE_USER": engine.writer[0],
        "CLICKHOUSE_PASSWORD": engine.writer[1],
        "CLICKHOUSE_READER_USER": engine.reader[0],
        "CLICKHOUSE_READER_PASSWORD": engine.reader[1],
        "KAFKA_BOOTSTRAP": broker.bootstrap,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"ADOPTION_{name}", value)
    settings_module.settings.cache_clear()
    yield
    settings_module.settings.cache_clear()


def set_aside(warehouse: Warehouse, value: bytes, reason: str, time: datetime, origin: str = DELIVERY.topic) -> str:
    identity = hashlib.sha256(origin.encode() + value).digest()[:16]
    row: dict[str, Any] = {
        "topic": origin,
        "partition": 0,
        "offset": 7,
        "reason": reason,
        "detail": f"expected JSON, got {len(value)} bytes",
        "time": time,
        "key": b"\x00key",
        "value": value,
        "headers": [(b"ce_id", b"1"), (b"ce_id", b"\xff2")],
        "identity": identity,
    }
    warehouse.insert("dead_letters", [row])
    return identity.hex()


def run(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(dead_letters, list(arguments), catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result


def messages(broker: EmbeddedBroker) -> list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "test", "log_level": 0})
    try:
        partition = TopicPartition(DELIVERY.topic, 0, 0)
        _, high = consumer.get_watermark_offsets(partition, timeout=10)
        consumer.assign([partition])
        found = [message for message in consumer.consume(high, timeout=10) if message.error() is None]
        return [(message.key(), message.value(), message.headers() or []) for message in found]
    finally:
        consumer.close()


def test_the_list_says_what_where_and_why_and_counts_by_reason(warehouse: Warehouse) -> None:
    assert "No dead letters" in run("list").output
    now = datetime.now(UTC)
    identity = set_aside(warehouse, b"{", "not_json", now)
    set_aside(warehouse, b"[", "not_json", now)
    set_aside(warehouse, b"{}", "contract_violation", now)
    text = run("list", "--reason", "not_json").output
    assert f"{identity[:12]}  {now:%Y-%m-%d %H:%M:%S}  adoption.delivery.v1  not_json" in text
    assert "expected JSON, got 1 bytes" in text
    assert "2 of 2 dead letters: not_json 2." in text
    assert "1 of 3 dead letters: contract_violation 1, not_json 2." in run("list", "--limit", "1").output


def test_a_replay_sends_the_very_record_and_takes_the_letter_off_the_list(
    warehouse: Warehouse, broker: EmbeddedBroker
) -> None:
    warehouse.now("2026-07-01")
    value = b"\x00\xff not UTF-8"
    identity = set_aside(warehouse, value, "not_json", datetime.now(UTC) - timedelta(minutes=1))
    assert "would send 1" in run("replay", identity[:8], "--dry-run").output
    assert messages(broker) == []
    assert "sent 1 dead letters again" in run("replay", identity[:8]).output
    assert messages(broker) == [(b"\x00key", value, [("ce_id", b"1"), ("ce_id", b"\xff2")])]
    assert "No dead letters" in run("list").output
    assert "sent again" in run("list", "--all").output
    assert warehouse.rows("SELECT * FROM coverage WHERE family = 'all'") == []
    # It fails again: the same row, later.
    set_aside(warehouse, value, "not_json", datetime.now(UTC) + timedelta(minutes=1))
    assert identity[:12] in run("list").output


def test_what_cannot_be_sent_is_said_and_the_rest_is_sent(warehouse: Warehouse, broker: EmbeddedBroker) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    set_aside(warehouse, b"a", "not_json", now)
    set_aside(warehouse, b"b", "not_json", now, origin="somewhere.else")
    result = run("replay", "--all")
    assert "sent 1 dead letters again" in result.stdout
    assert "not sent: 1 letters, its origin 'somewhere.else' is no topic" in result.stderr
    assert len(messages(broker)) == 1
    assert "somewhere.else" in run("list").output


def test_a_replay_of_nothing_in_particular_is_a_usage_error(warehouse: Warehouse) -> None:
    assert "name letters by id" in run("replay", status=2).output
    assert "nothing was sent" in run("replay", "--all", status=1).output


def test_when_kafka_is_away_the_letter_keeps_waiting(warehouse: Warehouse, broker: EmbeddedBroker) -> None:
    identity = set_aside(warehouse, b"a", "not_json", datetime.now(UTC) - timedelta(minutes=1))
    broker.stop()
    assert "start Kafka" in run("replay", "--all", status=1).output
    assert identity[:12] in run("list").output
