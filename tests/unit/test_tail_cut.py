"""Where a log is cut: whole lines only, 10,000 a unit at most, too long ones passed over."""

from __future__ import annotations

import pytest

from producers.tail.cut import LINE_BYTES, UNIT_BYTES, UNIT_LINES, Cutter, Piece


def test_a_last_line_without_its_end_waits() -> None:
    cutter = Cutter(100)

    assert cutter.feed(b"first\nsecond\nthi") == []
    assert cutter.flush() == [Piece(100, 113, 2, b"first\nsecond\n")]
    assert (cutter.partial, cutter.position) == (3, 116)
    assert cutter.feed(b"rd\n") == []
    assert cutter.flush() == [Piece(113, 119, 1, b"third\n")]


def test_a_unit_ends_after_ten_thousand_lines_however_it_was_read() -> None:
    log = b"".join(b"line %d\n" % number for number in range(2 * UNIT_LINES + 5))
    whole, in_bits = Cutter(0), Cutter(0)

    pieces = whole.feed(log)
    bits = [piece for start in range(0, len(log), 777) for piece in in_bits.feed(log[start : start + 777])]

    assert [piece.lines for piece in pieces] == [UNIT_LINES, UNIT_LINES]
    assert bits == pieces
    assert whole.lines == in_bits.lines == 5


def test_a_unit_of_long_lines_ends_before_four_mebibytes() -> None:
    line = b"x" * (LINE_BYTES - 1) + b"\n"

    pieces = Cutter(0).feed(line * 9)

    assert [(piece.lines, len(piece.raw)) for piece in pieces] == [(4, UNIT_BYTES), (4, UNIT_BYTES)]


@pytest.mark.parametrize("read", [1 << 30, 1 << 20, 65_537], ids=["at once", "by the mebibyte", "in small reads"])
def test_a_line_of_more_than_a_mebibyte_is_passed_over_and_its_neighbours_are_kept(read: int) -> None:
    log = b"before\n" + b"\0" * (3 * LINE_BYTES) + b"\n" + b"after\n"
    cutter = Cutter(0)

    pieces = [piece for start in range(0, len(log), read) for piece in cutter.feed(log[start : start + read])]
    pieces += cutter.flush()

    end = 7 + 3 * LINE_BYTES + 1
    assert pieces == [Piece(0, 7, 1, b"before\n"), Piece(7, end, 1, b""), Piece(end, end + 6, 1, b"after\n")]
    assert [piece.is_too_long for piece in pieces] == [False, True, False]


def test_a_hole_without_a_line_break_is_not_held_in_memory() -> None:
    cutter = Cutter(0)

    for _ in range(64):
        assert cutter.feed(b"\0" * LINE_BYTES) == []

    assert cutter.position == cutter.partial == 64 * LINE_BYTES
    assert len(cutter._held) <= 2 * LINE_BYTES


def test_a_piece_too_large_for_a_message_is_halved_at_a_line_end() -> None:
    first, second = Piece(10, 22, 3, b"aaa\nbbb\nccc\n").halves()

    assert (first, second) == (Piece(10, 14, 1, b"aaa\n"), Piece(14, 22, 2, b"bbb\nccc\n"))
    with pytest.raises(ValueError, match="more than one line"):
        first.halves()
