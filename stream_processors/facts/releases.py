"""Production attempts over environments and regions of one release, collapsed into one deployment.

One key (release id, else version), each within 24 h of the release's first success, no other version in between on
its environment. Within one environment nothing collapses: v1 at 10:00, v2 at 10:10, v1 at 10:20 is a rollback.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from stream_processors.facts.attempts import Deployed
from stream_processors.facts.config import FactsConfig

Target = tuple[str, str]
Order = tuple[datetime, str, str]


class Group:
    """One release: its attempts in order of time; `name` is the id of the attempt that anchors it.

    `anchor`: the first success, else the first terminal failure. `incidents` are laid at it later.
    """

    __slots__ = ("anchor", "attempts", "incidents", "name")

    def __init__(self, first: Deployed) -> None:
        self.attempts = [first]
        self.anchor = first
        self.name = ""
        self.incidents: list[str] = []

    def join(self, one: Deployed) -> None:
        """Another environment, not earlier than those before."""
        self.attempts.append(one)
        if one.status == "success" and self.anchor.status != "success":
            self.anchor = one

    def known_at(self, at: datetime) -> Group:
        """The same release with the attempts that there were by then."""
        known = Group(self.anchor)
        known.attempts = [one for one in self.attempts if one.at <= at]
        known.name, known.incidents = self.name, self.incidents
        return known

    @property
    def at(self) -> datetime:
        """The instant whose period it belongs to."""
        return self.anchor.at

    @property
    def finished_at(self) -> datetime | None:
        """First success over its environments."""
        return self.anchor.at if self.anchor.status == "success" else None

    @property
    def order(self) -> tuple[datetime, str]:
        """Ties of time are ordered by native id."""
        return self.at, self.name

    @property
    def version(self) -> str:
        """Of the anchor, else of whichever says it first."""
        return self.anchor.version or next((one.version for one in self.attempts if one.version), "")

    @property
    def commit(self) -> str:
        """Of the anchor, else of whichever says it first."""
        return self.anchor.commit or next((one.commit for one in self.attempts if one.commit), "")


class _Sequences:
    """What ran where: per target the successes in order, so that "another version in between" is one look-up."""

    def __init__(self, attempts: Iterable[Deployed]) -> None:
        self._orders: defaultdict[Target, list[Order]] = defaultdict(list)
        self._runs: defaultdict[Target, list[tuple[int, str]]] = defaultdict(list)
        for one in attempts:
            if one.status != "success":
                continue
            runs = self._runs[one.target]
            is_same = bool(runs) and bool(one.content) and runs[-1][1] == one.content
            number = len(runs) if not is_same else runs[-1][0]
            runs.append((number, one.content))
            self._orders[one.target].append(one.order)

    def is_interrupted(self, one: Deployed, since: Order) -> bool:
        """Whether another version came to the target between `since` and the attempt: in time, ties by native id."""
        orders, runs = self._orders.get(one.target, []), self._runs.get(one.target, [])
        begin, end = bisect_right(orders, since), bisect_left(orders, one.order)
        return begin < end and (not one.content or runs[begin][1] != one.content or runs[begin][0] != runs[end - 1][0])


class _OfOneKey:
    """Releases of one key, and for each target those that lack it."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self._lacking: defaultdict[Target, list[Group]] = defaultdict(list)
        self._seen: defaultdict[Target, int] = defaultdict(int)

    def latest_lacking(self, target: Target) -> Group | None:
        lacking = self._lacking[target]
        lacking += self.groups[self._seen[target] :]
        self._seen[target] = len(self.groups)
        return lacking[-1] if lacking else None

    def joined(self, target: Target) -> None:
        """The latest one that lacked the target has it now."""
        self._lacking[target].pop()

    def begin(self, one: Deployed) -> Group:
        group = Group(one)
        self.groups.append(group)
        self.latest_lacking(one.target)
        self.joined(one.target)
        return group


def releases(attempts: Sequence[Deployed], config: FactsConfig) -> list[Group]:
    """Releases of the production attempts (given in order), by (time, native id)."""
    sequences = _Sequences(attempts)
    keys: defaultdict[tuple[str, str], _OfOneKey] = defaultdict(_OfOneKey)
    groups: list[Group] = []
    for one in attempts:
        same_key = keys[_key(one)]
        group = same_key.latest_lacking(one.target)
        if group is not None and _joins(one, group, sequences, config.release_join):
            group.join(one)
            same_key.joined(one.target)
        else:
            groups.append(same_key.begin(one))
    _name(groups)
    return sorted(groups, key=lambda group: group.order)


def _joins(one: Deployed, group: Group, sequences: _Sequences, join: timedelta) -> bool:
    return one.at - group.at <= join and not sequences.is_interrupted(one, group.anchor.order)


def _key(one: Deployed) -> tuple[str, str]:
    """What makes two attempts the same release; the deployment's own id where it says nothing else."""
    if one.release_id:
        return "release", one.release_id
    return ("content", one.content) if one.content else ("deployment", one.id)


def _name(groups: list[Group]) -> None:
    """Names are unique: an id that anchors two releases is told apart by the environment."""
    taken: set[str] = set()
    for group in sorted(groups, key=lambda group: group.anchor.order):
        anchor = group.anchor
        group.name = anchor.id if anchor.id not in taken else f"{anchor.id}@{anchor.key[0]}"
        taken.add(group.name)
