"""Whatever a crash or a disk does to a segment's bytes, the whole frames in it are found, and nothing else is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from producers.kafka import Record
from producers.spool import frame, scan

records = st.builds(
    Record,
    topic=st.text(max_size=10),
    key=st.binary(max_size=20),
    value=st.binary(max_size=200) | st.just(frame(7, Record("a frame in a frame", b"", b"", ()))),
    headers=st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), max_size=2).map(tuple),
)
MARKER = bytes(range(200, 208))
segments = st.lists(records, min_size=1, max_size=8).map(
    lambda some: [MARKER + frame(n, one) for n, one in enumerate(some, 1)]
)


def ends(frames: list[bytes]) -> list[int]:
    return [sum(map(len, frames[: n + 1])) for n in range(len(frames))]


@given(frames=segments, data=st.data())
def test_a_torn_tail_costs_only_the_frame_that_was_torn(frames: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(frames)
    cut = data.draw(st.integers(0, len(whole)))
    found = [number for number, _, _ in scan(whole[:cut], MARKER)]
    expected = [n for n, end in enumerate(ends(frames), 1) if end <= cut]
    assert found == expected


@given(frames=segments, data=st.data())
def test_damage_costs_only_the_frames_it_touches(frames: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(b"".join(frames))
    start = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(1, min(40, len(whole) - start)))
    damage = data.draw(st.binary(min_size=length, max_size=length))
    touched = {n for n in range(start, start + length) if whole[n] != damage[n - start]}
    whole[start : start + length] = damage
    found = {(offset, size) for _, offset, size in scan(bytes(whole), MARKER)}
    begin = 0
    for one in frames:
        if not touched & set(range(begin, begin + len(one))):
            assert (begin, len(one)) in found
        begin += len(one)


@given(noise=st.binary(max_size=300))
def test_noise_holds_no_frames(noise: bytes) -> None:
    assert list(scan(noise, MARKER)) == []
