"""OpsLevel's descriptors (`opslevel.yml`) to catalog facts.

A `component` (formerly `service`) becomes a service by its name, its `owner` its team, its `repositories` its own where
they name a provider and their full name, narrowed to their `path`. A file of a `repository` alone says who owns code,
not a service: it is ignored. Aliases are the service's other names: what events call it.

What OpsLevel has no word for is said by its tags: the words of Backstage's annotations, see `declared.py`.
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
from producers.sources.redact import dimension
from schemas.catalog import Catalog, Ownership, Service
from schemas.catalog import Mapping as Held

REVISION = 1
"""Revision of this mapper; raise it when the same descriptor would give other facts."""


def map_text(text: str, *, observed: datetime, source: str = "//opslevel", declared_in: str | None = None) -> Mapped:
    """Catalog facts of a descriptor file; arguments as of `descriptors.File`.

    Raises:
        Rejected: what is malformed and in which document; nothing of the file is taken then.
    """
    file = File("opslevel", REVISION, observed, source, declared_in)
    found = [Fields(one, f"document {index}") for index, one in enumerate(documents(text), start=1)]
    return file.mapped(fact for document in found for fact in _facts(document))


def _facts(document: Fields) -> Iterator[tuple[str, Catalog] | str]:
    entity = document.maybe_child("component") or document.maybe_child("service")
    if entity is None:
        yield "repository" if "repository" in document else "no_component"
        return
    name = dimension(entity.text("name"))
    tags = {tag.text("key"): tag.maybe_text("value") for tag in entity.children("tags")}
    said = declared(tags.get)
    names = (*map(dimension, entity.texts("aliases") or ()), *said.pop("aliases"))
    yield (
        name,
        checked(
            Service,
            service=name,
            system=word(entity, "system", "product"),
            lifecycle=word(entity, "lifecycle"),
            aliases=tuple(dict.fromkeys(alias for alias in names if alias and alias != name)),
            **said,
        ),
    )
    if team := word(entity, "owner"):
        yield name, checked(Ownership, name=name, team=team)
    else:
        yield "no_owner"
    for held in entity.children("repositories"):
        where = repository(held.maybe_text("provider") or "", held.text("name"))
        if where is None:
            yield "repository_of_unknown_host"
        else:
            yield name, checked(Held, repository=where, paths=below(held.maybe_text("path")), service=name)
