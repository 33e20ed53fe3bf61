"""What Bitbucket Cloud's payloads have in common: their repository, their people, pages of objects.

Between `mapper.py`, which dispatches, and the modules of one event kind each. There is one instance, whatever host the
links name. Repositories are known by their UUID, people by their Atlassian account.
"""

from __future__ import annotations

import re

from producers.sources import forge
from producers.sources.common import Context
from producers.sources.evidence import Vendor, link, person
from producers.sources.forge import Origin
from producers.sources.payload import Fields
from schemas.delivery import Repository

BITBUCKET = Vendor("bitbucket", revision=1)

_HOST = "bitbucket.org"
_MAIL = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_NAMES = ("account_id", "uuid", "username", "nickname", "display_name")
_ROBOTS = frozenset({"app_user"})
"""Types of accounts that are no person's."""


def origin(payload: Fields) -> Origin:
    """The repository that the payload is about."""
    it = payload.child("repository")
    return Origin(BITBUCKET, _HOST, repository(it), _uuid(it))


def repository(it: Fields) -> Repository:
    """A repository object as contracts name it."""
    main = it.maybe_child("mainbranch")
    return forge.repository(_HOST, _uuid(it), it.text("full_name"), main.maybe_text("name") if main else None)


def _uuid(it: Fields) -> str:
    return it.text("uuid").strip("{}").lower()


def account(context: Context, it: Fields | None) -> dict[str, str | bool | None]:
    """`actor` and `is_bot` of a user object, for a contract; nothing when there is none."""
    return person(context, *_names(it), is_robot=it.maybe_text("type") in _ROBOTS) if it else {}


def author_names(it: Fields | None) -> tuple[str | None, ...]:
    """A commit's author: the account, else the e-mail address of `Ada <ada@acme.example>`."""
    if it is None:
        return ()
    user, raw = it.maybe_child("user"), it.maybe_text("raw") or ""
    mail = _MAIL.search(raw[:1000])
    return (*(_names(user) if user else ()), mail[1] if mail else raw or None)


def _names(it: Fields) -> tuple[str | None, ...]:
    return tuple(it.maybe_text(key) for key in _NAMES)


def page(it: Fields, name: str = "html") -> str | None:
    """The page of an object, from its `links`."""
    links = it.maybe_child("links")
    found = links.maybe_child(name) if links else None
    return link(found, "href") if found else None
