"""What GitHub's payloads have in common: which event a body is, its repository, its people, the envelope.

Between `mapper.py`, which dispatches, and the modules of one event kind each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from producers.sources.common import Context, Rejected, contract
from producers.sources.identity import actor, is_bot
from producers.sources.payload import Fields
from producers.sources.redact import dimension, page
from schemas.base import event_id
from schemas.delivery import Delivery, Repository
from schemas.envelope import Event

PROVIDER = "github"
REVISION = 2
"""Revision of this mapper; raise it when the same payload would give another content."""

_SHA = re.compile(r"[0-9a-f]{7,64}")
_HOST = re.compile(r"[a-z0-9.-]+(?::\d+)?")


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
    repository = repository_of(it)
    return Origin(host_of(it), repository, it.integer("id"))


def repository_of(it: Fields) -> Repository:
    """A repository object as contracts name it."""
    host = host_of(it)
    branch = it.maybe_text("default_branch")
    return Repository(
        id=f"{host}:{it.integer('id')}",
        name=dimension(f"{host}/{it.text('full_name')}".lower()),
        default_branch=dimension(branch) or None if branch else None,
    )


def host_of(it: Fields) -> str:
    """The GitHub instance of a repository object, from its page's address."""
    address = it.text("html_url")
    try:
        host = urlsplit(address).netloc.rpartition("@")[2].lower()
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host):
        raise Rejected("malformed_address", f"expected {it.at('html_url')} like https://github.com/acme/pay")
    return host


def event(
    where: Origin,
    at: datetime,
    identity: tuple[str | int | None, ...],
    data: Delivery,
) -> Event:
    """The event of an object of a repository; `identity` is what makes it one, besides the repository."""
    return Event(
        id=event_id(PROVIDER, where.host, where.number, *identity),
        source=f"//{where.host}",
        time=at,
        subject=where.repository.name,
        mapperrevision=REVISION,
        data=data,
    )


def account(context: Context, it: Fields | None) -> dict[str, Any]:
    """`actor` and `is_bot` of a user object, for a contract; nothing when there is none."""
    if it is None:
        return {}
    login = it.maybe_text("login")
    return {"actor": actor(context, login), "is_bot": it.maybe_text("type") == "Bot" or is_bot(login)}


def sha(it: Fields, key: str) -> str | None:
    """A commit id, or None where it is absent or all zeros (a ref that is not there)."""
    value = it.maybe_text(key)
    if value is None or not value.strip("0"):
        return None
    if not _SHA.fullmatch(value):
        raise Rejected(
            "malformed_commit", f"expected {it.at(key)} to be a commit id in hex, got {len(value)} characters"
        )
    return value


def link(it: Fields, *keys: str) -> str | None:
    """The first of these fields that is a web page, without its query."""
    return next((found for key in keys if (found := page(it.maybe_text(key)))), None)


__all__ = ["PROVIDER", "Origin", "account", "contract", "event", "host_of", "link", "origin", "repository_of", "sha"]
