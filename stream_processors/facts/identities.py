"""Native ids of several systems told apart: `1` of one and `1` of another are two deployments, or two incidents.

The first step of `facts`. An id that only one source uses stays as it is; where sources clash, the first by name keeps
it and the others' say whose they are. What points at an id without saying whose it is points at all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from schemas.delivery import Deployment, Incident
from stream_processors.resolve import Resolved, Stored


def told_apart(events: Iterable[Resolved]) -> list[Resolved]:
    """The same events, with ids of deployments and incidents that are unique among sources, and references to them."""
    ordered = list(events)
    deployments = _Names(ordered, lambda data: data.deployment_id if isinstance(data, Deployment) else None)
    incidents = _Names(ordered, lambda data: data.incident_id if isinstance(data, Incident) else None)
    if not deployments.clash and not incidents.clash:
        return ordered
    return [replace(one, event=_renamed(one.event, deployments, incidents)) for one in ordered]


class _Names:
    """Names of the native ids of one kind; `clash`: id -> sources, of those that several use."""

    def __init__(self, events: Iterable[Resolved], id_of: Callable[[Any], str | None]) -> None:
        sources: defaultdict[str, set[str]] = defaultdict(set)
        for resolved in events:
            native = id_of(resolved.event.data)
            if native is not None:
                sources[native].add(resolved.event.source)
        self.clash = {native: sorted(found) for native, found in sources.items() if len(found) > 1}

    def of(self, source: str, native: str) -> str:
        """The name of this source's object."""
        is_other = native in self.clash and self.clash[native][0] != source
        return f"{native} of {source}" if is_other else native

    def meant(self, natives: Iterable[str]) -> tuple[str, ...]:
        """All that a reference by native ids may mean."""
        return tuple(self.of(source, native) for native in natives for source in self.clash.get(native, ("",)))


def _renamed(event: Stored, deployments: _Names, incidents: _Names) -> Stored:
    data = event.data
    if isinstance(data, Deployment):
        name, fixes = deployments.of(event.source, data.deployment_id), incidents.meant(data.fixes)
        return replace(event, data=data.model_copy(update={"deployment_id": name, "fixes": fixes}))
    if isinstance(data, Incident):
        name, named = incidents.of(event.source, data.incident_id), deployments.meant(data.deployment_ids)
        return replace(event, data=data.model_copy(update={"incident_id": name, "deployment_ids": named}))
    return event
