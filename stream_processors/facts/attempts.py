"""Deployments out of their statuses: retries and repeats of one (environment, deployment id) are one attempt.

The first success decides; without one, the first terminal failure. What came earlier was a retry, what comes later
(superseded, inactive, a failure of what already ran) changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from schemas.delivery import Commit, Deployment, Repository
from stream_processors.facts.config import FactsConfig, Tier
from stream_processors.facts.shas import Shas
from stream_processors.facts.tiers import tier_of
from stream_processors.resolve import Resolved

FAILURES = frozenset({"failure", "error", "rolled_back"})
"""Terminal statuses that are failures of what never succeeded."""
_BEGINNINGS = frozenset({"queued", "started"})

T = TypeVar("T")
Said = tuple[Resolved, Deployment]
Key = tuple[str, str]
"""(environment, deployment id)."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment to one environment, all its statuses taken together.

    `status` is `none` when its only ends were cancelled, skipped or inactive: then it is no attempt. `decided_by` is
    the index of the status in `said` that decides. `rolled_back_at`: its own word, after its success.
    """

    key: Key
    said: tuple[Said, ...]
    status: Literal["success", "failure", "open", "none"]
    decided_by: int | None
    at: datetime
    tier: Tier
    tier_rule: str
    region: str
    release_id: str
    version: str
    commit: str
    ref: str
    title: str
    provider: str
    deployer: str
    started_at: datetime | None
    rolled_back_at: datetime | None
    says_rollback: bool
    commits: tuple[Commit, ...] | None
    fixes: tuple[str, ...]
    labels: Mapping[str, str]
    repository: Repository | None

    @property
    def id(self) -> str:
        """The provider's deployment id."""
        return self.key[1]

    @property
    def target(self) -> tuple[str, str]:
        """What it was deployed to: (environment, region)."""
        return self.key[0], self.region

    @property
    def content(self) -> str:
        """What was deployed: version, else commit; empty when neither is known."""
        return self.version or self.commit

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Ties of time are ordered by native id."""
        return self.at, self.id, self.key[0]

    @property
    def is_terminal_production(self) -> bool:
        """Whether it counts as an attempt."""
        return self.tier == "production" and self.status in {"success", "failure"}


def deployed(events: Iterable[Resolved], shas: Shas, config: FactsConfig) -> list[Deployed]:
    """All deployments that the events speak of, by (time, native id)."""
    by_id: defaultdict[str, list[Said]] = defaultdict(list)
    for resolved in events:
        if isinstance(resolved.event.data, Deployment):
            by_id[resolved.event.data.deployment_id].append((resolved, resolved.event.data))
    result: list[Deployed] = []
    for deployment_id, said in by_id.items():
        environments = sorted({data.environment for _, data in said if data.environment})
        only = environments[0] if len(environments) == 1 else ""
        by_environment: defaultdict[str, list[Said]] = defaultdict(list)
        for resolved, data in said:
            by_environment[data.environment or only].append((resolved, data))
        result += [_one((name, deployment_id), part, shas, config) for name, part in by_environment.items()]
    return sorted(result, key=lambda one: one.order)


def _one(key: Key, said: list[Said], shas: Shas, config: FactsConfig) -> Deployed:
    said.sort(key=lambda one: (one[0].event.time, one[0].event.id, one[0].event.source))
    datas = [data for _, data in said]
    status, decided_by = _decision(datas)
    tier, tier_rule = tier_of(key[0], (data.tier for data in datas), (data.is_production for data in datas), config)
    started = next((resolved.event.time for resolved, data in said if data.status == "started"), None)
    after = said[decided_by:] if status == "success" else ()
    return Deployed(
        key=key,
        said=tuple(said),
        status=status,
        decided_by=decided_by,
        at=said[decided_by or 0][0].event.time,
        tier=tier,
        tier_rule=tier_rule,
        region=_first(datas, lambda data: data.region) or "",
        release_id=_first(datas, lambda data: data.release_id) or "",
        version=_first(datas, lambda data: data.version) or "",
        commit=shas.full(_first(datas, lambda data: data.commit)),
        ref=_first(datas, lambda data: data.ref) or "",
        title=_first(datas, lambda data: data.title) or "",
        provider=datas[0].provider,
        deployer=_first(datas, lambda data: data.deployer) or "",
        started_at=_first(datas, lambda data: data.started_at) or started,
        rolled_back_at=next((one.event.time for one, data in after if data.status == "rolled_back"), None),
        says_rollback=bool(_first(datas, lambda data: data.is_rollback)),
        commits=_first(datas, lambda data: data.commits),
        fixes=tuple(sorted({incident for data in datas for incident in data.fixes})),
        labels=_first(datas, lambda data: data.labels or None) or {},
        repository=_first(datas, lambda data: data.repository),
    )


def _decision(datas: Sequence[Deployment]) -> tuple[Literal["success", "failure", "open", "none"], int | None]:
    statuses = [data.status for data in datas]
    if "success" in statuses:
        return "success", statuses.index("success")
    for index, status in enumerate(statuses):
        if status in FAILURES:
            return "failure", index
    return ("open", None) if _BEGINNINGS.issuperset(statuses) else ("none", None)


def _first(datas: Sequence[Deployment], get: Callable[[Deployment], T | None]) -> T | None:
    """Of contradicting values the earliest stands."""
    for data in datas:
        value = get(data)
        if value is not None:
            return value
    return None
