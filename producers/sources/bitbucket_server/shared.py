"""What Bitbucket Data Center's payloads have in common: their repositories, their people, pages of objects.

Between `mapper.py`, which dispatches, and the modules of one event kind each. Times are `2024-05-02T11:15:30+1000`, or
epochs in milliseconds. Old servers send no links: the host is unknown then, and a repository is named `project/slug`
without it.
"""

from __future__ import annotations

from producers.sources import forge
from producers.sources.common import Context, contract
from producers.sources.evidence import Vendor, link, maybe_host, person
from producers.sources.forge import Origin
from producers.sources.payload import Fields
from producers.sources.redact import dimension
from schemas.delivery import Repository

SERVER = Vendor("bitbucket-server", revision=1)


def origin(it: Fields) -> Origin:
    """Where a payload of this repository object came from."""
    found, host = repository(it), maybe_host(page(it))
    return Origin(SERVER, host or SERVER.name, found, found.id or found.name or "")


def repository(it: Fields) -> Repository:
    """A repository object as contracts name it."""
    name, host = f"{it.child('project').text('key')}/{it.text('slug')}", maybe_host(page(it))
    if host:
        return forge.repository(host, it.integer("id"), name)
    return contract(lambda: Repository(name=dimension(name.lower())))


def page(it: Fields) -> str | None:
    """The page of an object, from its `links`."""
    links = it.maybe_child("links")
    return next((found for one in links.children("self") if (found := link(one, "href"))), None) if links else None


def account(context: Context, it: Fields | None) -> dict[str, str | bool | None]:
    """`actor` and `is_bot` of a user object, for a contract; access keys and hooks are of type SERVICE."""
    return person(context, *names(it), is_robot=it.maybe_text("type") == "SERVICE") if it else {}


def names(it: Fields) -> tuple[str | None, ...]:
    """Names of a user object, the best one first; a commit's author without an account has the last two."""
    return tuple(it.maybe_text(key) for key in ("name", "emailAddress", "displayName"))
