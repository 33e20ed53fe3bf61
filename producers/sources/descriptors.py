"""What all catalogs' descriptor files have in common: a fact's event, a checked fact, a repository at a known host.

Used by the mappers of Cortex, OpsLevel and CODEOWNERS. Their files say what holds now: facts are dated by the import.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producers.sources.common import Mapped, contract
from producers.sources.redact import dimension, title
from schemas.base import event_id
from schemas.catalog import Catalog
from schemas.envelope import Event

HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
"""Words for providers of repositories -> the host of those that are not self-managed."""


@dataclass(frozen=True)
class File:
    """A descriptor file.

    Attributes:
        catalog: whose form it has, the first part of every identity.
        revision: of the mapper.
        observed: when the file said so; part of each fact's identity.
        source: CloudEvents source, the catalog that is read.
        declared_in: file or address, kept beside the facts.
    """

    catalog: str
    revision: int
    observed: datetime
    source: str
    declared_in: str | None

    def mapped(self, found: Iterable[tuple[str, Catalog] | str]) -> Mapped:
        """Facts, each with the name of what it is about, and reasons for what is left out."""
        events: list[Event] = []
        ignored: list[str] = []
        for one in found:
            if isinstance(one, str):
                ignored.append(f"{self.catalog}:{one}")
            else:
                events.append(self._event(*one))
        return Mapped(events=tuple(events), ignored=tuple(ignored))

    def _event(self, about: str, fact: Catalog) -> Event:
        key = fact.model_dump_json(include={"repository", "paths", "service", "team", "name", "relation"})
        where = title(self.declared_in) if self.declared_in else None
        return contract(
            lambda: Event(
                id=event_id(self.catalog, about, fact.kind, key, self.observed.isoformat()),
                source=self.source,
                time=self.observed,
                subject=about,
                mapperrevision=self.revision,
                data=fact.model_copy(update={"declared_in": where}),
            )
        )


def checked(model: type[Any], **fields: Any) -> Catalog:
    """A fact; a broken contract is a `Rejected`."""
    made: Catalog = contract(lambda: model(**fields))
    return made


def below(folder: str | None) -> tuple[str, ...]:
    """Paths of a folder of a repository; none for its root: the whole repository."""
    inside = (folder or "").strip().strip("/")
    return (f"{inside}/**",) if inside not in {"", "."} else ()


def repository(provider: str, name: str) -> str | None:
    """The host-qualified name of a repository at a provider's own host; None where the host is not known."""
    host = HOSTS.get(provider.lower().removesuffix(".com").removesuffix(".org"))
    return dimension(f"{host}/{name.strip().strip('/')}".lower()) if host else None
