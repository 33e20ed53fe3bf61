"""A world for the log shipper: a folder with a log, a service that counts each unit once, and crashes on demand."""

from __future__ import annotations

import os
import threading
from collections import Counter
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pyarrow as pa

from producers.sources.common import GatewayMapped, Rejected
from producers.tail.files import Reader
from producers.tail.outlets import Packet
from producers.tail.pipeline import Pipeline
from producers.tail.progress import Progress
from producers.tail.shipper import Shipper
from producers.tail.store import Store


class Crashed(BaseException):
    """The process ended here."""


class Service:
    """Counts each unit once, as the warehouse does; every line of a unit is a row."""

    def __init__(self) -> None:
        self.units: dict[str, list[bytes]] = {}
        self.posts = 0
        self._lock = threading.Lock()

    def pack(self, rows: pa.Table) -> Packet:
        return Packet(rows.nbytes, rows)

    def send(self, packet: Packet) -> None:
        rows = packet.payload.to_pylist()
        with self._lock:
            self.posts += 1
            self.units[rows[0]["unit"]] = [row["line"] for row in rows]

    def counted(self) -> Counter[bytes]:
        return Counter(line for lines in self.units.values() for line in lines)


def by_line(raw: bytes, unit: str) -> GatewayMapped:
    """One row a line; a line that begins with `bad` is rejected."""
    rows, rejected, offset = [], [], 0
    for line in raw.splitlines(keepends=True):
        if line.startswith(b"bad"):
            rejected.append(Rejected("malformed", "expected something good", offset))
        else:
            rows.append({"unit": unit, "line": line})
        offset += len(line)
    schema = pa.schema([("unit", pa.string()), ("line", pa.binary())])
    return GatewayMapped(pa.Table.from_pylist(rows, schema=schema), rejected=tuple(rejected))


class AtOnce(Executor):
    """Sends when it is told to, in the one thread there is."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - a crash is told by the future, as an error is
            future.set_exception(error)
        return future


class World:
    """A log, its folder, its shippers. Rotated files get increasing times, as in life they have."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "access.log"
        self.state = folder / "state"
        self.service = Service()
        self.written: list[bytes] = []
        self._open = b""
        self._rotations = 0
        self._clock = 1_700_000_000
        self._shipper: Shipper | None = None
        self._store: Store | None = None
        self.now = 0.0

    def write(self, text: bytes, *, path: Path | None = None) -> None:
        with (path or self.log).open("ab") as file:
            file.write(text)
        self._stamp(path or self.log)
        *lines, self._open = (self._open + text).split(b"\n")
        self.written += [line + b"\n" for line in lines]

    def rename(self) -> Path:
        """Logrotate's default: the log gets another name, a new one is made."""
        self._end_line()
        self._rotations += 1
        rotated = self.log.with_name(f"access.log.{self._rotations}")
        self.log.rename(rotated)
        self.log.touch()
        self._stamp(self.log)
        return rotated

    def copytruncate(self) -> Path:
        """Logrotate's copytruncate: the log is copied, then emptied."""
        self._end_line()
        self._rotations += 1
        copy = self.log.with_name(f"access.log.{self._rotations}")
        copy.write_bytes(self.log.read_bytes())
        self._stamp(copy)
        os.truncate(self.log, 0)
        self._stamp(self.log)
        return copy

    def shipper(self, *, at_end: bool = False, store: type[Store] = Store, outlet: Any = None) -> Shipper:
        """A started shipper that goes on where the last one ended or crashed."""
        self.crash()
        self._store = store(self.state, self.log)
        progress = self._store.load() or Progress("host")
        self.pipeline = Pipeline(
            progress=progress,
            keeper=self._store,
            mapper=by_line,
            outlet=outlet or self.service,
            executor=AtOnce(),
        )
        self._shipper = Shipper(self.log, self.pipeline)
        self._shipper.start(at_end=at_end)
        return self._shipper

    def crash(self) -> None:
        """The shipper's process ends without a word."""
        if self._shipper:
            for reader in self._shipper._readers:
                Reader.close(reader)
        if self._store:
            self._store.close()
        self._shipper = self._store = None

    def poll(self, shipper: Shipper, seconds: float = 0.0) -> None:
        """Let the shipper read all there is after so many seconds."""
        self.now += seconds
        while shipper.poll(self.now):
            pass

    def ship(self, shipper: Shipper) -> None:
        """Let the shipper read all there is, and wait until no whole line waits."""
        self.poll(shipper)
        self.poll(shipper, 1.0)

    def _end_line(self) -> None:
        if self._open:
            self.write(b"\n")

    def _stamp(self, path: Path) -> None:
        self._clock += 1
        os.utime(path, (self._clock, self._clock))
