"""The bridge on a topic of CDEvents: in every mode of the binding, each event once; what cannot be read is a letter."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from producers.bridge.events import EventMapping
from producers.bridge.partition import Message, Span
from producers.bridge.units import Place, Unit
from producers.sources.common import Context
from producers.sources.registry import SOURCES
from schemas import dead_letters, envelope
from schemas.delivery import Deployment
from schemas.streams import DELIVERY
from tests.unit.bridge.test_bridge import Cluster, Killed, bridge

EXAMPLES = Path(__file__).parents[2] / "examples" / "cdevents"
MAPPING = EventMapping(SOURCES["cdevents"], "bridge", Context(b"salt"))
PLACE = Place("cdevents", "uuid", 0)


def load(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def unit(*messages: Message) -> Unit:
    return MAPPING.unit(PLACE, Span(0, len(messages), list(messages)))


def message(payload: Any, *headers: tuple[str, bytes]) -> Message:
    return Message(0, payload if isinstance(payload, bytes) else json.dumps(payload).encode(), headers)


def test_binary_structured_and_bare_values_are_the_same_event() -> None:
    structured = load("service_deployed")
    bare = structured["data"]
    binary = message(bare, ("ce_type", structured["type"].encode()), ("content-type", b"application/cdevents+json"))
    made = unit(binary, message(structured), message(bare))
    assert len(made.events) == 3
    assert len(set(made.events)) == 1
    record = made.events[0]
    assert record.topic == DELIVERY.topic
    assert isinstance(envelope.from_kafka(record.value, record.headers).data, Deployment)


def test_what_cannot_be_read_is_a_letter_and_the_rest_goes_on() -> None:
    broken = load("run_failed")
    del broken["subject"]
    made = unit(
        message(broken), message(b"{"), message(load("run_failed")), message(load("taskrun_finished")), Message(4, b"")
    )
    assert len(made.events) == 1
    assert made.ignored == {"cdevents:taskrun.finished": 1, "bridge:no_value": 1}
    letters = [dead_letters.from_kafka(one.key, one.value, list(one.headers)) for one in made.letters]
    assert [letter.reason for letter in letters] == ["missing_field", "malformed_json"]
    assert letters[0].origin == "http:/v1/webhooks/cdevents"
    assert json.loads(letters[0].value) == broken


def test_envelope_and_value_must_agree_in_binary_mode() -> None:
    (letter,) = unit(message(load("run_failed"), ("ce_type", b"dev.cdevents.service.deployed.0.3.0"))).letters
    assert dict(letter.headers)["adoption-reason"] == b"event_mismatch"


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_step_every_event_arrives(seed: int) -> None:
    chance = random.Random(seed)
    payloads = [load("run_failed") for _ in range(40)]
    for number, payload in enumerate(payloads):
        payload["subject"]["id"] = f"pay/build-{number}"
    cluster = Cluster([json.dumps(payload).encode() for payload in payloads])
    for _ in range(8):
        cluster.steps = chance.randint(0, 8)
        try:
            asyncio.run(bridge(cluster, chance, MAPPING).run(follow=False))
        except Killed:
            continue
    cluster.steps = 1_000_000
    asyncio.run(bridge(cluster, chance, MAPPING).run(follow=False))
    arrived = {envelope.from_kafka(one.value, one.headers).id for one in cluster.records}
    assert len(arrived) == 40
