"""The words that a descriptor may say beyond its catalog's own: `adoption/platform`, `adoption/onboarded` and so on.

Backstage's annotations, Cortex's custom data and OpsLevel's tags have them alike.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from producers.sources.common import Rejected
from producers.sources.redact import dimension
from producers.sources.times import day_or_iso

Said = Callable[[str], "str | None"]
"""The text that a descriptor gives for a word; None without one."""


def declared(said: Said) -> dict[str, Any]:
    """Fields of a service.

    `adoption/platform` (`true`, `false`), `adoption/capability` (`api`, `ci`, `deployment`), `adoption/onboarded` and
    `adoption/archived` (a day or a time), `adoption/aliases` (separated by commas), `adoption/grain`,
    `adoption/active-min`, `adoption/template`.

    Raises:
        Rejected: `wrong_type`, or a time that is none.
    """
    return {
        "onboarded_at": _instant(said, "adoption/onboarded"),
        "archived_at": _instant(said, "adoption/archived"),
        "template": said("adoption/template"),
        "is_platform": _flag(said, "adoption/platform"),
        "capability": said("adoption/capability"),
        "natural_grain": said("adoption/grain"),
        "active_min": said("adoption/active-min"),
        "aliases": tuple(dict.fromkeys(filter(None, map(dimension, listed(said, "adoption/aliases"))))),
    }


def listed(said: Said, key: str) -> tuple[str, ...]:
    """The texts of a word that are separated by commas."""
    return tuple(text for part in (said(key) or "").split(",") if (text := part.strip()))


def _instant(said: Said, key: str) -> datetime | None:
    text = said(key)
    return day_or_iso(text, key) if text else None


def _flag(said: Said, key: str) -> bool | None:
    text = said(key)
    if text is None:
        return None
    if text.lower() not in {"true", "false"}:
        raise Rejected("wrong_type", f"expected {key} true or false, got {text[:20]!r}")
    return text.lower() == "true"
