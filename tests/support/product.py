"""The product's facts of the oracle's histories: events resolved through the catalog that the histories assume."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.catalog import Mapping
from schemas.delivery import Incident
from schemas.envelope import Event, version
from stream_processors.facts import Facts, FactsConfig, facts
from stream_processors.resolve import Mappings, Stored, StoredFact
from stream_processors.stories import Pointed, assigned
from tests.oracle.histories import MAPPED, START


def product(service: str, events: Iterable[Event]) -> Facts:
    """The product's answer, through the catalog."""
    mappings = Mappings.of(
        StoredFact(
            "//catalog.example", f"{name} {owner}", START, START, Mapping(repository=name, service=owner, paths=globs)
        )
        for name, owners in MAPPED.items()
        for owner, globs in owners.items()
    )
    winners: dict[tuple[str, str], Stored] = {}
    for event in sorted(events, key=version):
        stored = Stored(event.source, event.id, event.time, version(event), event.data)  # type: ignore[arg-type]
        winners[event.source, event.id] = stored
    found = list(winners.values())
    evidence = [one for one in found if not isinstance(one.data, Incident)]
    resolved = [one for event in evidence for owner, one in mappings.resolve(event) if owner == service]
    resolved += [one for owner, one in assigned(found, Pointed(found, mappings), mappings) if owner == service]
    return facts(service, resolved, FactsConfig())
