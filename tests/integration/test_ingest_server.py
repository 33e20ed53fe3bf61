"""`adoption ingest` as a process of its own, over real sockets: slow clients, no length, SIGTERM, `kill -9`."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.local.broker import EmbeddedBroker
from producers.client import IngestClient, RefusedError
from producers.spool import Spool
from schemas.base import event_id
from schemas.catalog import Service as ServiceFact
from schemas.envelope import Event
from schemas.streams import CATALOG, STREAMS
from tests.integration.test_ingest_kafka import everything
from tests.support.ingest_service import BEARER, SECRETS, TOKEN, default_access, service_event, signature

STRUCTURED = {"content-type": "application/cloudevents+json"}


@dataclass
class Running:
    url: str
    port: int
    process: subprocess.Popen[str]


@contextmanager
def ingest(folder: Path, bootstrap: str, *, outbox: bool = False) -> Iterator[Running]:
    """The command, on a port of its choice."""
    access = folder / "access.json"
    access.write_text(json.dumps(default_access()))
    environment = os.environ | {
        "ADOPTION_KAFKA_BOOTSTRAP": bootstrap,
        "ADOPTION_INGEST_ACCESS_FILE": str(access),
        "ADOPTION_INGEST_PORT": "0",
        "ADOPTION_DATA_DIR": str(folder),
    }
    if outbox:
        environment["ADOPTION_OUTBOX_DIR"] = str(folder / "outbox")
    command = [sys.executable, "-m", "deploy.cli", "ingest"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise AssertionError(f"the service ended with {process.wait()}")
        log = process.stderr
        reader = threading.Thread(target=log.read)  # a full pipe would stop the service
        reader.start()
        try:
            yield Running(f"http://127.0.0.1:{found[1]}", int(found[1]), process)
        finally:
            process.kill()
            process.wait()
            reader.join()


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker.start([(stream.topic, stream.partitions) for stream in STREAMS]) as running:
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, broker: EmbeddedBroker) -> Iterator[Running]:
    with ingest(tmp_path_factory.mktemp("ingest"), broker.bootstrap) as running:
        yield running


def fact(number: int) -> Event:
    data = ServiceFact(service=f"s{number}")
    return Event(id=event_id(number), source="//tests", time="2026-03-01T10:00:00Z", subject=f"s{number}", data=data)


def test_the_client_and_the_service_understand_each_other(service: Running, broker: EmbeddedBroker) -> None:
    with IngestClient(service.url, TOKEN) as client:
        receipt = client.events([fact(number) for number in range(100)])
    assert (receipt.accepted, receipt.ignored, receipt.dead_lettered) == (100, {}, {})
    assert {b"s%d" % number for number in range(100)} <= {
        key for key, _, _ in everything(broker.bootstrap, CATALOG.topic)
    }
    with IngestClient(service.url, "wrong") as client, pytest.raises(RefusedError, match="401 unauthorized"):
        client.events([fact(1)])


@pytest.mark.parametrize("endless", [b"x: " + b"y" * 60 + b"\r\n", b"y"], ids=["many headers", "one header"])
def test_headers_without_end_are_hung_up_on(service: Running, endless: bytes) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nz: a")
        if endless != b"y":
            one.sendall(b"\r\n")
        said = b""
        with suppress(ConnectionError):  # it may hang up before all is sent, or before its answer is read
            for _ in range(200):
                one.sendall(endless * (50_000 // len(endless)))
            said = one.recv(1000)
        assert said.startswith(b"HTTP/1.1 400 ") or not said
    assert httpx.get(f"{service.url}/healthz", headers={"z": "y" * 30_000}).is_success


def test_senders_that_trickle_do_not_hold_up_the_others(service: Running) -> None:
    """300 connections that sent half a request, 100 of them half a large body."""
    half = b"POST /v1/webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    with ExitStack() as stack:
        for number in range(300):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            one.sendall(half if number % 3 else half + b"content-length: 1000000\r\n\r\n" + b"x" * 5000)
        with httpx.Client(base_url=service.url) as good:
            for number in range(20):
                started = time.monotonic()
                event = service_event(id_=str(number))
                assert good.post("/v1/events", json=event, headers=BEARER | STRUCTURED).status_code == 202
                assert time.monotonic() - started < 5


def test_a_body_without_length_is_stopped_at_its_limit(service: Running) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as sender:
        sender.sendall(
            b"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/cloudevents+json\r\n"
            b"transfer-encoding: chunked\r\nauthorization: Bearer " + TOKEN.encode() + b"\r\n\r\n"
        )
        sent = 0
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            while sent < 200 * 65536:
                sender.sendall(chunk)
                sent += 65536
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sent < 200 * 65536
    metrics = httpx.get(f"{service.url}/metrics").text
    assert 'adoption_ingest_requests_total{route="/v1/events",status="413"}' in metrics


def test_a_client_that_goes_away_halfway_is_no_defect(service: Running) -> None:
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", service.port)) as sender:
            sender.sendall(
                b"POST /v1/webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                b"content-length: 100000\r\n\r\nxxx"
            )
    body = b'{"zen": "x"}'
    headers = {"x-github-event": "ping", "content-type": "application/json"} | signature(body, SECRETS[0])
    assert httpx.post(f"{service.url}/v1/webhooks/github", content=body, headers=headers).status_code == 202
    assert "adoption_ingest_unhandled_errors_total{" not in httpx.get(f"{service.url}/metrics").text


def test_sigterm_ends_after_what_is_under_way_was_answered(tmp_path: Path, broker: EmbeddedBroker) -> None:
    """SIGTERM comes while records are on their way to a slow broker."""
    with ingest(tmp_path, broker.bootstrap) as service:
        answers: list[int] = []

        def post(number: int) -> None:
            event = service_event(id_=f"late-{number}")
            answer = httpx.post(f"{service.url}/v1/events", json=event, headers=BEARER | STRUCTURED, timeout=30)
            answers.append(answer.status_code)

        post(0)
        broker.set_rtt(1500)
        try:
            senders = [threading.Thread(target=post, args=(number,)) for number in range(1, 6)]
            for sender in senders:
                sender.start()
            deadline = time.monotonic() + 30
            while "adoption_kafka_records_in_flight 5.0" not in httpx.get(f"{service.url}/metrics").text:
                assert time.monotonic() < deadline
            service.process.send_signal(signal.SIGTERM)
            for sender in senders:
                sender.join()
            service.process.wait(30)
        finally:
            broker.set_rtt(0)
    assert answers == [202] * 6
    kept = [value for key, _, value in everything(broker.bootstrap, CATALOG.topic) if key == b"pay"]
    assert len(kept) >= 6


def test_kill_9_behind_the_outbox_loses_no_202(tmp_path: Path) -> None:
    """No broker at all: what was answered 202 is on disk when the process is shot."""
    accepted: list[str] = []
    with ingest(tmp_path, "127.0.0.1:1", outbox=True) as service:

        def sender(first: int) -> None:
            with httpx.Client(base_url=service.url, headers=BEARER | STRUCTURED) as http:
                try:
                    for number in range(first, first + 10_000):
                        event = service_event(id_=str(number))
                        if http.post("/v1/events", json=event).status_code == 202:
                            accepted.append(str(number))
                except httpx.TransportError:
                    return

        senders = [threading.Thread(target=sender, args=(n * 10_000,)) for n in range(8)]
        for one in senders:
            one.start()
        deadline = time.monotonic() + 60
        while len(accepted) < 300:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        service.process.kill()
        for one in senders:
            one.join()
    spool = Spool(tmp_path / "outbox")
    kept = {dict(spool.read(one.place).headers)["ce_id"].decode() for one in spool.load()[0]}
    spool.close()
    assert len(accepted) >= 300
    assert set(accepted) <= kept


def test_without_an_access_file_that_can_be_read_the_service_does_not_start(tmp_path: Path) -> None:
    environment = os.environ | {"ADOPTION_INGEST_ACCESS_FILE": str(tmp_path / "none.json")}
    command = [sys.executable, "-m", "deploy.cli", "ingest"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "ADOPTION_INGEST_ACCESS_FILE" in ended.stderr
