"""A vendor's own examples for the tests of its mapper: read, mapped, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from producers.sources.common import EventMapper, Mapped
from schemas.envelope import Event
from tests.support.source_examples import CONTEXT, FOLDER


@dataclass(frozen=True)
class VendorExamples:
    """Files of `tests/examples/<folder>/`; where a mapper reads headers, `<name>.headers.json` has them."""

    folder: str
    mapper: EventMapper

    def names(self) -> list[str]:
        """All of them, but the headers."""
        stems = (path.stem for path in (FOLDER / self.folder).glob("*.json"))
        return sorted(stem for stem in stems if not stem.endswith(".headers"))

    def load(self, name: str) -> Any:
        """A payload."""
        return json.loads((FOLDER / self.folder / f"{name}.json").read_text())

    def mapped(self, payload: Any, headers: Mapping[str, str] | None = None) -> Mapped:
        """What becomes of a payload."""
        return self.mapper(payload, headers or {}, CONTEXT)

    def of(self, name: str) -> Mapped:
        """What becomes of an example, with its own headers."""
        has_headers = (FOLDER / self.folder / f"{name}.headers.json").exists()
        return self.mapped(self.load(name), self.load(f"{name}.headers") if has_headers else None)

    def one(self, name: str) -> Event:
        """The one event of an example."""
        (event,) = self.of(name).events
        return event

    def ignored(self, name: str) -> tuple[str, ...]:
        """Why nothing becomes of an example."""
        found = self.of(name)
        assert found.events == ()
        return found.ignored


def at(text: str) -> datetime:
    """An instant as an example writes it, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
