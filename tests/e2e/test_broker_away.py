"""Apache Kafka goes away under the running ingest service, dead or frozen: nothing that was acknowledged is lost.

Without an outbox senders are told to come back (503 with Retry-After); with one they notice nothing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.kafka.registry import specs
from deploy.kafka.server import KafkaServer
from schemas import gateway
from schemas.streams import CATALOG, GATEWAY
from tests.integration.test_ingest_server import ingest
from tests.support.commands import messages
from tests.support.ingest_service import BEARER, service_event
from tests.support.plant import until
from tests.support.traffic import unit

pytestmark = pytest.mark.kafka

SENDERS = 3
CLOUDEVENT = {"content-type": "application/cloudevents+json"}
ARROW = {"content-type": gateway.ARROW}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with KafkaServer.start(tmp_path_factory.mktemp("kafka") / "data", topics=specs()) as server:
        yield server


class Traffic:
    """Senders that post without a pause, and remember each answer.

    Attributes:
        sent: what was posted, whatever became of it: ids of events, units of gateway requests.
        accepted: what got a 202.
        answers: status -> number.
        refusals: answers of 503.
    """

    def __init__(self, url: str, name: str) -> None:
        self.sent: set[str] = set()
        self.accepted: set[str] = set()
        self.answers: Counter[int] = Counter()
        self.refusals: list[httpx.Response] = []
        self._url = url
        self._name = name
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(SENDERS)]

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            for thread in self._threads:
                thread.join()

    def wait_for(self, status: int, more: int) -> None:
        """Until so many more answers of this status came."""
        goal = self.answers[status] + more
        until(lambda: self.answers[status] >= goal, 90, lambda: f"expected {more} more of {status}: {self.answers}")

    def _run(self, first: int) -> None:
        number = first
        with httpx.Client(base_url=self._url, headers=BEARER, timeout=60) as client:
            while not self._ending.is_set():
                identity, answer = self._post(client, number)
                self.answers[answer.status_code] += 1
                if answer.status_code == 202:
                    self.accepted.add(identity)
                elif answer.status_code == 503:
                    self.refusals.append(answer)
                    self._ending.wait(0.05)  # less than it is asked for: an impatient sender
                number += SENDERS

    def _post(self, client: httpx.Client, number: int) -> tuple[str, httpx.Response]:
        if number % 2:
            identity = f"{self._name}-{number}"
            self.sent.add(identity)
            return identity, client.post("/v1/events", json=service_event(id_=identity), headers=CLOUDEVENT)
        requests = unit(hash((self._name, number)), requests=5)
        self.sent.add(requests[0].unit)
        body = gateway.encode(gateway.to_table(requests))
        return requests[0].unit, client.post("/v1/gateway/batches", content=body, headers=ARROW)


def arrived(kafka: KafkaServer) -> set[str]:
    """Events and units that the topics hold."""
    events = {one.headers["ce_id"].decode() for one in messages(kafka.bootstrap, CATALOG)}
    batches = [gateway.decode(one.value, gateway.ARROW) for one in messages(kafka.bootstrap, GATEWAY)]
    return events.union(*(batch.column("unit").unique().to_pylist() for batch in batches))


@pytest.mark.parametrize(
    ("leave", "come_back"),
    [(KafkaServer.kill, KafkaServer.restart), (KafkaServer.pause, KafkaServer.resume)],
    ids=["killed", "frozen"],
)
def test_without_an_outbox_senders_are_told_to_come_back(
    tmp_path: Path,
    kafka: KafkaServer,
    request: pytest.FixtureRequest,
    leave: Callable[[KafkaServer], None],
    come_back: Callable[[KafkaServer], None],
) -> None:
    with ingest(tmp_path, kafka.bootstrap) as service:
        traffic = Traffic(service.url, request.node.name)
        with traffic.running():
            traffic.wait_for(202, 20)
            leave(kafka)
            traffic.wait_for(503, 10)
            ready = httpx.get(f"{service.url}/readyz", timeout=30)
            assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
            assert httpx.get(f"{service.url}/healthz").status_code == 200
            come_back(kafka)
            came_back = time.monotonic()
            traffic.wait_for(202, 20)
            assert time.monotonic() - came_back < 30
        assert httpx.get(f"{service.url}/readyz", timeout=30).status_code == 200

    assert set(traffic.answers) == {202, 503}
    for refusal in traffic.refusals:
        assert int(refusal.headers["retry-after"]) >= 1
        said = refusal.json()
        assert said["error"] == "unavailable"
        assert "nothing of this request was accepted, send it again" in said["message"]
    seen = {one for one in arrived(kafka) if one in traffic.sent}
    assert traffic.accepted <= seen
    assert len(traffic.accepted) == traffic.answers[202]


def test_with_an_outbox_senders_notice_nothing(tmp_path: Path, kafka: KafkaServer) -> None:
    with ingest(tmp_path, kafka.bootstrap, outbox=True) as service:
        traffic = Traffic(service.url, "outbox")
        with traffic.running():
            traffic.wait_for(202, 20)
            kafka.kill()
            traffic.wait_for(202, 100)
            assert httpx.get(f"{service.url}/readyz", timeout=30).status_code == 200
            kafka.restart()
            traffic.wait_for(202, 20)
        assert set(traffic.answers) == {202}
        until(lambda: traffic.accepted <= arrived(kafka), 90)
