"""What every source shares: the mapper's context, what it gives back, how it refuses.

First stop of an event: the edge hands a vendor's payload to a mapper (`registry.py`), which gives contract events or
gateway rows and counts what it left out. Mappers are pure: no clock, no I/O, no catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from schemas.base import EARLIEST, LATEST, Contract
from schemas.envelope import Event

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_MISTAKES = 10


@dataclass(frozen=True)
class Context:
    """What a mapper may know besides the payload.

    Attributes:
        salt: key of the hashes that stand for persons.
    """

    salt: bytes


@dataclass(frozen=True)
class Mapped:
    """What a payload became.

    Attributes:
        events: contract events, each with its own identity; empty when nothing of ours is in the payload.
        ignored: one reason code per thing left out on purpose, e.g. `github:star`.
    """

    events: tuple[Event, ...] = ()
    ignored: tuple[str, ...] = ()


class Rejected(ValueError):  # noqa: N818 - the word of the dead letters
    """A payload (or one record of it) of a known type that cannot be read; it goes to the dead letters.

    Attributes:
        reason: reason code in snake case.
        detail: what was expected, what came, what to do; never a value that may be secret.
        position: index of the record in its request, or offset of the line in its chunk in bytes; None: all of it.
    """

    def __init__(self, reason: str, detail: str, position: int | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.position = position


@dataclass(frozen=True)
class GatewayMapped:
    """What a unit of gateway records became.

    Attributes:
        rows: table of `schemas.gateway.SCHEMA`, in the records' order.
        ignored: one reason code per record left out on purpose.
        rejected: the records that cannot be read, each with its position.
    """

    rows: pa.Table
    ignored: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()


M = TypeVar("M", bound=Contract)

EventMapper = Callable[[Any, Mapping[str, str], Context], Mapped]
"""(parsed payload, request headers in any case, context) -> events. Raises Rejected, nothing else."""

GatewayMapper = Callable[..., GatewayMapped]
"""(records, *, unit, context) -> rows of that unit; a bad record is rejected alone. Raises nothing."""

BytesMapper = Callable[..., "tuple[pa.Table, list[int]]"]
"""(records' bytes, *, unit, context) -> rows, and the indexes of what is left to the mapper of records: whatever is not
one record, written as documented. What it maps it maps as that one does. Raises nothing."""


def contract(make: Callable[[], M]) -> M:
    """The model that `make` builds; a broken contract becomes a `Rejected` that names the fields, not their values."""
    try:
        return make()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)
        where = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in first[:5])
        reason = "time_out_of_range" if "time_out_of_range" in where else "contract"
        expected = f"times within {EARLIEST:%Y}..{LATEST:%Y}" if reason != "contract" else "values of the contract"
        raise Rejected(reason, f"expected {expected}, got {where}") from None


def together(mapped: Iterable[Mapped]) -> Mapped:
    """What the parts of a payload became, in their order."""
    parts = list(mapped)
    return Mapped(
        events=tuple(event for one in parts for event in one.events),
        ignored=tuple(reason for one in parts for reason in one.ignored),
    )


def listed(mistakes: Sequence[str]) -> str:
    """The first ten mistakes of a file that is refused whole, and how many more there are."""
    more = f" (and {len(mistakes) - _MOST_MISTAKES} more)" if len(mistakes) > _MOST_MISTAKES else ""
    return "; ".join(mistakes[:_MOST_MISTAKES]) + more


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A request header whatever its case; None when absent or empty."""
    wanted = name.lower()
    for key, value in headers.items():
        if key.lower() == wanted and value:
            return value
    return None
