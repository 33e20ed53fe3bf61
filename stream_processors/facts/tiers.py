"""Which tier an environment is of: production, nonprod or unknown, and the rule that says so."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stream_processors.facts.config import FactsConfig, Tier

_PRODUCTION = frozenset({"prod", "production", "live"})
_NONPROD = frozenset(
    [
        "stag",
        "stage",
        "staging",
        "preprod",
        "uat",
        "qa",
        "test",
        "testing",
        "int",
        "dev",
        "development",
        "preview",
        "review",
        "sandbox",
    ]
)
_SEPARATORS = re.compile(r"[-_./]")


def tier_of(
    environment: str, explicit: Iterable[str | None], flags: Iterable[bool | None], config: FactsConfig
) -> tuple[Tier, str]:
    """(tier, rule) of a deployment: what its events say, then the configured map, then the environment's name.

    A provider's production flag counts only when true: false is what GitHub says of every name but `production`.
    """
    for tier in explicit:
        if tier == "production":
            return "production", "explicit"
        if tier == "nonprod":
            return "nonprod", "explicit"
    if any(flags):
        return "production", "provider"
    name = environment.strip().casefold()
    for configured, tier in config.environment_map.items():
        if configured.casefold() == name:
            return tier, "configured"
    return _by_name(name)


def _by_name(name: str) -> tuple[Tier, str]:
    first, *later = _SEPARATORS.split(name)
    if first in _NONPROD:
        return "nonprod", "pattern"
    if first in _PRODUCTION and _NONPROD.isdisjoint(later):
        return "production", "pattern"
    return "unknown", "unknown"
