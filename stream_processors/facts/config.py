"""What a tenant may set about facts, with the metric dictionary's defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from schemas.settings import Settings

Tier = Literal["production", "nonprod", "unknown"]


@dataclass(frozen=True, slots=True)
class FactsConfig:
    """Settings of `facts`; `zone` is the zone in which catalog changes take effect, for `Mappings.of`."""

    attribution_window: timedelta = timedelta(hours=24)
    """An incident is laid at the latest deployment that finished at most this long before it began."""
    release_join: timedelta = timedelta(hours=24)
    """Regions and environments of one release are deployed at most this long from its first success."""
    environment_map: Mapping[str, Literal["production", "nonprod"]] = field(default_factory=dict)
    """Environment as sent, any case -> tier."""
    hotfix_label: str = "hotfix"
    hotfix_ref: re.Pattern[str] = re.compile(r"^hotfix[/-]", re.IGNORECASE)
    hotfix_title: re.Pattern[str] = re.compile(r"\bhotfix\b", re.IGNORECASE)
    bots: frozenset[str] = frozenset()
    """Actors (salted hashes) that are robots, beside those that events say are."""
    clock: Literal["committer", "author"] = "committer"
    """Which time of a commit counts when both are known."""
    zone: str = "UTC"


def config_of(settings: Settings) -> FactsConfig:
    """What an installation's settings say about facts."""
    return FactsConfig(
        attribution_window=timedelta(hours=settings.attribution_hours),
        environment_map=settings.environment_tiers,
        hotfix_label=settings.hotfix_label,
        hotfix_ref=re.compile(settings.hotfix_ref, re.IGNORECASE),
        hotfix_title=re.compile(settings.hotfix_title, re.IGNORECASE),
        zone=settings.time_zone,
    )
