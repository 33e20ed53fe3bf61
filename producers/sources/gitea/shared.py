"""What the payloads of Gitea, Forgejo and Gogs have in common: their repository, their people, dates that mean none.

Between `mapper.py`, which dispatches, and the modules of one event kind each. All three are one provider: only headers
that nobody signs tell them apart.
"""

from __future__ import annotations

from datetime import datetime

from producers.sources import forge
from producers.sources.common import Context
from producers.sources.evidence import Vendor, host_of, person
from producers.sources.forge import Origin
from producers.sources.payload import Fields
from producers.sources.times import known
from schemas.delivery import Repository

GITEA = Vendor("gitea", revision=1)


def origin(it: Fields) -> Origin:
    """Where a payload of this repository object came from."""
    return Origin(GITEA, host_of(it, "html_url"), repository(it), it.integer("id"))


def repository(it: Fields) -> Repository:
    """A repository object as contracts name it."""
    host = host_of(it, "html_url")
    return forge.repository(host, it.integer("id"), it.text("full_name"), it.maybe_text("default_branch"))


def account(context: Context, it: Fields | None) -> dict[str, str | bool | None]:
    """`actor` and `is_bot` of a user object, for a contract; nothing when there is none."""
    return person(context, *(it.maybe_text(key) for key in ("login", "username", "email"))) if it else {}


def author_names(it: Fields | None) -> tuple[str | None, ...]:
    """A commit's author: account, else e-mail address, else name."""
    return tuple(it.maybe_text(key) for key in ("username", "email", "name")) if it else ()


def moment(it: Fields, key: str) -> datetime | None:
    """A time, or None: year 1 and 1970 stand for "not yet"."""
    at = it.maybe_instant(key)
    return known(at) if at else None
