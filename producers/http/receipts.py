"""What a request became, and the answer that says so.

Routes collect events, records and reasons in an `Outcome`; `Edge.finish` makes the records durable, and only then the
receipt goes out with 202.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from producers.kafka import Record
from producers.sources.common import Rejected
from schemas import dead_letters
from schemas.base import event_id
from schemas.envelope import Event
from schemas.streams import DEAD_LETTERS

_REPLAY: Final = ("content-type", "content-encoding")
"""Headers that every dead letter of the edge keeps, beside those that its source's mapper reads."""


@dataclass
class Outcome:
    """What became of one request.

    Attributes:
        source: label of the counters: `github`, `kong`, `events`.
        receipt: digest of (who sent, what), the same for the same request sent again.
        records: to be made durable.
        accepted: events or gateway requests.
        ignored: reason code -> number.
        dead_lettered: reason code -> number.
        became: CloudEvents type (of a gateway's: `requests`) -> number, of what was accepted.
        latest: latest time that an accepted event names.
        replay_safe: False: the records cannot be told from a later, equal request; None: not said.
    """

    source: str
    receipt: str
    records: list[Record] = field(default_factory=list)
    accepted: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    dead_lettered: Counter[str] = field(default_factory=Counter)
    became: Counter[str] = field(default_factory=Counter)
    latest: datetime | None = None
    replay_safe: bool | None = None

    def accept(self, events: Sequence[Event]) -> None:
        """Count contract events that are on their way."""
        self.accepted = len(events)
        self.became.update(event.type for event in events)
        self.latest = max((event.time for event in events), default=None)

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        said = {} if self.replay_safe is None else {"replay_safe": self.replay_safe}
        return {
            "receipt": self.receipt,
            "accepted": self.accepted,
            "ignored": dict(self.ignored),
            "dead_lettered": dict(self.dead_lettered),
            **said,
        }


def receipt_of(sender: str, raw: bytes) -> str:
    """The receipt of a request body."""
    return event_id("receipt", sender, hashlib.sha256(raw).hexdigest())


def letter(
    path: str, rejected: Rejected, raw: bytes, headers: Mapping[str, str], replay_headers: tuple[str, ...] = ()
) -> Record:
    """A dead letter for what the edge could not use: the bytes as they came, the headers needed to try again.

    Its key spreads letters over partitions; equal letters have equal keys.
    """
    kept = [name.lower() for name in (*_REPLAY, *replay_headers)]
    made = dead_letters.DeadLetter(
        origin=f"http:/v1/{path}",
        partition=0,
        offset=0,
        reason=rejected.reason,
        detail=rejected.detail,
        key=event_id("dead-letter", path, hashlib.sha256(raw).hexdigest()).encode(),
        value=raw,
        headers=tuple((name, headers[name].encode()) for name in kept if name in headers),
    )
    key, value, pairs = dead_letters.to_kafka(made)
    return Record(DEAD_LETTERS.topic, key, value, tuple(pairs))
