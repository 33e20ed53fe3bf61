"""Native ids of several systems told apart: `1` of one and `1` of another are two deployments, or two incidents.

The first step of `facts`. An id that only one source uses stays as it is; where sources clash, the first by name keeps
it and the others' say whose they are; likewise incidents of several repositories of one source. What points at an id
without saying whose it is points at all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from schemas.delivery import Deployment, Incident
from stream_processors.resolve import Resolved, Stored
from stream_processors.stories import stories


def told_apart(events: Iterable[Resolved]) -> list[Resolved]:
    """The same events, with ids of deployments and incidents that are unique among sources, and references to them."""
    ordered = list(events)
    contents = [one.event for one in ordered]
    deployments = _Names(
        (event, event.data.deployment_id, event.source) for event in contents if isinstance(event.data, Deployment)
    )
    incidents = _Names(
        (event, native, f"{source} {repository}".strip())
        for (source, native, repository), story in stories(contents).items()
        for event, _ in story
    )
    if not deployments.clash and not incidents.clash:
        return ordered
    return [replace(one, event=_renamed(one.event, deployments, incidents)) for one in ordered]


class _Names:
    """Names of the native ids of one kind; `clash`: id -> whose it is, of those that are several's."""

    def __init__(self, given: Iterable[tuple[Stored, str, str]]) -> None:
        """`given`: event, native id, whose it is."""
        self._owners: dict[tuple[str, str], str] = {}
        owners: defaultdict[str, set[str]] = defaultdict(set)
        for event, native, owner in given:
            self._owners[event.source, event.id] = owner
            owners[native].add(owner)
        self.clash = {native: sorted(found) for native, found in owners.items() if len(found) > 1}

    def of(self, event: Stored, native: str) -> str:
        """The name of the object that this event tells of."""
        return self._name(self._owners[event.source, event.id], native)

    def meant(self, natives: Iterable[str]) -> tuple[str, ...]:
        """All that a reference by native ids may mean."""
        return tuple(self._name(owner, native) for native in natives for owner in self.clash.get(native, ("",)))

    def _name(self, owner: str, native: str) -> str:
        is_other = native in self.clash and self.clash[native][0] != owner
        return f"{native} of {owner}" if is_other else native


def _renamed(event: Stored, deployments: _Names, incidents: _Names) -> Stored:
    data = event.data
    if isinstance(data, Deployment):
        name, fixes = deployments.of(event, data.deployment_id), incidents.meant(data.fixes)
        return replace(event, data=data.model_copy(update={"deployment_id": name, "fixes": fixes}))
    if isinstance(data, Incident):
        name, named = incidents.of(event, data.incident_id), deployments.meant(data.deployment_ids)
        return replace(event, data=data.model_copy(update={"incident_id": name, "deployment_ids": named}))
    return event
