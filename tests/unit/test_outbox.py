"""The outbox: what it acknowledged is on disk, through a full disk, a restart, `kill -9`; the backlog is bounded."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from producers import outbox, spool
from producers.kafka import Record, Unavailable
from producers.outbox import OutboxSink
from producers.partitions import murmur2
from producers.spool import Spool, SpoolError, frame
from schemas.streams import DELIVERY

NOWHERE = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
"""No broker: what is acknowledged stays in the outbox."""


def record(number: int, size: int = 20) -> Record:
    return Record(DELIVERY.topic, b"key-%d" % (number % 7), b"%d " % number + b"x" * size, (("ce_id", b"%d" % number),))


def number_of(one: Record) -> int:
    return int(one.value.split()[0])


def left(folder: Path) -> list[int]:
    """Numbers of the records that the next run would send."""
    opened = Spool(folder)
    try:
        found, _ = opened.load()
        return [number_of(opened.read(one.place)) for one in found]
    finally:
        opened.close()


def run(sink: OutboxSink, scene: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await sink.start()
        try:
            await scene()
        finally:
            await sink.stop()

    asyncio.run(whole())


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Spool]:
    one = Spool(tmp_path / "outbox", segment_bytes=200)
    one.load()
    yield one
    one.close()


def test_a_record_comes_back_as_it_was(opened: Spool) -> None:
    one = Record("topic", b"\x00key", b"\xff" * 300, (("a", b"1"), ("a", b"2")))
    (place,) = opened.append([(1, frame(1, one))])
    assert opened.read(place) == one


def test_segments_go_when_all_in_them_is_settled_and_numbers_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    first = Spool(folder, segment_bytes=200)
    first.load()
    for number in range(1, 11):
        first.append([(number, frame(number, record(number)))])
    segments = sorted(spool._segment_of(path) for path in folder.glob("*.log"))
    assert len(segments) > 3
    first.remember([(1, 3), (5, 10)], [number for number in segments if number > 4])
    first.close()
    assert left(folder) == [4]
    again = Spool(folder)
    found, following = again.load()
    assert ([one.number for one in found], following) == ([4], 11)
    again.close()


def test_a_torn_write_at_the_end_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    first = Spool(folder)
    first.load()
    first.append([(number, frame(number, record(number))) for number in (1, 2, 3)])
    first.close()
    (path,) = folder.glob("*.log")
    path.write_bytes(path.read_bytes()[:-5])
    assert left(folder) == [1, 2]


def test_a_note_that_cannot_be_read_means_sending_everything_again(opened: Spool, tmp_path: Path) -> None:
    opened.append([(1, frame(1, record(1)))])
    opened.remember([(1, 1)], [])
    opened.close()
    (tmp_path / "outbox" / "settled.json").write_text("[[1,")
    assert left(tmp_path / "outbox") == [1]


def test_a_folder_belongs_to_one_process(opened: Spool, tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="another process"):
        Spool(tmp_path / "outbox")


def test_what_is_acknowledged_is_sent_by_the_next_run(tmp_path: Path) -> None:
    sink = OutboxSink(tmp_path, NOWHERE)

    async def scene() -> None:
        await sink.send([record(1), record(2)])
        await sink.send([record(3)])
        assert sink.gauges()["outbox_unsettled_entries"][1]() == 3
        assert await sink.unready() is None

    run(sink, scene)
    assert left(tmp_path) == [1, 2, 3]


def test_requests_that_wait_together_share_an_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs: list[int] = []
    real = spool._sync
    monkeypatch.setattr(spool, "_sync", lambda file: (syncs.append(file), real(file)))
    sink = OutboxSink(tmp_path, NOWHERE)

    async def scene() -> None:
        syncs.clear()
        await asyncio.gather(*(sink.send([record(number)]) for number in range(200)))
        assert len(syncs) < 10

    run(sink, scene)
    assert sorted(left(tmp_path)) == list(range(200))


def test_a_disk_that_is_full_is_said_and_costs_nothing_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = OutboxSink(tmp_path, NOWHERE)
    write = os.write

    def full(file: int, data: bytes) -> int:
        if len(data) > 40:
            return write(file, data[:40])  # a part still fits: what a full disk really does
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scene() -> None:
        await sink.send([record(1)])
        monkeypatch.setattr(os, "write", full)
        for _ in range(3):
            with pytest.raises(Unavailable, match="No space left"):
                await sink.send([record(2)])
        assert "No space left" in (await sink.unready() or "")
        monkeypatch.setattr(os, "write", write)
        await sink.send([record(3)])
        assert await sink.unready() is None

    run(sink, scene)
    assert len(list(tmp_path.glob("*.log"))) == 2  # not an empty segment for each try
    assert left(tmp_path) == [1, 3]


def test_a_segment_whose_name_may_not_be_on_disk_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Spool(tmp_path)
    opened.load()
    fsync = os.fsync

    def broken(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        fsync(file)

    monkeypatch.setattr(os, "fsync", broken)
    for _ in range(2):  # the second try must not take the first one's file for a durable one
        with pytest.raises(OSError, match="Input/output error"):
            opened.append([(1, frame(1, record(1)))])
    monkeypatch.setattr(os, "fsync", fsync)
    (place,) = opened.append([(1, frame(1, record(1)))])
    assert opened.read(place) == record(1)
    opened.close()
    assert left(tmp_path) == [1]


def test_the_backlog_is_bounded(tmp_path: Path) -> None:
    sink = OutboxSink(tmp_path, NOWHERE, backlog_bytes=5_000)

    async def scene() -> None:
        for number in range(5):
            await sink.send([record(number, size=1000)])
        with pytest.raises(Unavailable, match="outbox is full") as caught:
            await sink.send([record(5)])
        assert caught.value.retry_after == 5
        assert "full" in (await sink.unready() or "")

    run(sink, scene)
    assert left(tmp_path) == [0, 1, 2, 3, 4]


def test_a_background_loop_outlives_what_nobody_foresaw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []
    went_on = asyncio.Event()

    async def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        went_on.set()
        await asyncio.Event().wait()

    async def scene() -> None:
        task = asyncio.create_task(outbox._forever(work))
        await asyncio.wait_for(went_on.wait(), 10)
        task.cancel()

    monkeypatch.setattr(outbox, "RETRY_SECONDS", 0.0)
    asyncio.run(scene())
    assert "background loop failed" in caplog.text


CHILD = """
    import asyncio, sys
    from pathlib import Path
    from producers.outbox import OutboxSink
    from tests.unit.test_outbox import NOWHERE, record

    async def client(sink, first):
        for number in range(first, first + 100_000):
            await sink.send([record(number, size=500)])
            print(number, flush=True)

    async def main():
        sink = OutboxSink(Path(sys.argv[1]), NOWHERE)
        await sink.start()
        await asyncio.gather(*(client(sink, n * 100_000) for n in range(10)))

    asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 50, 1500])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path / "outbox")], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        said = [int(next(child.stdout)) for _ in range(acknowledged)]
        child.send_signal(signal.SIGKILL)
        said += [int(line) for line in child.stdout if line.endswith("\n")]
    kept = left(tmp_path / "outbox")
    assert len(kept) == len(set(kept))
    assert set(said) <= set(kept)
    # At most the ten that were under way were written and not acknowledged.
    assert len(kept) - len(said) <= 10


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # Test vectors of Apache Kafka's own UtilsTest.testMurmur2 (signed there).
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_kafkas(key: bytes, expected: int) -> None:
    assert murmur2(key) == expected & 0xFFFFFFFF
