"""The bridge against a topic and a cluster in memory: each record counts once, wherever it is killed."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
from collections import Counter
from collections.abc import Mapping as Map
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from producers.bridge import intent
from producers.bridge.beginning import BridgeError
from producers.bridge.bridge import Bridge
from producers.bridge.partition import Message, Partition, Span
from producers.bridge.units import Mapping, Place
from producers.kafka import Record, Unavailable
from producers.sources.common import Context
from producers.sources.registry import SOURCES
from schemas import dead_letters, gateway
from schemas.streams import BY_TOPIC, DEAD_LETTERS, GATEWAY
from tests.support.ingest_service import kong

PLACE = Place("logs", "uuid", 3)
MAPPING = Mapping(SOURCES["kong"], "bridge", Context(b"salt"))


class Killed(BaseException):
    """The process ended here."""


class Cluster:
    """One partition of a topic, the group's offset with its metadata, and what was produced."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self.values = list(values)
        self.committed: tuple[int, str] | None = None
        self.records: list[Record] = []
        self.steps = 1_000_000
        self.away = 0

    def step(self) -> None:
        """One step nearer to the kill."""
        self.steps -= 1
        if self.steps < 0:
            raise Killed


class Topic:
    """A reader of the cluster's one partition, with the timing that `chance` gives it."""

    topic, identity = "logs", "uuid"

    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self.cluster, self.chance = cluster, chance
        offset, metadata = cluster.committed or (0, "")
        found = intent.read(metadata)
        self.at = offset
        self.partitions = {0: Partition(offset, found[1] if found else ())}

    def collect(self, most: int, linger: float) -> None:
        self.cluster.step()
        upto = min(self.at + self.chance.randint(0, most), len(self.cluster.values))
        held = self.partitions[0]
        held.messages += [Message(n, self.cluster.values[n]) for n in range(self.at, upto)]
        self.at = upto
        if upto == len(self.cluster.values):
            held.end = upto

    def commit(self, announced: Map[int, tuple[int, ...]]) -> bool:
        self.cluster.step()
        held = self.partitions[0]
        if 0 in announced or not held.is_committed:
            metadata = intent.written(self.identity, announced.get(0, held.cuts))
            self.cluster.committed = (held.start, metadata)
        held.is_committed = 0 not in announced
        held.cuts = announced.get(0, held.cuts)
        self.cluster.step()
        return True


