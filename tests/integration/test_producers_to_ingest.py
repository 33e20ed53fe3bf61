"""The command lines against the real ingest service, and the shipper against a Kafka-protocol broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer

from deploy.local.broker import EmbeddedBroker
from producers.http.serve import server_of
from schemas import envelope, gateway
from schemas.envelope import Event
from schemas.settings import Settings
from schemas.streams import CATALOG, DELIVERY, GATEWAY
from tests.support.clone import Clone
from tests.support.ingest_service import TOKEN, Kept, default_access

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Ingest:
    """The ingest service on a free port, in front of a sink that keeps what it is given."""

    def __init__(self, folder: Path) -> None:
        access = folder / "access.json"
        access.write_text(json.dumps(default_access()))
        self.sink = Kept()
        self.server = server_of(Settings(ingest_access_file=access), sink=self.sink, port=0)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    @property
    def environ(self) -> dict[str, str]:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return {"ADOPTION_INGEST_URL": f"http://127.0.0.1:{port}", "ADOPTION_INGEST_TOKEN": TOKEN}

    def events(self, topic: str) -> list[Event]:
        return [envelope.from_kafka(one.value, one.headers) for one in self.sink.messages if one.topic == topic]


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    ingest = Ingest(tmp_path)
    ingest.thread.start()
    while not ingest.server.started:
        assert ingest.thread.is_alive()
        threading.Event().wait(0.02)
    yield ingest
    ingest.server.should_exit = True
    ingest.thread.join(20)


def adoption(folder: Path, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import click; from producers.cli import COMMANDS; click.Group(commands=COMMANDS)()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "ADOPTION_DATA_DIR": str(folder / "data"), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def write_log(path: Path, lines: int) -> Counter[datetime]:
    times = [BEGAN + timedelta(milliseconds=number) for number in range(lines)]
    path.write_text(
        "".join(
            f'{{"at":{at.timestamp():.3f},"service":"pay","method":"GET","path":"/orders/{number}","status":200}}\n'
            for number, at in enumerate(times)
        )
    )
    return Counter(times)


def rows(messages: list[bytes]) -> list[dict[str, Any]]:
    return [row for value in messages for row in gateway.decode(value, gateway.ARROW).to_pylist()]


def test_a_log_is_shipped_once_however_often_it_is_asked_for(ingest: Ingest, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    written = write_log(log, 25_000)
    command = ("tail", "--once", "--format", "nginx-json", str(log))
    first, second = (adoption(tmp_path, ingest.environ, *command) for _ in range(2))

    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("25,000 requests of 25,000 lines")
    assert second.stdout.startswith("0 requests of 0 lines")
    shipped = rows([one.value for one in ingest.sink.messages if one.topic == GATEWAY.topic])
    assert Counter(row["at"] for row in shipped) == written
    assert sorted(Counter(row["unit"] for row in shipped).values()) == [5_000, 10_000, 10_000]
    assert {row["route"] for row in shipped} == {"/orders/{id}"}


def test_a_log_without_a_zone_is_shipped_in_the_one_that_is_told(ingest: Ingest, tmp_path: Path) -> None:
    log = tmp_path / "haproxy.log"
    timers, counters = "0/0/0/0/7 200 1 - - ----", "1/1/1/1/0 0/0"
    log.write_text(
        f'192.0.2.7:4000 [02/May/2024:11:50:00.000] web pay/pay-1 {timers} {counters} "GET /orders/1 HTTP/1.1"\n'
        "haproxy[7]: Proxy web started.\n"
    )
    done = adoption(
        tmp_path, ingest.environ, "tail", "--once", "--format", "haproxy", "--zone", "Europe/Berlin", str(log)
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 requests of 2 lines")
    assert "left out: 1 lines, haproxy:no_request" in done.stderr
    (shipped,) = rows([one.value for one in ingest.sink.messages if one.topic == GATEWAY.topic])
    assert (shipped["at"], shipped["service"], shipped["route"]) == (
        datetime(2024, 5, 2, 9, 50, tzinfo=UTC),
        "pay",
        "/orders/{id}",
    )


def test_a_ci_step_and_a_clone_tell_the_service_their_story(ingest: Ingest, tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", "git@github.com:acme/pay.git")
    before = clone.commit("Begin")
    clone.tag("v1")
    clone.commit("More")
    where = ("--service", "pay", "--environment", "production")
    emitted = adoption(
        tmp_path,
        ingest.environ,
        *("emit", "deployment", *where, "--version", "2", "--previous", before, "--clone", str(clone.path), "--strict"),
    )
    backfills = [
        adoption(tmp_path, ingest.environ, "backfill", "git", str(clone.path), "--service", "pay") for _ in "12"
    ]

    assert emitted.returncode == 0, emitted.stderr
    assert [done.returncode for done in backfills] == [0, 0], backfills[0].stderr
    delivered = Counter(
        event.data.kind for event in {event.id: event for event in ingest.events(DELIVERY.topic)}.values()
    )
    assert delivered == {"deployment": 2, "push": 2}
    assert {event.data.kind for event in ingest.events(CATALOG.topic)} == {"service", "mapping"}
    assert len(ingest.events(DELIVERY.topic)) == 1 + 2 * 3
    assert backfills[0].stdout.startswith("2 commits and 1 release tags read; sent 2 pushes, 1 deployments")


def test_a_wrong_token_is_an_error_that_says_so(ingest: Ingest, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    write_log(log, 10)
    environ = {**ingest.environ, "ADOPTION_INGEST_TOKEN": "another"}

    refused = adoption(tmp_path, environ, "tail", "--once", "--format", "nginx-json", str(log))
    accepted = adoption(tmp_path, ingest.environ, "tail", "--once", "--format", "nginx-json", str(log))

    assert refused.returncode == 1
    assert "refused with 401" in refused.stderr
    assert accepted.stdout.startswith("10 requests of 10 lines (0.0 MB) shipped in 1 units, 1 of them again")


def test_the_shipper_reaches_kafka_itself(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    written = write_log(log, 12_000)
    with EmbeddedBroker.start([(GATEWAY.topic, 1)]) as broker:
        environ = {"ADOPTION_KAFKA_BOOTSTRAP": broker.bootstrap}
        done = adoption(tmp_path, environ, "tail", "--once", "--kafka", "--format", "nginx-json", str(log))
        assert done.returncode == 0, done.stderr
        consumer = Consumer(
            {"bootstrap.servers": broker.bootstrap, "group.id": "test", "auto.offset.reset": "earliest"}
        )
        consumer.subscribe([GATEWAY.topic])
        messages = consumer.consume(2, timeout=60)
        consumer.close()

    assert Counter(row["at"] for row in rows([message.value() for message in messages])) == written
    assert dict(messages[0].headers())["ce_type"] == gateway.TYPE.encode()


def test_the_embedded_broker_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    write_log(log, 1)

    done = adoption(tmp_path, {}, "tail", "--once", "--kafka", "--format", "nginx-json", str(log))

    assert done.returncode == 1
    assert "expected ADOPTION_KAFKA_BOOTSTRAP" in done.stderr
