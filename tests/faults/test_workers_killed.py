"""Two workers of each kind, one of them killed with SIGKILL ten times while events flow: totals are exact."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter

import pytest

from schemas.base import event_id
from schemas.delivery import Deployment
from schemas.envelope import Event
from tests.support import traffic
from tests.support.plant import Plant, messages

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

SERVICES = [f"service-{number}" for number in range(12)]
KILLS = 10


def deployments(count: int) -> list[Event]:
    """Production deployments, one release each."""
    return [
        Event(
            id=event_id("deployment", number),
            source="//test",
            time=traffic.START.replace(hour=number % 24, minute=number % 60, day=1 + number % 28),
            subject=SERVICES[number % len(SERVICES)],
            data=Deployment(
                provider="test",
                service=SERVICES[number % len(SERVICES)],
                deployment_id=f"d{number}",
                environment="production",
                version=f"v{number}",
                status="success",
            ),
        )
        for number in range(count)
    ]


def test_ten_kills_of_workers_change_no_number(real_plant: Plant) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    rnd = random.Random(seed)
    units = [traffic.unit(number) for number in range(600)]
    events = deployments(1200)
    stream = list(traffic.packed(units, seed, most=10)) + list(traffic.packed(units[::3], seed + 1)) + messages(events)
    rnd.shuffle(stream)
    for role in ("delivery", "gateway", "recompute"):
        real_plant.start(role)
        real_plant.start(role)
    share = len(stream) // KILLS
    for kill in range(KILLS):
        real_plant.send(stream[kill * share :] if kill == KILLS - 1 else stream[kill * share : (kill + 1) * share])
        time.sleep(rnd.random() * 1.5)
        victim = rnd.choice([worker for worker in real_plant.workers if worker.process.poll() is None])
        victim.kill()
        real_plant.start(victim.role)
    real_plant.settle(seconds=240)
    found = Counter({(s, c, o): n for s, c, o, n in real_plant.rows(traffic.HOURS)})
    assert found == traffic.totals(units)
    released = dict(real_plant.rows("SELECT service, count() FROM adoption.deployments GROUP BY service"))
    assert released == Counter(event.data.service for event in events if isinstance(event.data, Deployment))


def test_a_zombie_that_wakes_up_changes_no_number(real_plant: Plant) -> None:
    units = [traffic.unit(number) for number in range(150)]
    first = {role: real_plant.start(role) for role in ("delivery", "gateway", "recompute")}
    real_plant.send(traffic.packed(units[:50], seed=1))
    for worker in first.values():
        worker.signal(signal.SIGSTOP)
    for role in first:
        real_plant.start(role)
    real_plant.send(traffic.packed(units[50:100], seed=2))
    real_plant.settle(seconds=180)
    for worker in first.values():
        worker.signal(signal.SIGCONT)
    real_plant.send(traffic.packed(units[100:], seed=3))
    real_plant.settle(seconds=180)
    found = Counter({(s, c, o): n for s, c, o, n in real_plant.rows(traffic.HOURS)})
    assert found == traffic.totals(units)
