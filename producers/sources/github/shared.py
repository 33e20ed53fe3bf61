"""What GitHub's payloads have in common: their repository, their people.

Between `mapper.py`, which dispatches, and the modules of one event kind each.
"""

from __future__ import annotations

from typing import Any

from producers.sources import forge
from producers.sources.common import Context
from producers.sources.evidence import Vendor, host_of, person
from producers.sources.forge import Origin
from producers.sources.payload import Fields
from schemas.delivery import Repository

GITHUB = Vendor("github", revision=3)


def origin(payload: Fields) -> Origin:
    """The repository that the payload is about."""
    it = payload.child("repository")
    return Origin(GITHUB, host_of(it, "html_url"), repository_of(it), it.integer("id"))


def repository_of(it: Fields) -> Repository:
    """A repository object as contracts name it."""
    host = host_of(it, "html_url")
    return forge.repository(host, it.integer("id"), it.text("full_name"), it.maybe_text("default_branch"))


def account(context: Context, it: Fields | None) -> dict[str, Any]:
    """`actor` and `is_bot` of a user object, for a contract; nothing when there is none."""
    return person(context, it.maybe_text("login"), is_robot=it.maybe_text("type") == "Bot") if it else {}
