"""Environment tier: what was said, then the provider's flag where true, then a map, then the name."""

from __future__ import annotations

from collections.abc import Mapping

PRODUCTION = ("prod", "production", "live")
NONPROD = (
    *("stag", "stage", "staging", "preprod", "uat", "qa", "test", "testing", "int", "dev", "development"),
    *("preview", "review", "sandbox"),
)


def parts(environment: str) -> list[str]:
    """A name cut at `-`, `_`, `.` and `/`, in lower case."""
    lower = environment.lower()
    for separator in "-_./":
        lower = lower.replace(separator, " ")
    return lower.split(" ")


def tier(environment: str | None, said: str | None, flag: bool | None, mapped: Mapping[str, str]) -> str:
    """`production`, `nonprod` or `unknown`."""
    if said is not None:
        return said
    if flag:
        return "production"
    if environment is None:
        return "unknown"
    for name, configured in mapped.items():
        if name.lower() == environment.lower():
            return configured
    return _by_name(environment)


def _by_name(environment: str) -> str:
    first, *later = parts(environment)
    if first in PRODUCTION and not any(part in NONPROD for part in later):
        return "production"
    return "nonprod" if first in NONPROD else "unknown"
