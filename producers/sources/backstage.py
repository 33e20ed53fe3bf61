"""Backstage descriptors (`catalog-info.yaml`, several documents) to catalog facts.

`Component` and `API` become a service, its owner (`spec.owner`, a group), and its repository: annotations
`github.com/project-slug` or `gitlab.com/project-slug`, narrowed to a folder by `backstage.io/source-location` (without
both, `backstage.io/managed-by-location`). `spec.consumesApis` makes the API apply to the owning team (grant
`eligible`). `Group` becomes a team. Other kinds are ignored. Names carry their namespace unless it is `default`.

What Backstage has no word for is said by annotations (the flag also as a label): `adoption/platform: "true"`,
`adoption/capability: api|ci|deployment`, `adoption/onboarded` and `adoption/archived` (a day or a time),
`adoption/aliases` and `adoption/paths` (separated by commas), `adoption/grain`, `adoption/active-min`; the template is
`adoption/template` or the scaffolder's `backstage.io/source-template`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from producers.sources.common import Mapped, contract
from producers.sources.declared import declared, listed
from producers.sources.entities import Place, Reference, documents, place, qualified, reference
from producers.sources.payload import Fields
from producers.sources.redact import dimension, title
from schemas.base import event_id
from schemas.catalog import Catalog, Grant, Mapping, Ownership, Service, Team
from schemas.envelope import Event

REVISION = 1
"""Revision of this mapper; raise it when the same descriptor would give other facts."""

_SERVICES = frozenset({"component", "api"})


def map_text(text: str, *, observed: datetime, source: str = "//backstage", declared_in: str | None = None) -> Mapped:
    """Catalog facts of a descriptor file.

    Args:
        text: YAML, one or more documents.
        observed: when the file said so (its commit's time, else the import's); part of each fact's identity.
        source: CloudEvents source, the catalog that is read.
        declared_in: file or address, kept beside the facts.

    Raises:
        Rejected: what is malformed and in which document; nothing of the file is taken then.
    """
    entities = [_Entity(Fields(one, f"document {index}")) for index, one in enumerate(documents(text), start=1)]
    components = {entity.name for entity in entities if entity.kind == "component"}
    events: list[Event] = []
    ignored: list[str] = []
    for entity in entities:
        if entity.kind == "api" and entity.name in components:
            ignored.append("backstage:API.described_by_component")
            continue
        for fact in _facts(entity):
            if isinstance(fact, str):
                ignored.append(fact)
            else:
                events.append(_event(entity, fact, observed, source, declared_in))
    return Mapped(events=tuple(events), ignored=tuple(ignored))


class _Entity:
    """One document: its identity, metadata and spec."""

    def __init__(self, document: Fields) -> None:
        self.written_kind = document.text("kind")
        is_backstage = document.text("apiVersion").startswith("backstage.io/")
        self.kind = self.written_kind.lower() if is_backstage else ""
        self.metadata = document.child("metadata")
        self.name = qualified(self.metadata.maybe_text("namespace"), self.metadata.text("name"))
        self.spec = document.maybe_child("spec") or Fields({}, document.at("spec"))
        self.annotations = self.metadata.maybe_child("annotations") or Fields({}, document.at("annotations"))
        self.labels = self.metadata.maybe_child("labels") or Fields({}, document.at("labels"))

    def word(self, key: str) -> str | None:
        """A dimension of the spec."""
        return dimension(self.spec.maybe_text(key) or "") or None

    def said(self, key: str) -> str | None:
        """An annotation's text."""
        return self.annotations.maybe_text(key)

    def said_anyhow(self, key: str) -> str | None:
        """An annotation's text, of the flag a label's."""
        text = self.said(key)
        return self.labels.maybe_text(key) if text is None and key == "adoption/platform" else text

    def reference(self, key: str, kind: str) -> Reference | None:
        """An entity that the spec names."""
        text = self.spec.maybe_text(key)
        return reference(text, kind, self.spec.at(key)) if text else None

    def references(self, key: str, kind: str) -> list[Reference]:
        """The entities that a list of the spec names."""
        return [reference(text, kind, self.spec.at(key)) for text in self.spec.texts(key) or ()]


