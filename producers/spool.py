"""The outbox's files: records on disk in segments, fsynced, and a note of what need not be sent again.

A segment is a run of frames (marker, length, checksum, number, record as MessagePack), appended to until it is full,
deleted whole. What a crash tore at a segment's end is not there; what a disk damaged in its middle is skipped and said,
and the frames after it are found again by the marker: eight random bytes in the segment's name, which no sender can put
into a payload. Plain files and blocking calls: `outbox.py` calls them in threads.
"""

from __future__ import annotations

import bisect
import contextlib
import fcntl
import json
import logging
import os
import secrets
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from producers.kafka import Record

log = logging.getLogger(__name__)

SEGMENT_BYTES: Final = 16 * 1024 * 1024
MARKER_BYTES: Final = 8
_HEAD: Final = struct.Struct("<IIQ")
_NUMBER: Final = struct.Struct("<Q")
_BEFORE: Final = MARKER_BYTES + _HEAD.size
_decoder: Final = msgspec.msgpack.Decoder(Record)

Ranges = list[tuple[int, int]]
"""Closed ranges of entry numbers, ascending."""


class SpoolError(RuntimeError):
    """The folder cannot be used as an outbox; the message says why."""


class Place(NamedTuple):
    """Where a frame is: its segment (the number of that segment's first entry), offset and size in bytes."""

    segment: int
    offset: int
    size: int


@dataclass(frozen=True)
class Found:
    """A frame found on disk; its record is read again when its turn comes."""

    number: int
    place: Place
    topic: str
    key: bytes


def frame(number: int, record: Record) -> bytes:
    """The frame of an entry, without its segment's marker."""
    body = msgspec.msgpack.encode(record)
    return _HEAD.pack(len(body), _checksum(number, body), number) + body


def scan(data: bytes, marker: bytes) -> Iterator[tuple[int, int, int]]:
    """The whole frames in a segment's bytes: (number, offset, size). Whatever else is there is passed over."""
    offset = data.find(marker)
    while offset >= 0:
        size = _size_at(data, offset)
        if size:
            number: int = _HEAD.unpack_from(data, offset + MARKER_BYTES)[2]
            yield number, offset, size
        offset = data.find(marker, offset + (size or 1))


def _size_at(data: bytes, offset: int) -> int:
    """Size of the whole, undamaged frame that begins there; 0 if none does."""
    start = offset + _BEFORE
    if start > len(data):
        return 0
    length, checksum, number = _HEAD.unpack_from(data, offset + MARKER_BYTES)
    body = memoryview(data)[start : start + length]
    return _BEFORE + length if len(body) == length and _checksum(number, body) == checksum else 0


def _checksum(number: int, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(_NUMBER.pack(number)))


