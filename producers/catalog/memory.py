"""What the last import of a catalog said, so that the next one can tell what is new, the same, or gone. Pure.

Between the mappers (`sources/backstage.py`, `sources/catalog_csv.py`) and the ingest service. Descriptors carry no
dates, so a fact is dated when it was first seen: one that did not change keeps its first date and its id, and importing
it again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from schemas.base import event_id
from schemas.envelope import Event, content

_NAMES: dict[str, tuple[str, ...]] = {
    "service": ("service",),
    "team": ("team",),
    "mapping": ("repository", "paths", "service"),
    "resource": ("resource",),
    "ownership": ("entity", "name"),
    "consumer": ("consumer",),
    "grant": ("team", "service", "relation"),
    "slo": ("service",),
    "target": ("metric", "scope"),
    "annotation": ("scope", "category", "at"),
    "observation": ("source",),
}
"""Fields that say what a fact is about; a change of the others is another value of the same fact."""


class BrokenMemoryError(ValueError):
    """A memory file that cannot be read."""


@dataclass(frozen=True)
class Said:
    """A fact as it was imported last.

    Attributes:
        since: when it was first seen so, ISO 8601.
        moment: what dates it in its id: that time, or its day (see `plan`).
        data: the contract as JSON values.
    """

    since: str
    moment: str
    data: dict[str, Any]


Memory = dict[str, Said]
"""What a fact is about -> what was said of it."""


@dataclass(frozen=True)
class Plan:
    """What an import sends, and what it remembers when all of it was taken.

    Attributes:
        events: facts, those that vanished with `removed`.
        memory: to keep.
        new: facts that were not known, or said something else.
        same: facts that are sent again as they were.
        gone: facts that are closed.
    """

    events: list[Event]
    memory: Memory
    new: int
    same: int
    gone: int


def plan(found: Iterable[Event], memory: Memory | None, source: str, now: datetime, *, is_complete: bool) -> Plan:
    """Date and identify the facts that were found.

    Args:
        found: events of the mappers; of several about one thing the last stands.
        memory: of the last import; None where there is none: then a fact's id holds for the day, so that imports
            without a memory (a fresh machine each time) repeat themselves at most once a day.
        source: CloudEvents source, the catalog's name.
        now: time of the import.
        is_complete: what is not found is gone.
    """
    known = memory or {}
    kept: Memory = dict(known)
    events: list[Event] = []
    new = 0
    latest = {_about(event): event for event in found}
    for about, event in latest.items():
        said = known.get(about)
        data = json.loads(content(event))
        if said is None or said.data != data:
            said = Said(now.isoformat(), (now.date() if memory is None else now).isoformat(), data)
            new += 1
        kept[about] = said
        events.append(_dated(event, source, datetime.fromisoformat(said.since), said.moment))
    vanished = [about for about in known if about not in latest] if is_complete else []
    events += [_closed(kept.pop(about), source, now) for about in vanished]
    return Plan(events, kept, new=new, same=len(latest) - new, gone=len(vanished))


def _about(event: Event) -> str:
    data = json.loads(content(event))
    # Facts with declared starts stand beside each other: they are a history.
    return json.dumps([data["kind"], *(data.get(name) for name in _NAMES[data["kind"]]), data.get("valid_from")])


def _dated(event: Event, source: str, at: datetime, moment: str) -> Event:
    identity = event_id("catalog-import", source, content(event).decode(), moment)
    return event.model_copy(update={"id": identity, "source": source, "time": at})


def _closed(said: Said, source: str, now: datetime) -> Event:
    """The fact, ended now; a declared start would date its end back."""
    data = {**said.data, "removed": True, "valid_from": None}
    event = Event.model_validate({"id": "-", "source": source, "time": now, "data": data})
    about = next(
        (value for name in ("service", "name", "team", "consumer", "scope") if (value := data.get(name))), None
    )
    return _dated(event.model_copy(update={"subject": about}), source, now, now.isoformat())


def to_json(memory: Memory) -> str:
    """The memory file's text."""
    return json.dumps({about: asdict(said) for about, said in memory.items()}, indent=1)


def from_json(text: str) -> Memory:
    """The memory in a file.

    Raises:
        BrokenMemoryError: it is none.
    """
    try:
        return {about: Said(said["since"], said["moment"], said["data"]) for about, said in json.loads(text).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BrokenMemoryError(
            f"expected the memory of a catalog import, got {type(error).__name__}: {error}"
        ) from error
