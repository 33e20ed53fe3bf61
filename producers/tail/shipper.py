"""The shipper's loop: read, cut, map, write the intent, send, move on - through rotations and crashes.

Between the log file and the ingest service (`outlets.py`). Mapping one unit overlaps with sending the ones before it;
at most `IN_FLIGHT` are on their way, and positions move on in order. Nothing here looks at a clock: `poll` is told.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from producers.sources.common import GatewayMapped, Rejected
from producers.tail.cut import LINE_BYTES, Piece
from producers.tail.files import Reader, look_around, pick
from producers.tail.outlets import Outlet
from producers.tail.progress import FileAt, Identity, Intent, Progress
from schemas.gateway import MAX_BYTES

IN_FLIGHT: Final = 2
LINGER: Final = 1.0
"""Seconds that a whole line may wait for others before it is sent."""
ROTATED: Final = 3
"""Rotated files kept open: their writer may still be told to let go of them."""
TOLD_EVERY: Final = 0.5
"""Seconds between two looks, while waiting for the service, whether to stop."""
FEW_LINES: Final = 20
"""Of fewer lines no share of bad ones is judged."""

Mapper = Callable[[bytes, str], GatewayMapped]
"""(whole lines, unit) -> rows."""


class WrongFormatError(ValueError):
    """Most lines cannot be read: the format is another one. Nothing of the unit was sent."""


class StoppedError(Exception):
    """The shipper was told to stop while it waited; what is on its way is written down."""


class Keeper(Protocol):
    """Where progress and rejected lines are kept (`store.Store`)."""

    def save(self, progress: Progress) -> None:
        """Durable on return."""

    def reject(self, lines: list[dict[str, Any]]) -> None:
        """Durable on return."""


@dataclass
class Totals:
    """What was done since the start.

    Attributes:
        lines: shipped or passed over, of `bytes` bytes.
        requests: rows taken by the service, in `units` units.
        resent: of those units, sent again after a crash.
        rejected: reason -> lines that could not be read.
        ignored: reason -> lines left out on purpose.
        notes: what somebody should know, in words.
    """

    lines: int = 0
    bytes: int = 0
    units: int = 0
    requests: int = 0
    resent: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Flight:
    """A range on its way; without a future there was nothing to send."""

    intent: Intent
    future: Future[None] | None
    lines: int
    mapped: GatewayMapped | None
    rejected: tuple[Rejected, ...]


class Shipper:
    """Ships one log, and what it is rotated to."""

    def __init__(
        self,
        log: Path,
        *,
        progress: Progress,
        keeper: Keeper,
        mapper: Mapper,
        outlet: Outlet,
        executor: Executor,
        is_told_to_stop: Callable[[], bool] = lambda: False,
        most_rejected: float = 0.5,
    ) -> None:
        """Nothing is read yet, see `start`.

        Args:
            log: path that is written to.
            progress: where an earlier run ended, or the beginning.
            keeper: made durable before and after each unit.
            mapper: lines -> rows.
            outlet: the way out.
            executor: runs the sends.
            is_told_to_stop: asked while waiting; `StoppedError` follows.
            most_rejected: share of bad lines in a unit beyond which the format must be another.
        """
        self.totals = Totals()
        self._log = log
        self._progress = progress
        self._saved: Progress | None = None
        self._keeper = keeper
        self._mapper = mapper
        self._outlet = outlet
        self._executor = executor
        self._is_told_to_stop = is_told_to_stop
        self._most_rejected = most_rejected
        self._flying: deque[_Flight] = deque()
        self._readers: list[Reader] = []

    def start(self, *, at_end: bool = False) -> None:
        """Find the files again and send what was intended.

        Args:
            at_end: skip what is in the log now; for a first start.

        Raises:
            WrongFormatError, StoppedError, OSError, and what the outlet raises.
        """
        candidates = look_around(self._log)
        last = None
        for known in self._progress.files:
            found = pick(known, candidates, [reader.path for reader in self._readers])
            reader = Reader(found.path, known.identity, known.position) if found else None
            if reader and reader.is_at_line_start() and self._resend(reader):
                self._readers.append(reader)
            else:
                self._lose(known, reader)
                reader = None
            last = reader, found
        if last and last[0] and last[1] and last[1].path != self._log:
            self._add_unseen(after=last[1].modified)
        self._add_log(at_end=at_end)
        self._save()

    def poll(self, now: float, *, flush: bool = False) -> bool:
        """Ship what there is; gives whether anything was read.

        Args:
            now: seconds on any steady clock; lines that waited for `LINGER` are sent.
            flush: do not let whole lines wait.

        Raises:
            WrongFormatError, StoppedError, OSError, and what the outlet raises.
        """
        self._follow()
        was_busy = [self._pump(reader, now, flush=flush) for reader in list(self._readers)]
        self._let_go()
        if any(was_busy):
            return True
        self.drain()
        return False

    def drain(self) -> None:
        """Wait for all that is on its way, and write down that it arrived."""
        while self._flying:
            self._settle()
        self._save()

    def stop(self, seconds: float) -> bool:
        """Stop within `seconds`; gives whether all that was on its way arrived; the next start sends the rest."""
        wait_for([flight.future for flight in self._flying if flight.future], timeout=seconds)
        while self._flying and ((future := self._flying[0].future) is None or future.done()):
            self._settle()
        self._save()
        return not self._flying

    @property
    def partial(self) -> int:
        """Bytes of a last line without an end, which waits."""
        return sum(reader.cutter.partial for reader in self._readers)

    def _pump(self, reader: Reader, now: float, *, flush: bool) -> bool:
        identity = reader.identity
        if identity is None:
            return self._identify(reader)
        data = reader.read()
        for piece in reader.cutter.feed(data):
            self._ship(identity, piece)
            reader.held_since = None
        if reader.held_since is None:
            reader.held_since = now
        # At full speed, and in a single pass, cuts are a function of the bytes alone.
        is_due = not data if flush else now - reader.held_since >= LINGER
        if not reader.cutter.lines:
            reader.held_since = None
        elif is_due:
            reader.held_since = None
            for piece in reader.cutter.flush():
                self._ship(identity, piece)
        return bool(data)

    def _identify(self, reader: Reader) -> bool:
        """Ask for a new file's identity; gives whether it has one now. It is read after those that are older."""
        looked_at = reader.modified
        identity = reader.identify()
        if identity is None:
            return False
        if self._progress.files and reader is self._readers[-1]:
            # What was in it may have been copied away and truncated before its first line was seen.
            self._readers.remove(reader)
            self._add_unseen(after=looked_at)
            self._readers.append(reader)
        if self._progress.position(identity) is None:
            self._progress = self._progress.at(identity, reader.cutter.start)
        return True

    def _ship(self, identity: Identity, piece: Piece) -> None:
        if piece.is_too_long:
            reason = Rejected("line_too_long", f"expected lines of at most {LINE_BYTES:,} bytes, got one longer", 0)
            self._fly(_Flight(Intent(identity, piece.start, piece.end, ""), None, 1, None, (reason,)))
            return
        intent = self._progress.intent(identity, piece.start, piece.end, piece.raw)
        mapped = self._mapper(piece.raw, intent.unit)
        self._check_format(piece, mapped)
        packet = self._outlet.pack(mapped.rows) if mapped.rows.num_rows else None
        if packet and packet.size > MAX_BYTES and piece.lines > 1:
            for half in piece.halves():
                self._ship(identity, half)
            return
        while len([flight for flight in self._flying if flight.future]) >= IN_FLIGHT:
            self._settle()
        future = None
        if packet:
            self._progress = self._progress.intend(intent)
            self._save()
            future = self._executor.submit(self._outlet.send, packet)
        self._fly(_Flight(intent, future, piece.lines, mapped, mapped.rejected))

    def _resend(self, reader: Reader) -> bool:
        """Send again what was intended of a file; False if its bytes are not what they were."""
        for intent in [one for one in self._progress.intents if one.identity == reader.identity]:
            raw = reader.range(intent.start, intent.end)
            if self._progress.intent(intent.identity, intent.start, intent.end, raw) != intent:
                return False
            mapped = self._mapper(raw, intent.unit)
            packet = self._outlet.pack(mapped.rows)
            future = self._executor.submit(self._outlet.send, packet) if mapped.rows.num_rows else None
            self._fly(_Flight(intent, future, raw.count(b"\n"), mapped, mapped.rejected))
            self.totals.resent += 1
        while self._flying:
            self._settle()
        reader.seek(self._progress.position(reader.identity) or 0 if reader.identity else 0)
        return True

    def _fly(self, flight: _Flight) -> None:
        self._flying.append(flight)
        while self._flying and self._flying[0].future is None:
            self._settle()

    def _settle(self) -> None:
        """The oldest range arrived (wait for it): count it and move on."""
        flight = self._flying[0]
        if flight.future:
            while not wait_for([flight.future], timeout=TOLD_EVERY).done:
                if self._is_told_to_stop():
                    raise StoppedError
            flight.future.result()
        self._flying.popleft()
        intent = flight.intent
        self._keeper.reject(
            [
                {
                    "file": intent.identity.range(intent.start, intent.end),
                    "offset": intent.start + (rejected.position or 0),
                    "reason": rejected.reason,
                    "detail": rejected.detail,
                }
                for rejected in flight.rejected
            ]
        )
        self._progress = self._progress.settle(intent)
        self.totals.lines += flight.lines
        self.totals.bytes += intent.end - intent.start
        self.totals.rejected.update(rejected.reason for rejected in flight.rejected)
        if flight.mapped:
            self.totals.units += flight.future is not None
            self.totals.requests += flight.mapped.rows.num_rows
            self.totals.ignored.update(flight.mapped.ignored)

    def _save(self) -> None:
        if self._progress != self._saved:
            self._keeper.save(self._progress)
            self._saved = self._progress

    def _check_format(self, piece: Piece, mapped: GatewayMapped) -> None:
        bad = len(mapped.rejected)
        if piece.lines >= FEW_LINES and bad > self._most_rejected * piece.lines:
            raise WrongFormatError(
                f"{bad:,} of {piece.lines:,} lines at bytes {piece.start:,}..{piece.end:,} of {self._log} cannot be "
                f"read; the first: {mapped.rejected[0]}. None was sent: check --format, or raise --most-rejected"
            )

    def _follow(self) -> None:
        """Notice that the log was rotated."""
        current = self._readers[-1] if self._readers else None
        if current is None:
            self._add_log()
        elif current.was_truncated():
            self._truncated(current)
        elif not current.is_named(self._log) and self._log.exists():
            self._add_unseen(after=current.modified)
            self._add_log()

    def _truncated(self, current: Reader) -> None:
        """The log was copied and truncated: finish the copy, begin anew what was written since."""
        self.drain()
        identity, position, after = current.identity, current.cutter.start, current.modified
        self._readers.remove(current)
        if identity is not None:
            copy = pick(FileAt(identity, position), [one for one in look_around(self._log) if one.path != self._log])
            if copy:
                self._readers.append(Reader(copy.path, identity, position))
                after = copy.modified
            else:
                for piece in current.cutter.flush():
                    self._ship(identity, piece)
                self.drain()
                self._lose(FileAt(identity, current.cutter.start), None)
        current.close()
        self._add_unseen(after=after)
        self._add_log()

    def _add_log(self, *, at_end: bool = False) -> None:
        """Begin with the log, unless it is one of those that are read."""
        if not self._log.exists():
            return
        for reader in self._readers:
            if reader.is_named(self._log):
                self._readers.remove(reader)
                self._readers.append(reader)
                return
        reader = Reader(self._log)
        if at_end and (identity := reader.identify()):
            reader.seek(reader.last_line_start())
            self._progress = self._progress.at(identity, reader.cutter.start)
        self._readers.append(reader)

    def _add_unseen(self, *, after: int) -> None:
        """Begin with siblings that were written and rotated while nobody looked: newer than the last one known."""
        known = {at.identity.digest for at in self._progress.files}
        unseen = [
            one
            for one in look_around(self._log)
            if one.modified > after
            and one.path != self._log
            and one.identity.digest not in known
            and not any(reader.is_named(one.path) for reader in self._readers)
        ]
        for one in sorted(unseen, key=lambda one: one.modified):
            self._readers.append(Reader(one.path, one.identity))
            self._progress = self._progress.at(one.identity, 0)

    def _let_go(self) -> None:
        """Close rotated files that nobody can write to any more, or that are too many."""
        for reader in self._readers[:-1]:
            is_finished = not reader.cutter.lines and not reader.read()
            if is_finished and (reader.is_deleted() or len(self._readers) > ROTATED + 1):
                self.drain()
                self._readers.remove(reader)
                if reader.is_deleted() and reader.identity:
                    self._progress = self._progress.forget(reader.identity)
                reader.close()

    def _lose(self, known: FileAt, reader: Reader | None) -> None:
        """A file is gone: say which of its lines nobody counted."""
        if reader:
            reader.close()
        intended = [one for one in self._progress.intents if one.identity == known.identity]
        if known == self._progress.files[-1] or intended:
            said = ", ".join(f"{one.start:,}..{one.end:,} may or may not be counted" for one in intended)
            self.totals.notes.append(
                f"the log known as {known.identity.range(0, known.position)} is gone (compressed, deleted or written "
                f"anew): what was added after byte {known.position:,} is not counted{'; bytes ' + said if said else ''}"
            )
        self._progress = self._progress.forget(known.identity)