def _facts(entity: _Entity) -> Iterator[Catalog | str]:
    """Facts of an entity, and reason codes for what is left out."""
    if entity.kind == "group":
        parent = entity.reference("parent", "group")
        profile = entity.spec.maybe_child("profile")
        shown = profile.maybe_text("displayName") if profile else None
        yield _checked(
            Team,
            team=entity.name,
            title=title(shown or entity.metadata.maybe_text("title") or ""),
            parent=parent.name if parent else None,
        )
    elif entity.kind in _SERVICES:
        yield _service(entity)
        owner = entity.reference("owner", "group")
        if owner is None:
            yield "backstage:no_owner"
        elif owner.kind != "group":
            yield f"backstage:owner_is_{owner.kind[:20]}"
        else:
            yield _checked(Ownership, name=entity.name, team=owner.name)
            for used in entity.references("consumesApis", "api"):
                yield _checked(Grant, team=owner.name, service=used.name, relation="eligible")
        for repository, paths in _repositories(entity):
            yield _checked(Mapping, repository=repository, paths=paths, service=entity.name)
    else:
        yield f"backstage:{dimension(entity.written_kind)[:40]}"


def _service(entity: _Entity) -> Catalog:
    system = entity.reference("system", "system")
    said = declared(entity.said_anyhow)
    if said["template"] is None and (made := entity.said("backstage.io/source-template")):
        said["template"] = reference(made, "template", entity.annotations.at("backstage.io/source-template")).name
    said["capability"] = said["capability"] or ("api" if entity.kind == "api" else None)
    names = (*said.pop("aliases"), dimension(entity.said("backstage.io/kubernetes-id") or ""))
    return _checked(
        Service,
        service=entity.name,
        title=title(entity.metadata.maybe_text("title") or ""),
        system=system.name if system else None,
        lifecycle=entity.word("lifecycle"),
        aliases=tuple(dict.fromkeys(name for name in names if name and name != entity.name)),
        **said,
    )


def _repositories(entity: _Entity) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Repositories of an entity, each with the paths that are its own; none: the whole."""
    slugs = {
        dimension(f"{host}/{slug.strip().strip('/')}".lower())
        for host in ("github.com", "gitlab.com")
        if (slug := entity.said(f"{host}/project-slug"))
    }
    location = entity.said("backstage.io/source-location")
    found: Place | None = place(location) if location else None
    if found is None and not slugs and (descriptor := entity.said("backstage.io/managed-by-location")):
        found = place(descriptor, is_file=True)
    folders = {found.repository: found.folder} if found else {}
    for repository in sorted(slugs | folders.keys()):
        folder = folders.get(repository)
        yield repository, listed(entity.said, "adoption/paths") or ((f"{folder}/**",) if folder else ())


def _checked(model: type[Any], **fields: Any) -> Catalog:
    made: Catalog = contract(lambda: model(**fields))
    return made


def _event(entity: _Entity, fact: Catalog, observed: datetime, source: str, declared_in: str | None) -> Event:
    key = fact.model_dump_json(include={"repository", "service", "team", "name", "relation"})
    where = title(declared_in) if declared_in else None
    return contract(
        lambda: Event(
            id=event_id("backstage", entity.kind, entity.name, fact.kind, key, observed.isoformat()),
            source=source,
            time=observed,
            subject=entity.name,
            mapperrevision=REVISION,
            data=fact.model_copy(update={"declared_in": where}),
        )
    )


def targets(text: str) -> tuple[str, ...]:
    """Files that `Location` documents name by relative paths; addresses are somebody else's to read.

    Raises:
        Rejected: as `map_text`.
    """
    found: list[str] = []
    for index, one in enumerate(documents(text), start=1):
        entity = _Entity(Fields(one, f"document {index}"))
        if entity.kind == "location" and (entity.spec.maybe_text("type") or "file") == "file":
            single = entity.spec.maybe_text("target")
            found += [*([single] if single else []), *(entity.spec.texts("targets") or ())]
    return tuple(target for target in found if "://" not in target)
