"""Cutting is a function of the bytes: no reading in other pieces changes it, no byte is lost or given twice."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from producers.tail import cut
from producers.tail.cut import Cutter, Piece

LINES = st.lists(st.integers(0, 60).map(lambda length: b"x" * length + b"\n"), max_size=60)
SMALL = {"UNIT_LINES": 5, "UNIT_BYTES": 120, "LINE_BYTES": 40}
"""Limits small enough for every kind of cut to happen in a few lines."""


def cuts(log: bytes, reads: list[int], position: int) -> list[Piece]:
    cutter = Cutter(position)
    pieces: list[Piece] = []
    at = 0
    with patch.multiple(cut, **SMALL):
        for length in [*reads, len(log)]:
            pieces += cutter.feed(log[at : at + length])
            at += length
    return [*pieces, *cutter.flush()]


@given(LINES, st.binary(max_size=30).map(lambda tail: tail.replace(b"\n", b"")), st.lists(st.integers(0, 90)))
def test_every_byte_of_whole_lines_is_in_one_piece_and_reads_do_not_matter(
    lines: list[bytes], partial: bytes, reads: list[int]
) -> None:
    log = b"".join(lines)

    pieces = cuts(log + partial, reads, 1000)

    assert pieces == cuts(log + partial, [], 1000)
    assert [piece.start for piece in pieces] == [1000, *(piece.end for piece in pieces)][: len(pieces)]
    assert (pieces[-1].end if pieces else 1000) == 1000 + len(log)
    for piece in pieces:
        raw = log[piece.start - 1000 : piece.end - 1000]
        if piece.is_too_long:
            assert raw.count(b"\n") == piece.lines == 1
            assert len(raw) > 40
        else:
            assert piece.raw == raw
            assert raw.endswith(b"\n")
            assert piece.lines == raw.count(b"\n") <= 5
            assert len(raw) <= 120
            assert max(map(len, raw.splitlines(keepends=True))) <= 40


@given(LINES.filter(lambda lines: len(lines) > 1))
def test_halves_are_the_whole(lines: list[bytes]) -> None:
    raw = b"".join(lines)

    first, second = Piece(7, 7 + len(raw), len(lines), raw).halves()

    assert (first.raw + second.raw, first.lines + second.lines) == (raw, len(lines))
    assert (first.start, first.end, second.end) == (7, second.start, 7 + len(raw))
    assert first.lines
    assert second.lines
