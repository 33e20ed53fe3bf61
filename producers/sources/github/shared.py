"""What GitHub's payloads have in common: their repository, their people, the envelope.

Between `mapper.py`, which dispatches, and the modules of one event kind each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producers.sources import forge
from producers.sources.common import Context
from producers.sources.evidence import Vendor, host_of, link, person, sha
from producers.sources.payload import Fields
from schemas.delivery import Delivery, Repository
from schemas.envelope import Event

GITHUB = Vendor("github", revision=2)


@dataclass(frozen=True)
class Origin:
    """Where a payload came from.

    Attributes:
        host: the GitHub instance, lower case: `github.com` or an enterprise host.
        repository: as contracts name it.
        number: GitHub's id of the repository; it survives a rename.
    """

    host: str
    repository: Repository
    number: int


def origin(payload: Fields) -> Origin:
    """The repository that the payload is about."""
    it = payload.child("repository")
    return Origin(host_of(it, "html_url"), repository_of(it), it.integer("id"))


def repository_of(it: Fields) -> Repository:
    """A repository object as contracts name it."""
    host = host_of(it, "html_url")
    return forge.repository(host, it.integer("id"), it.text("full_name"), it.maybe_text("default_branch"))


def event(where: Origin, at: datetime, identity: tuple[str | int | None, ...], data: Callable[[], Delivery]) -> Event:
    """The event of an object of a repository; `identity` is what makes it one, besides the repository."""
    native = (where.host, where.number, *identity)
    return GITHUB.event(f"//{where.host}", native, at, data, subject=where.repository.name)


def account(context: Context, it: Fields | None) -> dict[str, Any]:
    """`actor` and `is_bot` of a user object, for a contract; nothing when there is none."""
    return person(context, it.maybe_text("login"), is_robot=it.maybe_text("type") == "Bot") if it else {}


__all__ = ["GITHUB", "Origin", "account", "event", "link", "origin", "repository_of", "sha"]
