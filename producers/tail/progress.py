"""What a shipper has promised and what is done: the state that makes a byte range count once. Pure.

The order is: write the intent (exact range and unit) durably, send, move the position on durably. After a crash the
intended ranges are sent again exactly as they were; their units are the same, so they count once. Without the intent a
cut that a timer chose would fall elsewhere the second time, and its lines would count twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from schemas.base import event_id
from schemas.gateway import unit_id

HEAD_BYTES = 64 * 1024
"""As much of a file as is looked at to know it again."""
_VERSION = 1


class StateError(ValueError):
    """A state file that cannot be read: what was expected and what came."""


class Identity(NamedTuple):
    """What a file is known by, whatever it is called: inodes are reused, so its first line belongs to it."""

    device: int
    inode: int
    digest: str

    def range(self, start: int, end: int) -> str:
        """The position that goes into a unit's id."""
        return f"{self.device:x}:{self.inode:x}:{self.digest}:{start}-{end}"


def digest_of(head: bytes) -> str | None:
    """Digest of a file's first line, given its first `HEAD_BYTES`; None while that line has no end.

    A first line longer than `HEAD_BYTES` is known by as much of it.
    """
    line, end, _ = head.partition(b"\n")
    if not end and len(head) < HEAD_BYTES:
        return None
    return event_id("first-line", line[:HEAD_BYTES].hex())


@dataclass(frozen=True)
class FileAt:
    """A file and the offset up to which its lines are counted."""

    identity: Identity
    position: int


@dataclass(frozen=True)
class Intent:
    """A byte range that is about to be sent, or was, as one unit."""

    identity: Identity
    start: int
    end: int
    unit: str


@dataclass(frozen=True)
class Progress:
    """All that survives a crash.

    Attributes:
        source: who ships: part of every unit's id, so it stays what it was when the state was made.
        files: oldest first; the last is the one that was written to.
        intents: in the order in which they were sent; at most as many as may be in flight.
    """

    source: str
    files: tuple[FileAt, ...] = ()
    intents: tuple[Intent, ...] = ()

    def position(self, identity: Identity) -> int | None:
        """Offset up to which a file is counted; None if it is not known."""
        return next((at.position for at in self.files if at.identity == identity), None)

    def at(self, identity: Identity, position: int) -> Progress:
        """A file is counted up to `position`; a new one becomes the last."""
        moved = FileAt(identity, position)
        if self.position(identity) is None:
            return replace(self, files=(*self.files, moved))
        return replace(self, files=tuple(moved if at.identity == identity else at for at in self.files))

    def intent(self, identity: Identity, start: int, end: int, raw: bytes) -> Intent:
        """The unit that a range is, by what is in it."""
        return Intent(identity, start, end, unit_id(self.source, identity.range(start, end), raw))

    def intend(self, intent: Intent) -> Progress:
        """The range is about to be sent: write this down first."""
        return replace(self, intents=(*self.intents, intent))

    def settle(self, intent: Intent) -> Progress:
        """The range was taken by the service: move on."""
        kept = tuple(other for other in self.intents if other != intent)
        return replace(self, intents=kept).at(intent.identity, intent.end)

    def forget(self, identity: Identity) -> Progress:
        """The file is gone, and what was intended of it."""
        return replace(
            self,
            files=tuple(at for at in self.files if at.identity != identity),
            intents=tuple(intent for intent in self.intents if intent.identity != identity),
        )


def to_json(progress: Progress) -> str:
    """The state file's text."""
    return json.dumps({"version": _VERSION, **asdict(progress)}, indent=1)


def from_json(text: str) -> Progress:
    """The progress in a state file.

    Raises:
        StateError: it is none of this version.
    """
    try:
        stored: dict[str, Any] = json.loads(text)
        if stored["version"] != _VERSION:
            raise StateError(f"expected a tail state of version {_VERSION}, got {stored['version']!r}")
        return Progress(
            source=stored["source"],
            files=tuple(FileAt(Identity(*at["identity"]), at["position"]) for at in stored["files"]),
            intents=tuple(Intent(**{**one, "identity": Identity(*one["identity"])}) for one in stored["intents"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise StateError(f"expected a tail state, got {type(error).__name__}: {error}") from error
