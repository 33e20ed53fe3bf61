"""What GitLab's payloads have in common: their project, their people.

Between `mapper.py`, which dispatches, and the modules of one event kind each. GitLab writes times in four ways; all are
read (`2016-08-12 15:23:28 UTC`, `2021-04-28 21:50:00 +0200`, ISO 8601 with Z or with an offset). Whoever has no public
e-mail address has `[REDACTED]` in its place: that is nobody's name.
"""

from __future__ import annotations

import re

from producers.sources import forge
from producers.sources.common import Context
from producers.sources.evidence import Vendor, host_of, person
from producers.sources.forge import Origin
from producers.sources.payload import Fields
from schemas.delivery import Repository

GITLAB = Vendor("gitlab", revision=1)

_NOBODY = "[REDACTED]"
_ROBOT = re.compile(r"(?:project|group)_\d+_bot(?:_\w+)?|service_account_\w+|ghost\d*")
"""Names that GitLab makes for the users of access tokens and for service accounts."""


def origin(payload: Fields) -> Origin:
    """The project that the payload is about."""
    it = payload.child("project")
    number = it.maybe_integer("id") or payload.maybe_integer("project_id")
    name = it.text("path_with_namespace")
    return Origin(GITLAB, host_of(it, "web_url"), project(it, number), number or name.lower())


def project(it: Fields, number: int | None) -> Repository:
    """A project object as contracts name it; the older ones lack their id."""
    host = host_of(it, "web_url")
    return forge.repository(host, number, it.text("path_with_namespace"), it.maybe_text("default_branch"))


def account(context: Context, it: Fields | None) -> dict[str, str | bool | None]:
    """`actor` and `is_bot` of a user object, for a contract; nothing when there is none."""
    return whoever(context, *(it.maybe_text(key) for key in ("username", "email", "name"))) if it else {}


def whoever(context: Context, *names: str | None) -> dict[str, str | bool | None]:
    """The same of names, the best one first."""
    known = [name for name in names if name != _NOBODY]
    return person(context, *known, is_robot=any(name and _ROBOT.fullmatch(name) for name in known))


def author_names(it: Fields | None) -> tuple[str | None, ...]:
    """A commit's author: e-mail address, else name."""
    return tuple(name for key in ("email", "name") if (name := it.maybe_text(key)) != _NOBODY) if it else ()
