"""The examples of each source: `tests/examples/<source>/`, payloads written by hand.

An example is a `.json` file (for a gateway one record or an array of them) or, for a gateway, a file of one record a
line. Where a mapper reads request headers, `<example>.headers.json` beside it has them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producers.sources.common import Context, GatewayMapped, Mapped
from producers.sources.generic.mapper import rows as generic
from producers.sources.registry import SOURCES as REGISTRY
from producers.sources.registry import Source

FOLDER = Path(__file__).parents[1] / "examples"
CONTEXT = Context(salt=b"salt")
UNIT = "0" * 32
_HEADERS = ".headers.json"
_GITHUB = ("deployment_status", "deployment", "pull_request_review", "pull_request", "push", "release", "workflow_run")
"""Events of GitHub, the longer names first: it names each in a header, and the examples of each begin with its name."""


@dataclass(frozen=True)
class Example:
    """One example of a source.

    Attributes:
        source: its row.
        name: source and file, as a test's id.
        payload: for a gateway a list of records.
        headers: request headers.
    """

    source: Source
    name: str
    payload: Any
    headers: dict[str, str]

    def events(self, payload: Any = None, **more: str) -> Mapped:
        """What its mapper makes of it, or of a changed `payload`, with `more` headers."""
        assert self.source.map_events
        return self.source.map_events(self.payload if payload is None else payload, self.headers | more, CONTEXT)

    def rows(self, records: Any = None) -> GatewayMapped:
        """What its mapper makes of its records, or of changed ones."""
        assert self.source.map_gateway
        return self.source.map_gateway(self.payload if records is None else records, unit=UNIT, context=CONTEXT)


def examples_of(source: Source) -> list[Example]:
    """A source's examples, by file name; none where it has no folder."""
    names = (source.name, source.name.replace("-", "_"))
    folder = next((FOLDER / name for name in names if (FOLDER / name).is_dir()), None)
    files = sorted(folder.iterdir()) if folder else []
    return [_example(source, path) for path in files if path.is_file() and not path.name.endswith(_HEADERS)]


def _example(source: Source, path: Path) -> Example:
    text = path.read_text()
    payload = json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines() if line]
    if source.kind == "gateway":
        payload = source.records(payload)
    beside = path.with_name(path.stem + _HEADERS)
    headers = json.loads(beside.read_text()) if beside.exists() else {}
    if source.name == "github":
        event = next((event for event in _GITHUB if path.stem.startswith(event)), None)
        headers |= {"X-GitHub-Event": event} if event else {}
    return Example(source, f"{source.name}/{path.stem}", payload, headers)


SOURCES = {**REGISTRY, **{source.name: source for source in generic(FOLDER / "generic")}}
"""The registry's, and those that a mapping file describes: they keep the same rules."""
EXAMPLES = {one.name: one for source in SOURCES.values() for one in examples_of(source)}
EVENTS = [name for name, one in EXAMPLES.items() if one.source.kind == "events"]
GATEWAYS = [name for name, one in EXAMPLES.items() if one.source.kind == "gateway"]
