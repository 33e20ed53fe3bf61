"""Who did it, without saying who: salted hashes of persons, and which of them are robots.

Used by every mapper; no login, name or e-mail address leaves the edge in clear.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from producers.sources.common import Context

BOTS = frozenset(
    {
        "allcontributors",
        "codecov-commenter",
        "dependabot",
        "dependabot-preview",
        "github-actions",
        "gitlab-bot",
        "greenkeeper",
        "greenkeeperio-bot",
        "imgbot",
        "k8s-ci-robot",
        "mergify",
        "pre-commit-ci",
        "project-bot",
        "pyup-bot",
        "release-please",
        "renovate",
        "renovate-bot",
        "semantic-release-bot",
        "snyk-bot",
        "web-flow",
        "weblate",
    }
)
"""Robots without the `[bot]` suffix. `web-flow` signs what people do in GitHub's web page; it is never an author."""


def actor(context: Context, login: str | None) -> str | None:
    """A person's or robot's hash: 16 hex digits of HMAC-SHA256 over the lower-case login; None without a login."""
    return pseudonym(context.salt, login)


def pseudonym(salt: bytes, login: str | None) -> str | None:
    """The same with the salt alone, for the edge that must start fast."""
    name = (login or "").strip().lower()
    if not name:
        return None
    return hmac.new(salt, name.encode(errors="replace"), hashlib.sha256).hexdigest()[:16]


def is_bot(*names: str | None) -> bool:
    """Whether any of a commit's or account's names (login, name, e-mail address) is a robot's."""
    return any(name is not None and _is_bot(name) for name in names)


def _is_bot(name: str) -> bool:
    login = name.strip().lower().partition("@")[0].rpartition("+")[2]
    return login.endswith("[bot]") or login in BOTS
