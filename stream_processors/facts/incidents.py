"""Incidents as episodes, and the production deployment each is laid at, with the rule that says so.

In order: a deployment that it names; a commit or version that it names; the latest deployment that finished strictly
before it began and not earlier than the window; none. Never across services. Later episodes count in reliability only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from schemas.delivery import Incident
from stream_processors.facts.config import FactsConfig
from stream_processors.facts.evidence import Verdicts
from stream_processors.facts.releases import Group
from stream_processors.facts.rows import Episode
from stream_processors.facts.shas import Shas
from stream_processors.resolve import Resolved

_ORDER = {"opened": 0, "acknowledged": 1, "resolved": 2, "reopened": 3}
"""At one instant an incident is opened before it is resolved."""

Said = list[tuple[Resolved, Incident]]


class Attribution:
    """Finds the release that an incident is laid at."""

    def __init__(
        self, groups: Iterable[Group], holders: Mapping[str, list[Group]], shas: Shas, config: FactsConfig
    ) -> None:
        self._holders, self._shas, self._window = holders, shas, config.attribution_window
        self._by_id: defaultdict[str, list[Group]] = defaultdict(list)
        self._by_version: defaultdict[str, list[Group]] = defaultdict(list)
        self._finished: defaultdict[str | None, list[tuple[datetime, str, Group]]] = defaultdict(list)
        for group in groups:  # in order of time, so every list is
            for deployment_id in {one.id for one in group.attempts}:
                self._by_id[deployment_id].append(group)
            for version in {one.version for one in group.attempts}:
                self._by_version[version].append(group)
            for one in group.attempts:
                if one.status == "success":
                    for environment in (None, one.key[0].casefold()):
                        self._finished[environment].append((one.at, one.id, group))
        for finished in self._finished.values():
            finished.sort(key=lambda one: one[:2])

    def of(self, incident: Incident, began: datetime) -> tuple[Group | None, str]:
        """(release, rule) of an incident with all that its events say; (None, `unattributed`) when there is none."""
        named = {
            "deployment": [self._by_id.get(one, []) for one in incident.deployment_ids],
            "commit": [self._holders.get(self._shas.full(sha), []) for sha in incident.commits],
            "version": [self._by_version.get(incident.version, [])] if incident.version else [],
        }
        for rule, lists in named.items():
            group = _latest([one for one in lists if one], began)
            if group is not None:
                return group, rule
        environment = None if incident.environment is None else incident.environment.casefold()
        finished = self._finished.get(environment, [])
        before = bisect_left(finished, began, key=lambda one: one[0])
        if before and finished[before - 1][0] >= began - self._window:
            return finished[before - 1][2], "window"
        return None, "unattributed"


def _latest(lists: Sequence[Sequence[Group]], began: datetime) -> Group | None:
    """The latest success before the incident began, else the earliest of all; each list is in order of time."""
    found: list[Group] = []
    for groups in lists:
        before = bisect_left(groups, began, key=lambda group: group.at)
        success = next((at for at in range(before - 1, -1, -1) if groups[at].finished_at is not None), None)
        if success is not None:
            found.append(groups[success])
    if found:
        return max(found, key=lambda group: group.order)
    return min((groups[0] for groups in lists), key=lambda group: group.order, default=None)


def incidents(
    events: Iterable[Resolved],
    attribution: Attribution,
    known: tuple[AbstractSet[str], AbstractSet[str]],
    shas: Shas,
    verdicts: Verdicts,
) -> list[Episode]:
    """Episodes of all incidents of the service; releases learn which first episodes are laid at them.

    `known`: deployment ids and commits of the service, any tier; what points elsewhere is remarked, and not followed.
    """
    said: defaultdict[str, Said] = defaultdict(list)
    for resolved in events:
        if isinstance(data := resolved.event.data, Incident):
            said[data.incident_id].append((resolved, data))
    episodes: list[Episode] = []
    for incident_id, own in sorted(said.items()):
        whole = _together([data for _, data in own])
        found = _episodes(incident_id, whole, own, verdicts)
        group, rule = attribution.of(whole, found[0].at)
        if group is not None:
            group.incidents.append(incident_id)
            found[0] = replace(found[0], release=group.name, rule=rule, attributed_at=max(found[0].at, group.at))
        if (whole.deployment_ids or whole.commits) and not _names(whole, known, shas):
            verdicts.counted(min(own, key=order)[0].event, incident_id, remark="foreign_reference")
        episodes += found
    return episodes


def _names(incident: Incident, known: tuple[AbstractSet[str], AbstractSet[str]], shas: Shas) -> bool:
    deployment_ids, commits = known
    return not deployment_ids.isdisjoint(incident.deployment_ids) or not commits.isdisjoint(
        map(shas.full, incident.commits)
    )


def _together(datas: Sequence[Incident]) -> Incident:
    """All that the events of one incident say: references united, of the rest what was said first."""
    return datas[0].model_copy(
        update={
            "opened_at": next((data.opened_at for data in datas if data.opened_at is not None), None),
            "environment": next((data.environment for data in datas if data.environment is not None), None),
            "version": next((data.version for data in datas if data.version is not None), None),
            "deployment_ids": tuple(sorted({one for data in datas for one in data.deployment_ids})),
            "commits": tuple(sorted({one for data in datas for one in data.commits})),
        }
    )


def order(said: tuple[Resolved, Incident]) -> tuple[datetime, int, str]:
    """In which order the events of one incident are taken."""
    resolved, data = said
    return resolved.event.time, _ORDER[data.state], resolved.event.id


def _episodes(incident_id: str, whole: Incident, own: Said, verdicts: Verdicts) -> list[Episode]:
    """The incident's episodes: from its beginning, or a reopening, to the first resolution after it."""
    own = sorted(own, key=order)
    begins = [whole.opened_at or own[0][0].event.time]
    ends: list[datetime | None] = [None]
    is_opened = False
    for index, (resolved, data) in enumerate(own):
        at = resolved.event.time
        begins_again = data.state == "reopened" or (data.state == "opened" and is_opened)
        counts = index == 0
        if data.state == "resolved" and ends[-1] is None:
            ends[-1], counts = at, True
        elif begins_again and (ended := ends[-1]) is not None and _began(data, at) > ended:
            begins.append(_began(data, at))
            ends.append(None)
            counts = True
        elif data.state == "opened" and not is_opened:
            counts = True
        is_opened = is_opened or data.state == "opened"
        if counts:
            verdicts.counted(resolved.event, incident_id)
        else:
            verdicts.ignored(resolved.event, "in_progress" if data.state == "acknowledged" else "duplicate_state")
    spans = zip(begins, ends, strict=True)
    environment = whole.environment or ""
    return [
        Episode(incident_id, number, environment, begin, end, "", "unattributed", None)
        for number, (begin, end) in enumerate(spans)
    ]


def _began(data: Incident, at: datetime) -> datetime:
    """When a later episode began: a reopening when it was reported, a new opening when it says it was."""
    return data.opened_at or at if data.state == "opened" else at
