"""Where a log is cut into units: at line ends, after 10,000 lines or 4 MiB, whatever the pieces it was read in.

Pure; the first step of a log line's way. Two readings of the same bytes from the same position give the same cuts,
unless one of them was flushed by a timer in between: that is what the intent record in `progress.py` is for.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.gateway import MAX_REQUESTS

UNIT_LINES: Final = MAX_REQUESTS
"""One unit fills one message: many small units a message cost the processors half of their speed."""
UNIT_BYTES: Final = 4 * 1024 * 1024
LINE_BYTES: Final = 1024 * 1024
"""A longer line is no request: a hole of zeros that a truncated file left, or another kind of file."""


class Piece(NamedTuple):
    """A range of whole lines of a file.

    Attributes:
        start: offset of its first byte.
        end: offset after its last byte, a line break.
        lines: number of lines.
        raw: its bytes; empty if it is one line of more than `LINE_BYTES`, which is passed over.
    """

    start: int
    end: int
    lines: int
    raw: bytes

    @property
    def is_too_long(self) -> bool:
        """Whether it is one line that is too long to read."""
        return not self.raw

    def halves(self) -> tuple[Piece, Piece]:
        """The same lines as two pieces, cut at the line end nearest after the middle.

        Raises:
            ValueError: it is a single line.
        """
        middle = self.raw.rfind(b"\n", 0, len(self.raw) // 2) + 1 or self.raw.find(b"\n") + 1
        if middle >= len(self.raw):
            raise ValueError("expected more than one line")
        first, second = self.raw[:middle], self.raw[middle:]
        lines = first.count(b"\n")
        at = self.start + middle
        return Piece(self.start, at, lines, first), Piece(at, self.end, self.lines - lines, second)


class Cutter:
    """Takes a file's bytes in order and gives the pieces that are complete. Holds at most 6 MiB."""

    def __init__(self, position: int) -> None:
        """`position`: offset of the first byte that will be fed; it begins a line."""
        self._start = position  # of what is held
        self._held = bytearray()
        self._line = 0  # where the last line, still open, begins in what is held
        self._searched = 0  # no line break of the open line before this place
        self._lines = 0
        self._dropped = 0  # bytes of an open line that is too long already

    @property
    def position(self) -> int:
        """Offset of the next byte to feed."""
        return self._start + self._dropped + len(self._held)

    @property
    def start(self) -> int:
        """Offset of the first byte that was not given out in a piece."""
        return self._start

    @property
    def lines(self) -> int:
        """Whole lines that wait for more."""
        return self._lines

    @property
    def partial(self) -> int:
        """Bytes of the last line, which has no end yet."""
        return self._dropped + len(self._held) - self._line

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next bytes; gives the pieces that they complete."""
        pieces: list[Piece] = []
        held = self._held
        held += data
        while (end := held.find(b"\n", self._searched) + 1) > 0:
            length = end - self._line
            if self._dropped + length > LINE_BYTES:
                pieces += self.flush()
                pieces.append(self._pass_over(length))
                continue
            if end > UNIT_BYTES:
                pieces += self.flush()
            self._take_lines(min(len(held), UNIT_BYTES))
            if self._lines == UNIT_LINES:
                pieces += self.flush()
        self._searched = len(held)
        if self.partial > LINE_BYTES:
            pieces += self.flush()
            self._dropped += len(held)
            held.clear()
            self._searched = 0
        return pieces

    def _take_lines(self, limit: int) -> None:
        """Count the lines of the open unit that end before `limit`; the one loop that runs once a line."""
        find, line, lines, searched = self._held.find, self._line, self._lines, self._searched
        while lines < UNIT_LINES:
            end = find(b"\n", searched, limit) + 1
            if not end or end - line > LINE_BYTES:
                break
            line = searched = end
            lines += 1
        self._line, self._lines, self._searched = line, lines, line

    def flush(self) -> list[Piece]:
        """The whole lines that wait, as a piece; the open line stays."""
        if not self._lines:
            return []
        raw = bytes(self._held[: self._line])
        piece = Piece(self._start, self._start + len(raw), self._lines, raw)
        del self._held[: self._line]
        self._start = piece.end
        self._searched = max(0, self._searched - self._line)
        self._line = self._lines = 0
        return [piece]

    def _pass_over(self, length: int) -> Piece:
        """The first line of what is held, which has its end now."""
        piece = Piece(self._start, self._start + self._dropped + length, 1, b"")
        del self._held[:length]
        self._start = piece.end
        self._searched = self._dropped = 0
        return piece