class Spool:
    """A folder of segments. Appending belongs to one thread; `remember` and `read` may run beside it."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Take the folder for this process alone.

        Raises:
            SpoolError: another process has it.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise SpoolError(f"{folder} is another process's outbox: end that one, or set another folder") from error
        self._file: int | None = None
        self._segment = 0
        self._marker = b""
        self._size = 0
        self._paths: dict[int, Path] = {}
        self._readers: dict[int, int] = {}
        self._noting = threading.Lock()  # a note that was given up waiting for may still be on its way

    def load(self) -> tuple[list[Found], int]:
        """What is to be sent again, in order, and the number of the next entry. Once, before anything else."""
        settled = self._settled()
        last = settled[-1][1] if settled else 0
        found: list[Found] = []
        for path in sorted(self._folder.glob("*.log")):
            kept = len(found)
            for one in self._frames(path):
                last = max(last, one.number)
                if not _within(settled, one.number):
                    found.append(one)
            if len(found) == kept:
                path.unlink()
            else:
                self._paths[_segment_of(path)] = path
        self._sync_folder()
        return found, last + 1

    def append(self, frames: Sequence[tuple[int, bytes]]) -> list[Place]:
        """Write (number, frame) pairs and wait for the disk; all of them are durable when it returns.

        Raises:
            OSError: none of them is known to be; the next call begins a new segment.
        """
        if self._file is None or self._size >= self._segment_bytes:
            self._begin(frames[0][0])
        file = self._file
        assert file is not None
        start = self._size
        try:
            rest = memoryview(b"".join(self._marker + data for _, data in frames))
            while rest:
                rest = rest[os.write(file, rest) :]
            _sync(file)
        except OSError:
            # What the disk holds of these pages is unknown from here on: never append behind them.
            self._file = None
            with contextlib.suppress(OSError):
                os.ftruncate(file, start)
                if not start:  # a disk that stays full must not fill with empty segments
                    self._paths.pop(self._segment).unlink()
            os.close(file)
            raise
        places: list[Place] = []
        for _, data in frames:
            places.append(Place(self._segment, self._size, MARKER_BYTES + len(data)))
            self._size += MARKER_BYTES + len(data)
        return places

    def read(self, place: Place) -> Record:
        """The record at a place, from disk (or, when it was just written, from memory)."""
        reader = self._readers.get(place.segment)
        if reader is None:
            reader = self._readers[place.segment] = os.open(self._paths[place.segment], os.O_RDONLY)
        data = os.pread(reader, place.size, place.offset)
        if len(data) != place.size or _size_at(data, 0) != place.size:
            raise SpoolError(f"{self._paths[place.segment]} is damaged at byte {place.offset}")
        return _decoder.decode(memoryview(data)[_BEFORE:])

    def remember(self, settled: Ranges, gone: Sequence[int]) -> None:
        """Note which entries need not be sent again, durably; then delete segments that hold no other."""
        with self._noting:
            draft = self._folder / "settled.tmp"
            with draft.open("w") as file:
                json.dump(settled, file)
                file.flush()
                _sync(file.fileno())
            draft.replace(self._folder / "settled.json")
            for segment in gone:
                self._paths.pop(segment).unlink()
            self._sync_folder()

    def forget_reader(self, segment: int) -> None:
        """Close the reading side of a segment that is about to go."""
        reader = self._readers.pop(segment, None)
        if reader is not None:
            os.close(reader)

    def close(self) -> None:
        """Let go of the files and the folder."""
        for segment in list(self._readers):
            self.forget_reader(segment)
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._lock.close()

    def _frames(self, path: Path) -> Iterator[Found]:
        data = path.read_bytes()
        end = 0
        segment = _segment_of(path)
        for number, offset, size in scan(data, bytes.fromhex(path.stem.partition("-")[2])):
            if offset != end:
                log.error("%s is damaged at byte %d: %d bytes are skipped", path, end, offset - end)
            end = offset + size
            record = _decoder.decode(memoryview(data)[offset + _BEFORE : end])
            yield Found(number, Place(segment, offset, size), record.topic, record.key)
        if end != len(data):
            log.warning("%s ends with %d bytes of an unfinished write", path, len(data) - end)

    def _begin(self, number: int) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._marker = secrets.token_bytes(MARKER_BYTES)
        path = self._folder / f"{number:020d}-{self._marker.hex()}.log"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            self._sync_folder()
        except OSError:
            # The segment's name may not be on disk: nothing in it would be durable.
            os.close(file)
            path.unlink(missing_ok=True)
            raise
        self._file, self._paths[number] = file, path
        self._segment, self._size = number, 0

    def _settled(self) -> Ranges:
        try:
            return [(low, high) for low, high in json.loads((self._folder / "settled.json").read_bytes())]
        except FileNotFoundError:
            return []
        except ValueError:
            log.exception("the note of settled entries cannot be read: all entries are sent again")
            return []

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            _sync(folder)
        finally:
            os.close(folder)


def _sync(file: int) -> None:
    if hasattr(fcntl, "F_FULLFSYNC"):  # macOS: fsync alone leaves the data in the drive's cache
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)
    else:
        os.fsync(file)


def _segment_of(path: Path) -> int:
    return int(path.stem.partition("-")[0])


def _within(ranges: Ranges, number: int) -> bool:
    after = bisect.bisect_right(ranges, number, key=lambda one: one[0])
    return after > 0 and number <= ranges[after - 1][1]
