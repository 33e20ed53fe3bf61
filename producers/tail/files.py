"""Knows a log file again after it was renamed, copied or truncated, and reads it from an offset.

The edge to the file system. `pick` (pure) decides which file of a directory is which known one; the rest opens, looks
and reads. Compressed rotated files are not read: ship before they are compressed (logrotate's `delaycompress`).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from producers.tail.cut import Cutter
from producers.tail.progress import HEAD_BYTES, FileAt, Identity, digest_of

READ_BYTES: Final = 1024 * 1024


class Candidate(NamedTuple):
    """A file of the directory, as far as it matters for knowing it again."""

    path: Path
    identity: Identity
    size: int
    modified: int

    @property
    def node(self) -> tuple[int, int]:
        """Device and inode."""
        return self.identity[:2]


def pick(known: FileAt, candidates: Sequence[Candidate]) -> Candidate | None:
    """The file that `known` is now, whatever its name; None if it is gone, or is another file by now.

    The same inode with the same first line first; else a copy with the same first line, newest first (a file restored
    to another disk, or what `copytruncate` left beside). One shorter than the position is another file.
    """
    same = [one for one in candidates if one.identity.digest == known.identity.digest and one.size >= known.position]
    by_inode = [one for one in same if one.identity.inode == known.identity.inode]
    return max(by_inode or same, key=lambda one: one.modified, default=None)


def look_around(path: Path) -> list[Candidate]:
    """The log and its rotated, uncompressed siblings: `access.log`, `access.log.1`, `access-20260101.log`.

    A file that is renamed while the others are looked at would be missed under both names: what has a new name by then
    is looked at as well, until nothing has.
    """
    rotated = re.compile(
        rf"{re.escape(path.name)}[.-]\d[\d.:T-]*|{re.escape(path.stem)}[.-]\d[\d.:T-]*{re.escape(path.suffix)}"
    )
    looked_at: dict[tuple[str, int], Candidate | None] = {}
    while True:
        with os.scandir(path.parent) as entries:
            there = {
                (entry.name, entry.inode())
                for entry in entries
                if entry.name == path.name or rotated.fullmatch(entry.name)
            }
        new = there - looked_at.keys()
        if not new:
            return [candidate for name, candidate in looked_at.items() if candidate and name in there]
        for name, inode in new:
            looked_at[name, inode] = None
            with suppress(OSError), path.with_name(name).open("rb", buffering=0) as file:  # gone meanwhile, or not ours
                looked_at[name, inode] = look_at(path.with_name(name), file.fileno())


def look_at(path: Path, descriptor: int) -> Candidate | None:
    """What an open file is; None if it is no regular file or its first line has no end yet."""
    status = os.fstat(descriptor)
    digest = digest_of(os.pread(descriptor, HEAD_BYTES, 0))
    if digest is None or not stat.S_ISREG(status.st_mode):
        return None
    return Candidate(path, Identity(status.st_dev, status.st_ino, digest), status.st_size, status.st_mtime_ns)


class Reader:
    """An open log file, read in order from a position. Its identity is known once its first line has an end."""

    def __init__(self, path: Path, identity: Identity | None = None, position: int = 0) -> None:
        """Open `path`.

        Args:
            path: its name now.
            identity: under which it was known before; None: a new one, asked for by `identify`.
            position: offset of the first byte to read; it begins a line.

        Raises:
            OSError: it cannot be opened.
        """
        self.path = path
        self.identity = identity
        self.cutter = Cutter(position)
        self.held_since: float | None = None
        self._file = path.open("rb", buffering=0)
        self._digest = identity.digest if identity else None
        # Until its first line has an end, a file is known by as much of it as was seen.
        self._head = b"" if identity else os.pread(self._file.fileno(), HEAD_BYTES, 0)
        status = os.fstat(self._file.fileno())
        self.node = (status.st_dev, status.st_ino)
        self.modified = status.st_mtime_ns  # as of the last look
        self._looked_at_size = -1 if identity else status.st_size

    @classmethod
    def of(cls, found: Candidate, identity: Identity, position: int = 0) -> Reader | None:
        """Open what was found; None if its name is another file's by now, or nobody's: look around again.

        Args:
            found: as it was when it was looked at.
            identity: under which it is known, which is that of the file it was copied from.
            position: as for a new one.
        """
        try:
            reader = cls(found.path, identity, position)
        except FileNotFoundError:
            return None
        now = look_at(found.path, reader._file.fileno())
        if now is None or now.identity != found.identity:
            reader.close()
            return None
        return reader

    def seek(self, position: int) -> None:
        """Read from there on; what was held is let go."""
        self.cutter = Cutter(position)

    def identify(self) -> Identity | None:
        """The file's identity; None while its first line has no end."""
        if self.identity is None:
            candidate = look_at(self.path, self._file.fileno())
            if candidate is not None:
                self.identity = candidate.identity
                self._digest = candidate.identity.digest
        return self.identity

    def read(self) -> bytes:
        """The next bytes; empty at the end of what is there."""
        return os.pread(self._file.fileno(), READ_BYTES, self.cutter.position)

    def range(self, start: int, end: int) -> bytes:
        """The bytes of a range, fewer if the file is shorter."""
        parts = []
        while start < end and (part := os.pread(self._file.fileno(), min(READ_BYTES, end - start), start)):
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def is_at_line_start(self) -> bool:
        """Whether the position follows a line break: if not, the file was written anew under the same first line."""
        start = self.cutter.start
        return start == 0 or os.pread(self._file.fileno(), 1, start - 1) == b"\n"

    def last_line_start(self) -> int:
        """Offset after the last line break there is."""
        end = os.fstat(self._file.fileno()).st_size
        while end > 0:
            start = max(0, end - READ_BYTES)
            at = os.pread(self._file.fileno(), end - start, start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            end = start
        return 0

    def was_truncated(self) -> bool:
        """Whether the file was written anew from its beginning since it was opened (logrotate's `copytruncate`).

        A file that grew past the position again, under the very same first line, between two looks is not noticed.
        """
        status = os.fstat(self._file.fileno())
        if status.st_size < self.cutter.position:
            return True
        if status.st_size != self._looked_at_size:
            head = os.pread(self._file.fileno(), HEAD_BYTES, 0)
            digest = digest_of(head)
            if not head.startswith(self._head) or (self._digest is not None and digest != self._digest):
                return True
            if digest != self._digest:
                return False  # its first line is new: what came before it is looked for from the last look on
            self._looked_at_size = status.st_size
            self._head = b"" if self._digest else head
        elif self._digest is None and status.st_mtime_ns != self.modified:
            return True  # as long as before, yet written to
        self.modified = status.st_mtime_ns
        return False

    def is_named(self, path: Path) -> bool:
        """Whether the open file is what `path` names now. False if nothing is there."""
        try:
            there = path.stat()
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == self.node

    def is_deleted(self) -> bool:
        """Whether the file has no name any more: nobody will open it again."""
        return os.fstat(self._file.fileno()).st_nlink == 0

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
