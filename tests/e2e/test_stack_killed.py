"""`kill -9` of the whole embedded stack, ten times, while events come in: every 202 counts, and counts once."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from schemas import gateway
from schemas.base import event_id
from schemas.delivery import Deployment
from schemas.envelope import Event, content
from schemas.gateway import GatewayRequest
from tests.support.embedded import Embedded
from tests.support.traffic import START, unit

pytestmark = pytest.mark.timeout(900)

KILLS = 10


class Sender(threading.Thread):
    """Posts deployments and gateway units until the service is gone; remembers what was sent and what got a 202."""

    def __init__(self, stack: Embedded, first: int) -> None:
        super().__init__(daemon=True)
        self.next = first
        self.sent: set[int] = set()
        self.accepted: set[int] = set()
        self._client = stack.client()

    def run(self) -> None:
        while True:
            number, self.next = self.next, self.next + 1
            self.sent.add(number)
            try:
                answer = self._post(number)
            except httpx.HTTPError:
                return
            if answer.status_code == 202:
                self.accepted.add(number)
            else:
                assert answer.status_code == 503, answer.text

    def _post(self, number: int) -> httpx.Response:
        if number % 2:
            return self._client.post(
                "/v1/events", content=structured(number), headers={"content-type": "application/cloudevents+json"}
            )
        body = gateway.encode(gateway.to_table(traffic(number)))
        return self._client.post("/v1/gateway/batches", content=body, headers={"content-type": gateway.ARROW})


def structured(number: int) -> bytes:
    """One deployment as a structured CloudEvent."""
    event = Event(
        id=event_id("deployment", number),
        source="//test",
        time=START,
        data=Deployment(
            provider="test", service=f"s{number % 5}", deployment_id=f"d{number}", environment="production",
            version=f"v{number}", status="success",
        ),
    )  # fmt: skip
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": event.source,
            "type": event.type,
            "time": event.time.isoformat(),
            "data": json.loads(content(event)),
        }
    ).encode()


def traffic(number: int) -> list[GatewayRequest]:
    """One unit whose caller is its number."""
    return [request.model_copy(update={"consumer": f"unit-{number}"}) for request in unit(number, requests=20)]


def test_every_acknowledged_event_counts_once_after_ten_kills(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    rnd = random.Random(seed)
    sent: set[int] = set()
    accepted: set[int] = set()
    folder = tmp_path / "stack"
    for _ in range(KILLS):
        stack = Embedded.start(folder)
        sender = Sender(stack, max(sent, default=0) + 1)
        sender.start()
        time.sleep(rnd.random() * 3)
        stack.kill()
        sender.join(30)
        sent |= sender.sent
        accepted |= sender.accepted
    assert len(accepted) > KILLS
    stack = Embedded.start(folder)
    stack.settle(240)

    units = dict(stack.rows("SELECT consumer, sum(requests) FROM adoption.gateway_hours GROUP BY consumer"))
    assert set(units.values()) <= {20}, Counter(units.values())
    seen = {int(name.removeprefix("unit-")) for name in units}
    assert {number for number in accepted if number % 2 == 0} <= seen <= sent

    deployed = stack.rows("SELECT arrayJoin(deployment_ids) AS id, count() FROM adoption.deployments GROUP BY id")
    assert {count for _, count in deployed} == {1}
    seen = {int(name.removeprefix("d")) for name, _ in deployed}
    assert {number for number in accepted if number % 2} <= seen <= sent
    assert stack.stop() == 0
