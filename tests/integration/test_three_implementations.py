"""Streaming, a batch rebuild and a brute-force oracle give the same facts on random histories.

Streaming: the real processors, events of all histories shuffled together, some twice, in takes of random sizes, the
catalog coming in between, recomputed now and then, of some marks only. Rebuild: everything once more out of the archive
(`adoption rebuild --verify`). Oracle: the tests' own, straight from the metric dictionary. Streaming and rebuild are
equal byte for byte, rows and digests; with the oracle every field is compared.

The same histories each time: a gate. `PROOF_SEED=7 PROOF_HISTORIES=5000` draws others: a hunt.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import pytest

from schemas.envelope import Event
from schemas.streams import DIRTY
from stream_processors.rebuild import Rebuild
from stream_processors.records import Record
from stream_processors.warehouse import connect
from tests.support.commands import adoption
from tests.support.line import APPENDED, Line
from tests.support.many import Told, drawn, stored
from tests.support.plant import Plant, messages

HISTORIES = int(os.environ.get("PROOF_HISTORIES", "1000"))
SEED = int(os.environ.get("PROOF_SEED", "1"))
PARTS = 10
TOGETHER = 100
"""Histories in the warehouse at once."""
OVER_KAFKA = 20


def shuffled(histories: list[Told], chance: random.Random) -> list[Event]:
    """All that was said, in any order, some of it twice; the catalog as well."""
    said = [event for told in histories for event in (*told.catalog(), *told.events)]
    said += chance.sample(said, len(said) // 20)
    chance.shuffle(said)
    return said


def takes(said: list[Event], chance: random.Random) -> Iterator[list[Event]]:
    """Cut at random: single events, and hundreds at once."""
    while said:
        size = chance.choice([1, 100, 800])
        yield said[:size]
        said = said[size:]


def stream(pipeline: Line, histories: list[Told], chance: random.Random) -> None:
    """Streaming, with recomputes in between that serve a part of the marks, as one of several workers would."""
    for take in takes(shuffled(histories, chance), chance):
        pipeline.send(*take)
        if chance.random() < 0.05:
            served = chance.sample(pipeline.marks, min(40, len(pipeline.marks)))
            pipeline.recompute([Record(DIRTY.topic, 0, offset, APPENDED, key, b"{}", ()) for offset, key in served])
    pipeline.recompute()


@pytest.mark.parametrize("part", range(PARTS))
def test_streaming_rebuild_and_oracle_agree(pipeline: Line, part: int) -> None:
    seed = SEED * PARTS + part
    chance = random.Random(seed)
    histories = [Told.of(number, events) for number, events in enumerate(drawn(HISTORIES // PARTS, seed))]
    assert len(histories) == HISTORIES // PARTS
    for begin in range(0, len(histories), TOGETHER):
        group = histories[begin : begin + TOGETHER]
        pipeline.empty()
        stream(pipeline, group, chance)
        differences = asyncio.run(Rebuild(pipeline.warehouse, pipeline.settings).differences())
        assert not differences, f"PROOF_SEED={SEED}, part {part}: streaming and rebuild differ: {differences[:3]}"
        facts = stored(pipeline.rows, [service for told in group for service in told.services])
        lines = [one for told in group for one in told.disagreement(facts)]
        assert not lines, f"PROOF_SEED={SEED}, part {part}: oracle and product differ:\n" + "\n".join(lines[:20])


@pytest.mark.kafka
def test_they_agree_over_apache_kafka_and_what_is_damaged_is_put_right(real_plant: Plant) -> None:
    chance = random.Random(SEED)
    histories = [Told.of(number, events) for number, events in enumerate(drawn(OVER_KAFKA, SEED))]
    real_plant.start_all()
    real_plant.start("recompute")
    for take in takes(shuffled(histories, chance), chance):
        real_plant.send(messages(take))
    real_plant.settle()
    services = [service for told in histories for service in told.services]

    def agreed() -> list[str]:
        facts = stored(real_plant.rows, services)
        return [one for told in histories for one in told.disagreement(facts)]

    def rebuild(*arguments: str) -> tuple[int, str]:
        settings = {name: value for name, value in real_plant.environment().items() if name.startswith("ADOPTION_")}
        done = adoption(real_plant.folder, "rebuild", *arguments, **settings)
        return done.status, done.out + done.err

    assert agreed() == [], f"PROOF_SEED={SEED}"
    status, said = rebuild("--verify")
    assert (status, "nothing differs" in said) == (0, True), said
    lost = histories[0].services[1]
    with connect(real_plant.settings_direct()) as client:
        client.command(f"DELETE FROM facts_heads WHERE service = '{lost}'")
    status, said = rebuild("--verify", "--patience", "0")
    assert status == 1
    assert f"{lost}  2026-03  nothing stands" in said
    status, said = rebuild("--patience", "0")
    assert (status, "asked for 1 recomputes" in said) == (0, True), said
    real_plant.settle()
    assert rebuild("--verify")[0] == 0
    assert agreed() == []
