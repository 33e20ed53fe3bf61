"""The suite can fail: the unsafe shape does lose events, on the same broker and with the same kind of crash."""

from __future__ import annotations

import pytest

from schemas.streams import DELIVERY
from tests.support.plant import Plant, until

pytestmark = pytest.mark.kafka


def test_take_loses_what_a_failed_insert_held(real_plant: Plant) -> None:
    kept = real_plant.folder / "kept"
    program = ["-m", "tests.support.unsafe_worker", real_plant.settings.kafka_bootstrap, str(kept)]
    sent = [str(number).encode() for number in range(300)]
    real_plant.send((DELIVERY.topic, b"one-partition", value, []) for value in sent[:100])
    crashed = real_plant.start("unsafe", program=program)
    until(lambda: crashed.process.poll() is not None, 60, real_plant.report)
    real_plant.send((DELIVERY.topic, b"one-partition", value, []) for value in sent[100:])
    real_plant.start("unsafe", program=program)
    until(lambda: kept.exists() and sent[-1] in kept.read_bytes().split(), 60, real_plant.report)
    lost = set(sent) - set(kept.read_bytes().split())
    assert lost, "take() lost nothing: has Faust changed, and is noack_take still needed?"
