"""Many random histories side by side in one warehouse: each relabelled, so that it has services, repositories and
native ids of its own, and each told as the oracle and as the product's tables tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from schemas import catalog
from schemas.base import event_id
from schemas.delivery import Delivery
from schemas.envelope import Event
from stream_processors.facts_tables import SCHEMAS
from tests.oracle.delivery import delivery
from tests.oracle.histories import MAPPED, START, histories
from tests.properties.test_facts_against_oracle import Tables, differences, rows_of_oracle

Query = Callable[[str, dict[str, Any]], Iterable[Sequence[Any]]]

KEYS = {
    "attempts": ("environment", "deployment_id"),
    "releases": ("release",),
    "commits": ("sha",),
    "incidents": ("incident", "episode"),
    "milestones": ("milestone",),
    "ci_runs": ("source", "run_id", "attempt"),
}
"""Facts table → what names a row within its service, as the oracle's rows are named."""


def drawn(count: int, number: int) -> list[list[Event]]:
    """So many histories; the same number draws the same ones."""
    found: list[list[Event]] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def collect(events: list[Event]) -> None:
        found.append(events)

    collect()
    return found[:count]


@dataclass(frozen=True)
class Told:
    """One history under names of its own.

    Attributes:
        number: tells it from others.
        events: delivery events.
        repositories: what the catalog says, as the oracle takes it.
    """

    number: int
    events: tuple[Event, ...]
    repositories: Mapping[str, Mapping[str, tuple[str, ...]]]

    @classmethod
    def of(cls, number: int, events: Iterable[Event]) -> Told:
        """The history with all its names made its own."""
        repositories = {
            _named(number, name): {_named(number, owner): globs for owner, globs in owners.items()}
            for name, owners in MAPPED.items()
        }
        return cls(number, tuple(relabelled(number, event) for event in events), repositories)

    @property
    def services(self) -> list[str]:
        """Both services that histories speak of."""
        return [_named(self.number, "cart"), _named(self.number, "pay")]

    def catalog(self) -> list[Event]:
        """The repository that it speaks of as catalog events."""
        spoken = {repository.name for event in self.events if (repository := getattr(event.data, "repository", None))}
        return [
            Event(
                id=event_id("mapping", name, owner),
                source="//catalog.example",
                time=START,
                data=catalog.Mapping(repository=name, service=owner, paths=globs),
            )
            for name, owners in self.repositories.items()
            if name in spoken
            for owner, globs in owners.items()
        ]

    def disagreement(self, stored: Mapping[str, Tables]) -> list[str]:
        """Where the tables say otherwise than the oracle of the service that the history is about."""
        _, service = self.services
        theirs = rows_of_oracle(delivery(service, self.events, self.repositories))
        return [f"history {self.number}: {line}" for line in differences(stored[service], theirs)]


def stored(query: Query, services: Sequence[str]) -> dict[str, Tables]:
    """Service → facts as they stand in the warehouse, through the heads."""
    found: dict[str, Tables] = {service: {table: {} for table in KEYS} for service in services}
    for table, key in KEYS.items():
        columns = SCHEMAS[f"facts_{table}"].names
        rows = query(
            f"SELECT {', '.join(columns)} FROM facts_{table} FINAL WHERE service IN {{services:Array(String)}} "
            "AND (service, month, digest) IN (SELECT service, month, digest FROM facts_slices)",
            {"services": list(services)},
        )
        for values in rows:
            row = {name: _plain(value) for name, value in zip(columns, values, strict=True)}
            service = row["service"]
            said = {name: row[name] for name in columns if name not in {"service", "month", "digest"}}
            said = {"at": said["at"]} if table == "milestones" else said
            found[service][table][tuple(str(row[name]) for name in key)] = said
    return found


def relabelled(number: int, event: Event) -> Event:
    """The event under its history's own names; the order of ids stays, as ties are broken by them."""
    data: Delivery = type(event.data).model_validate(_relabelled(number, event.data.model_dump()))  # type: ignore[assignment]
    return event.model_copy(update={"source": f"{event.source}/{number}", "data": data})


_NAMES = {"service", "deployment_id", "deployment_ids", "incident_id", "fixes", "run_id"}
_SHAS = {"sha", "before", "after", "commit", "head_commit", "merge_commit"}


def _relabelled(number: int, said: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name, value in said.items():
        if value is None:
            changed[name] = None
        elif name in _NAMES:
            changed[name] = (
                _named(number, value) if isinstance(value, str) else tuple(_named(number, one) for one in value)
            )
        elif name in _SHAS:
            changed[name] = _sha(number, value)
        elif name in {"repository", "head_repository"}:
            changed[name] = {**value, **{key: _named(number, value[key]) for key in ("id", "name") if value[key]}}
        elif name == "commits":
            changed[name] = tuple(
                _sha(number, one) if isinstance(one, str) else _relabelled(number, one) for one in value
            )
        else:
            changed[name] = value
    return changed


def _named(number: int, name: str) -> str:
    return f"{name}-{number:04}"


def _sha(number: int, sha: str) -> str:
    return f"{number:08x}{sha[8:]}"


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value if not isinstance(value, datetime) else value.astimezone(START.tzinfo)
