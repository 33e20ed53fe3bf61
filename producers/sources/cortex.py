"""Cortex's entity descriptors (`cortex.yaml`) to catalog facts.

An entity of type `service` (the default) becomes a service, the first of its owners that is a group its team, its
`x-cortex-git` its repository, narrowed to `basePath` where one is given. A `team` becomes a team. The tag is the name,
the first parent the system, or the team that a team is part of. Other types (domains, resources, custom ones) are
ignored, and so are owners by e-mail or Slack.

- A repository is at github.com, gitlab.com or bitbucket.org: what `alias` stands for is known to Cortex only. Map one
  of a self-managed host by a CSV file.
- What Cortex has no word for is said by its custom data: the words of Backstage's annotations, see `declared.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from producers.sources.common import Mapped
from producers.sources.declared import declared
from producers.sources.descriptors import File, below, checked, repository
from producers.sources.entities import documents
from producers.sources.evidence import word
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from schemas.catalog import Catalog, Ownership, Service, Team
from schemas.catalog import Mapping as Held

REVISION = 1
"""Revision of this mapper; raise it when the same descriptor would give other facts."""


def map_text(text: str, *, observed: datetime, source: str = "//cortex", declared_in: str | None = None) -> Mapped:
    """Catalog facts of a descriptor file; arguments as of `descriptors.File`.

    Raises:
        Rejected: what is malformed and in which document; nothing of the file is taken then.
    """
    file = File("cortex", REVISION, observed, source, declared_in)
    entities = [Fields(one, f"document {index}").child("info") for index, one in enumerate(documents(text), start=1)]
    return file.mapped(found for entity in entities for found in _facts(entity))


def _facts(entity: Fields) -> Iterator[tuple[str, Catalog] | str]:
    name, kind = dimension(entity.text("x-cortex-tag")), entity.maybe_text("x-cortex-type") or "service"
    shown, parent = title(entity.maybe_text("title") or ""), _parent(entity)
    if kind == "team":
        yield name, checked(Team, team=name, title=shown, parent=parent)
    elif kind == "service":
        data = entity.maybe_child("x-cortex-custom-metadata") or Fields({}, "x-cortex-custom-metadata", entity)
        yield name, checked(Service, service=name, title=shown, system=parent, **declared(lambda key: _said(data, key)))
        yield from _owner(entity, name)
        yield from _repositories(entity, name)
    else:
        yield dimension(kind)[:40]


def _parent(entity: Fields) -> str | None:
    for key in ("x-cortex-parents", "x-cortex-domain-parents"):
        for parent in entity.children(key):
            return word(parent, "tag")
    return None


def _said(data: Fields, key: str) -> str | None:
    """Custom data is a text, or an object with a description and a `value`."""
    value = data.raw(key)
    return data.child(key).maybe_text("value") if isinstance(value, dict) else data.maybe_text(key)


def _owner(entity: Fields, name: str) -> Iterator[tuple[str, Catalog] | str]:
    owners = [one for one in entity.children("x-cortex-owners") if (one.maybe_text("type") or "").lower() == "group"]
    if not owners:
        yield "no_owner"
        return
    yield name, checked(Ownership, name=name, team=dimension(owners[0].text("name")))
    yield from ("further_owner" for _ in owners[1:])


def _repositories(entity: Fields, name: str) -> Iterator[tuple[str, Catalog] | str]:
    git = entity.maybe_child("x-cortex-git")
    for provider in git.names() if git else ():
        it = git.maybe_child(provider) if git else None
        where = repository(provider, it.text("repository")) if it and "repository" in it else None
        if it is None or where is None:
            yield f"git.{dimension(provider)[:40]}"
            continue
        paths = below(it.maybe_text("basePath") or it.maybe_text("basepath"))
        yield name, checked(Held, repository=where, paths=paths, service=name)
