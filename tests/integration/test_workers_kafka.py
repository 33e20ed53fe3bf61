"""Workers between Apache Kafka and the engine: nothing lost, nothing twice, whatever the warehouse does."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from schemas.streams import CATALOG, DELIVERY, GATEWAY
from tests.support import traffic, views
from tests.support.faulty import Fault, Faults
from tests.support.plant import Message, Plant, messages, plant, until

pytestmark = pytest.mark.kafka

UNITS = [traffic.unit(seed) for seed in range(200)]


def counted(made: Plant) -> Counter[tuple[str, str, str]]:
    return Counter({(service, consumer, outcome): n for service, consumer, outcome, n in made.rows(traffic.HOURS)})


def test_units_count_once_however_they_are_packed_and_repeated(real_plant: Plant) -> None:
    real_plant.start_all()
    real_plant.send(traffic.packed(UNITS, seed=1))
    real_plant.send(traffic.packed(UNITS[::-1], seed=2, most=7))
    real_plant.settle()
    assert counted(real_plant) == traffic.totals(UNITS)


def test_poison_goes_to_the_dead_letters_and_the_worker_lives(real_plant: Plant) -> None:
    poison: list[Message] = [
        (GATEWAY.topic, b"k", b"not an arrow stream", [("content-type", b"application/vnd.apache.arrow.stream")]),
        (GATEWAY.topic, b"k", b"", []),
        (DELIVERY.topic, b"k", b"\xff\xfe", [("ce_type", b"adoption.deployment.v1")]),
        (
            DELIVERY.topic,
            b"k",
            b"[" * 100_000,
            [("ce_type", b"adoption.push.v1"), ("ce_id", b"1"), ("ce_source", b"s")],
        ),
        (DELIVERY.topic, b"k", b"{}", [("ce_type", b"com.example.unknown")]),
        (CATALOG.topic, b"k", b'{"kind":"service","service":""}', [("ce_type", b"adoption.service.v1")]),
        (CATALOG.topic, b"k", b'{"kind":"service","service":"\\u0000\\ud800"}', [("ce_type", b"adoption.service.v1")]),
        (GATEWAY.topic, b"k", b"x" * 4_100_000, [("content-type", b"application/json")]),
    ]
    real_plant.start_all()
    real_plant.send(poison)
    real_plant.send(traffic.packed(UNITS, seed=3))
    real_plant.settle()
    letters = real_plant.rows("SELECT reason, length(value), detail FROM adoption.dead_letters FINAL ORDER BY ALL")
    assert len(letters) == len(poison), letters
    assert {reason for reason, *_ in letters} == {
        "contract_violation", "not_a_batch", "not_json", "not_utf8", "unknown_type"
    } & {reason for reason, *_ in letters}, letters  # fmt: skip
    assert counted(real_plant) == traffic.totals(UNITS)
    assert all(worker.process.poll() is None for worker in real_plant.workers)


@pytest.mark.parametrize("fault", ["refuse", "hang", "lose_answer"])
def test_a_faulty_insert_is_made_good(faulty_plant: tuple[Plant, Faults], fault: Fault) -> None:
    made, faults = faulty_plant
    for role in ("delivery", "gateway", "recompute"):
        made.start(role, ADOPTION_CLICKHOUSE_TIMEOUT="2")
    faults.plan = [fault] * 4
    made.send(traffic.packed(UNITS, seed=4))
    until(lambda: len(faults.done) == 4, 60, made.report)
    faults.released.set()
    made.settle()
    assert counted(made) == traffic.totals(UNITS)


@pytest.mark.timeout(900)  # every view is planned and read twice
def test_the_same_events_twice_and_shuffled_give_the_same_views(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.golden import golden_events
    from tests.kafka_fixture import start_kafka

    events = messages(golden_events())
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    rnd = random.Random(seed)
    batches = list(traffic.packed(UNITS, seed=5))
    again = events * 2 + list(traffic.packed(UNITS * 2, seed=6))
    rnd.shuffle(again)
    dumps = []
    for sent in (events + batches, again):
        folder = tmp_path_factory.mktemp("plant")
        with start_kafka(folder) as server, plant(folder, server.bootstrap) as made:
            made.start_all()
            views.pin_clock(made, "2026-07-02 00:00:00")
            half = len(sent) // 2
            made.send(sent[:half])
            made.settle()
            made.send(sent[half:])
            made.settle()
            dumps.append(views.dump(made))
    assert len(dumps[0]) > 10
    assert any(dumps[0].values())
    assert [name for name in dumps[0] if dumps[0][name] != dumps[1][name]] == []