class Sink:
    """Keeps records one by one: a kill may come between two of them, or after the last."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def send(self, records: Sequence[Record]) -> None:
        for record in records:
            self.cluster.step()
            if self.cluster.away:
                self.cluster.away -= 1
                raise Unavailable("away", retry_after=0)
            self.cluster.records.append(record)
        self.cluster.step()


def bridge(cluster: Cluster, chance: random.Random, mapping: Mapping = MAPPING, **options: Any) -> Bridge:
    reader: Any = Topic(cluster, chance)
    sink: Any = Sink(cluster)
    return Bridge(reader, mapping, sink, lambda: False, most=40, linger=0, **options)


def counted(cluster: Cluster) -> Counter[Any]:
    """Requests by their time, each unit once; a unit that came with two contents is an error."""
    units: dict[str, list[Any]] = {}
    for record in cluster.records:
        if record.topic != GATEWAY.topic:
            continue
        rows: dict[str, list[Any]] = {}
        for row in gateway.decode(record.value, gateway.ARROW).to_pylist():
            rows.setdefault(row["unit"], []).append(row["at"])
        for unit, times in rows.items():
            assert units.setdefault(unit, times) == times, "one unit, two contents"
    return Counter(at for times in units.values() for at in times)


def values(count: int) -> list[bytes]:
    return [json.dumps(kong(n)).encode() for n in range(count)]


def test_told_to_stop_while_the_cluster_is_away_what_is_announced_stays_announced() -> None:
    cluster = Cluster(values(40))
    cluster.away = 1_000_000
    chance = random.Random(3)
    made = bridge(cluster, chance)
    made.is_told_to_stop = lambda: cluster.away < 999_990
    asyncio.run(made.run(follow=True))
    assert cluster.committed is not None
    offset, metadata = cluster.committed
    assert offset == 0
    _, cuts = intent.read(metadata) or ("", ())
    assert cuts
    cluster.away = 0
    asyncio.run(bridge(cluster, chance).run(follow=False))
    assert counted(cluster).total() == 40


def test_everything_is_sent_and_the_end_is_committed() -> None:
    cluster = Cluster(values(100))
    made = bridge(cluster, random.Random(1))
    asyncio.run(made.run(follow=False))
    assert counted(cluster) == Counter(dict.fromkeys(counted(cluster), 1))
    assert counted(cluster).total() == made.totals.requests == 100
    assert cluster.committed == (100, intent.written("uuid", ()))


@pytest.mark.parametrize("seed", range(60))
def test_killed_at_any_step_each_record_counts_once(seed: int) -> None:
    chance = random.Random(seed)
    cluster = Cluster(values(150))
    for _ in range(12):
        cluster.steps = chance.randint(0, 8)
        cluster.away = chance.choice((0, 0, 2))
        try:
            asyncio.run(bridge(cluster, chance).run(follow=False))
        except Killed:
            continue
    cluster.steps = 1_000_000
    asyncio.run(bridge(cluster, chance).run(follow=False))
    assert counted(cluster).total() == 150
    assert set(counted(cluster).values()) == {1}


def test_without_the_announcement_a_kill_counts_twice() -> None:
    """The canary: the same world, announcements forgotten; were this right, the test above would prove nothing."""
    for seed in range(30):
        chance = random.Random(seed)
        cluster = Cluster(values(150))
        for _ in range(12):
            cluster.steps = chance.randint(0, 8)
            try:
                asyncio.run(bridge(cluster, chance).run(follow=False))
            except Killed:
                cluster.committed = cluster.committed and (cluster.committed[0], "")
        cluster.steps = 1_000_000
        asyncio.run(bridge(cluster, chance).run(follow=False))
        if counted(cluster).total() > 150:
            return
    pytest.fail("nothing was counted twice")


def test_an_announcement_is_read_back_and_other_metadata_is_none_of_ours() -> None:
    for cuts in ((), (7,), (7, 9, 2**62)):
        assert intent.read(intent.written("uuid", cuts)) == ("uuid", cuts)
    for foreign in (None, "", "-", "adoption-bridge/2 uuid 7", "adoption-bridge/1"):
        assert intent.read(foreign) is None
    assert len(intent.written("x" * 60, (2**63 - 1,) * intent.MOST_CUTS)) < 4096


def test_announced_units_wait_until_all_of_their_messages_are_there() -> None:
    held = Partition(10, (12, 15), [Message(10, b"1"), Message(11, b"1"), Message(13, b"1")])
    assert held.spans() == []
    held.messages.append(Message(16, b"1"))  # 12, 14 and 15 are gone: compacted, or marks of a transaction
    assert [(span.start, span.stop, len(span.messages)) for span in held.spans()] == [(10, 12, 2), (12, 15, 1)]
    held.sent(15)
    assert [(span.start, span.stop, len(span.messages)) for span in held.spans()] == [(15, 17, 1)]


def test_announced_messages_that_kafka_deleted_are_not_waited_for() -> None:
    held = Partition(10, (15,), [], end=20)
    assert held.spans() == [Span(10, 15, [])]
    assert MAPPING.unit(PLACE, held.spans()[0]).tables == ()


def test_a_unit_is_named_by_its_place_whatever_is_left_of_it() -> None:
    messages = [Message(n, value) for n, value in enumerate(values(3))]
    whole, rest = (MAPPING.unit(PLACE, Span(0, 3, some)) for some in (messages, messages[1:]))
    names = [table.column("unit").to_pylist()[0] for unit in (whole, rest) for table in unit.tables]
    assert names[0] == names[1] == gateway.unit_id("bridge", "uuid/3/0-3", b"")


def test_what_is_too_large_for_a_message_becomes_more_units() -> None:
    words = [kong(n, service={"name": f"{n:0200d}"}) for n in range(9_000)]
    span = Span(0, 9_000, [Message(n, json.dumps(one).encode()) for n, one in enumerate(words)])
    units = MAPPING.units(PLACE, span)
    assert len(units) > 1
    assert all(unit.fits() for unit in units)
    assert [unit.stop for unit in units] == sorted({unit.stop for unit in units})
    assert sum(table.num_rows for unit in units for table in unit.tables) == 9_000


def test_a_message_of_more_records_than_a_unit_holds_becomes_several() -> None:
    message = Message(0, json.dumps([kong(n) for n in range(12_000)]).encode())
    (unit,) = MAPPING.units(PLACE, Span(0, 1, [message]))
    assert [table.num_rows for table in unit.tables] == [10_000, 2_000]
    assert len({name for table in unit.tables for name in table.column("unit").to_pylist()}) == 2
    assert gateway.decode(gateway.encode(pa.concat_tables(unit.tables[1:])), gateway.ARROW).num_rows == 2_000


def test_what_cannot_be_read_becomes_a_letter_that_can_be_replayed() -> None:
    bad = kong(3)
    del bad["response"]
    messages = [b"{", json.dumps([kong(1), bad]).encode(), b"", json.dumps(kong(2)).encode()]
    unit = MAPPING.unit(PLACE, Span(5, 9, [Message(5 + n, value) for n, value in enumerate(messages)]))
    letters = [dead_letters.from_kafka(one.key, one.value, list(one.headers)) for one in unit.letters]
    assert [(one.origin, one.partition, one.offset, one.reason) for one in letters] == [
        ("http:/v1/gateway/kong", 3, 5, "malformed_json"),
        ("http:/v1/gateway/kong", 3, 6, "missing_field"),
    ]
    assert letters[0].value == b"{"
    assert json.loads(letters[1].value) == bad
    assert letters[1].detail.startswith("logs[3]@6: expected response")
    assert unit.ignored == {"bridge:no_value": 1}
    assert sum(table.num_rows for table in unit.tables) == 2


def test_a_defect_in_the_bulk_reader_costs_time_and_no_record() -> None:
    def broken(values: list[bytes], **named: Any) -> Any:
        raise ZeroDivisionError

    mapping = Mapping(dataclasses.replace(SOURCES["kong"], map_bytes=broken), "bridge", Context(b"salt"))
    unit = mapping.unit(PLACE, Span(0, 3, [Message(n, value) for n, value in enumerate(values(3))]))
    assert sum(table.num_rows for table in unit.tables) == 3


def test_records_of_an_array_are_read_in_bulk_as_well_and_a_bad_one_among_them_alone() -> None:
    bad, limited = kong(2), kong(3, response={"status": 429})
    del bad["response"]
    arrays = [json.dumps(one).encode() for one in ([kong(0), kong(1), bad, limited], [], [kong(4), 5])]
    unit = MAPPING.unit(PLACE, Span(0, 3, [Message(n, value) for n, value in enumerate(arrays)]))
    (table,) = unit.tables
    assert sorted(table.column("status").to_pylist()) == [200, 200, 200, 429]
    letters = [dead_letters.from_kafka(one.key, one.value, list(one.headers)) for one in unit.letters]
    assert [(one.offset, json.loads(one.value)) for one in letters] == [(0, bad), (2, 5)]
    assert len({one.key for one in letters}) == 2


def test_a_letter_that_does_not_fit_says_so_instead_of_stopping_the_bridge() -> None:
    unit = MAPPING.unit(PLACE, Span(0, 1, [Message(0, b"x" * BY_TOPIC[DEAD_LETTERS.topic].max_message_bytes)]))
    (letter,) = unit.letters
    assert letter.value == b""
    assert b"too many for a dead letter" in dict(letter.headers)["adoption-detail"]


def test_a_record_within_a_forwarders_envelope_is_found_as_text_or_object() -> None:
    mapping = Mapping(SOURCES["kong"], "bridge", Context(b"salt"), within="message")
    found = [{"message": json.dumps(kong(1)), "host": "gw"}, {"message": kong(2)}, {"log": "x"}, kong(3)]
    span = Span(0, 4, [Message(n, json.dumps(one).encode()) for n, one in enumerate(found)])
    unit = mapping.unit(PLACE, span)
    assert sum(table.num_rows for table in unit.tables) == 2
    assert len(unit.letters) == 2


def test_a_wrong_source_is_noticed_before_anything_is_sent() -> None:
    cluster = Cluster([b'{"some": "thing"}'] * 4_000)
    chance = random.Random(1)
    made = bridge(cluster, chance)
    made.most = 4_000
    with pytest.raises(BridgeError, match=r"is it the right source\?"):
        asyncio.run(made.run(follow=False))
    assert cluster.records == []
    assert cluster.committed is None or cluster.committed[0] == 0
