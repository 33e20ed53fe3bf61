"""What every contract is made of: a frozen model, an instant in UTC, a bounded name, an identity.

Models are strict where events are made (an unknown field is an error) and tolerant where they are read
(`tolerant` ignores what a newer producer added).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing we measure happened before; an epoch of 0 or a zero date means "unknown" at its sender."""
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def _in_utc(at: datetime) -> datetime:
    if not EARLIEST <= at < LATEST:
        raise ValueError(f"time_out_of_range: expected {EARLIEST:%Y}..{LATEST:%Y}, got {at.isoformat()}")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with a zone, kept in UTC, microseconds; outside 2000-2100 it is refused (`time_out_of_range`)."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""A dimension's value: service, team, environment, consumer."""

Text = Annotated[str, StringConstraints(max_length=1000)]
"""Free text for people: titles. Never a dimension."""

Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}$")]
"""A commit id as its provider gave it, lower-case hex; short ones occur (GitLab gives 8)."""

Labels = dict[Annotated[str, StringConstraints(max_length=200)], Annotated[str, StringConstraints(max_length=1000)]]


class Contract(BaseModel):
    """Base of all contract models: frozen, strict about unknown fields."""

    # Infinity and NaN would be written as null, which no reader of the archive could read back as a number.
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, allow_inf_nan=False)


C = TypeVar("C", bound=Contract)


def tolerant(model: type[C], value: bytes | str) -> C:
    """Read a contract as a consumer does: fields it does not know are ignored.

    Raises:
        pydantic.ValidationError: the value is not JSON, or breaks the contract.
    """
    return model.model_validate_json(value, extra="ignore")


def event_id(*identity: str | int | None) -> str:
    """The id of an event: a digest of its native identity (provider, object, attempt, state, own time).

    Never pass a delivery's id: two hooks that fire for one object must give one id. 32 hex digits.
    """
    canonical = json.dumps(identity, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
