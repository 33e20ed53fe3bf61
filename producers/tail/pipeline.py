"""Pieces of a log on their way: mapped, written down as intended, sent, counted - in order, a few at a time.

Between the shipper's loop (`shipper.py`, which knows files) and the way out (`outlets.py`). Mapping one unit overlaps
with sending the ones before it; at most `IN_FLIGHT` are on their way, and positions move on in order.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from producers.sources.common import GatewayMapped, Rejected
from producers.tail.cut import LINE_BYTES, Piece
from producers.tail.outlets import Outlet
from producers.tail.progress import Identity, Intent, Progress
from schemas.gateway import MAX_BYTES

IN_FLIGHT: Final = 2
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


class Pipeline:
    """Sends pieces and keeps `progress`, which others may move on as well, and `totals`."""

    def __init__(
        self,
        *,
        progress: Progress,
        keeper: Keeper,
        mapper: Mapper,
        outlet: Outlet,
        executor: Executor,
        is_told_to_stop: Callable[[], bool] = lambda: False,
        most_rejected: float = 0.5,
    ) -> None:
        """Nothing is sent yet.

        Args:
            progress: where an earlier run ended, or the beginning.
            keeper: made durable before and after each unit.
            mapper: lines -> rows.
            outlet: the way out.
            executor: runs the sends.
            is_told_to_stop: asked while waiting; `StoppedError` follows.
            most_rejected: share of bad lines in a unit beyond which the format must be another.
        """
        self.progress = progress
        self.totals = Totals()
        self._saved: Progress | None = None
        self._keeper = keeper
        self._mapper = mapper
        self._outlet = outlet
        self._executor = executor
        self._is_told_to_stop = is_told_to_stop
        self._most_rejected = most_rejected
        self._flying: deque[_Flight] = deque()

    def ship(self, identity: Identity, piece: Piece) -> None:
        """Send a piece of a file; returns when it is on its way and its intent is durable.

        Raises:
            WrongFormatError, StoppedError, OSError, and what the outlet raises.
        """
        if piece.is_too_long:
            reason = Rejected("line_too_long", f"expected lines of at most {LINE_BYTES:,} bytes, got one longer", 0)
            self._fly(_Flight(Intent(identity, piece.start, piece.end, ""), None, 1, None, (reason,)))
            return
        intent = self.progress.intent(identity, piece.start, piece.end, piece.raw)
        mapped = self._mapper(piece.raw, intent.unit)
        self._check_format(piece, mapped)
        packet = self._outlet.pack(mapped.rows) if mapped.rows.num_rows else None
        if packet and packet.size > MAX_BYTES and piece.lines > 1:
            for half in piece.halves():
                self.ship(identity, half)
            return
        while len([flight for flight in self._flying if flight.future]) >= IN_FLIGHT:
            self._settle()
        future = None
        if packet:
            self.progress = self.progress.intend(intent)
            self.save()
            future = self._executor.submit(self._outlet.send, packet)
        self._fly(_Flight(intent, future, piece.lines, mapped, mapped.rejected))

    def resend(self, identity: Identity, read: Callable[[int, int], bytes]) -> bool:
        """Send again what was intended of a file, and wait; False if its bytes are not what they were.

        Args:
            identity: of the file.
            read: (from, to) -> its bytes now.

        Raises:
            StoppedError, OSError, and what the outlet raises.
        """
        intended = [one for one in self.progress.intents if one.identity == identity]
        raws = [read(one.start, one.end) for one in intended]
        if [
            self.progress.intent(identity, *_range(one, raw)) for one, raw in zip(intended, raws, strict=True)
        ] != intended:
            return False
        for intent, raw in zip(intended, raws, strict=True):
            mapped = self._mapper(raw, intent.unit)
            packet = self._outlet.pack(mapped.rows)
            future = self._executor.submit(self._outlet.send, packet) if mapped.rows.num_rows else None
            self._fly(_Flight(intent, future, raw.count(b"\n"), mapped, mapped.rejected))
            self.totals.resent += 1
        self.drain()
        return True

    def drain(self) -> None:
        """Wait for all that is on its way, and write down that it arrived."""
        while self._flying:
            self._settle()
        self.save()

    def stop(self, seconds: float) -> bool:
        """Stop within `seconds`; gives whether all that was on its way arrived; the next start sends the rest."""
        wait_for([flight.future for flight in self._flying if flight.future], timeout=seconds)
        while self._flying and ((future := self._flying[0].future) is None or future.done()):
            self._settle()
        self.save()
        return not self._flying

    def save(self) -> None:
        """Write the progress down if it moved."""
        if self.progress != self._saved:
            self._keeper.save(self.progress)
            self._saved = self.progress

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
        self.progress = self.progress.settle(intent)
        self.totals.lines += flight.lines
        self.totals.bytes += intent.end - intent.start
        self.totals.rejected.update(rejected.reason for rejected in flight.rejected)
        if flight.mapped:
            self.totals.units += flight.future is not None
            self.totals.requests += flight.mapped.rows.num_rows
            self.totals.ignored.update(flight.mapped.ignored)

    def _check_format(self, piece: Piece, mapped: GatewayMapped) -> None:
        bad = len(mapped.rejected)
        if piece.lines >= FEW_LINES and bad > self._most_rejected * piece.lines:
            raise WrongFormatError(
                f"{bad:,} of {piece.lines:,} lines at bytes {piece.start:,}..{piece.end:,} cannot be read; "
                f"the first: {mapped.rejected[0]}. None was sent: check --format, or raise --most-rejected"
            )


def _range(intent: Intent, raw: bytes) -> tuple[int, int, bytes]:
    return intent.start, intent.end, raw
