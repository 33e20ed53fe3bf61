"""The examples beside the contracts, as what a sender posts and as what a consumer finds on a topic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas import gateway
from schemas.envelope import Event
from schemas.streams import STREAMS, Stream
from stream_processors.records import Record

FOLDER = Path(__file__).parents[2] / "schemas" / "examples"
CONTRACTS = [(stream, type_) for stream in STREAMS for type_ in stream.contracts]
EVENT_TYPES = [(stream, type_) for stream, type_ in CONTRACTS if type_ != gateway.TYPE]


@dataclass(frozen=True)
class Example:
    """One file.

    Attributes:
        stream: that carries its type.
        type: CloudEvents type.
        path: of the file.
        value: its JSON.
    """

    stream: Stream
    type: str
    path: Path
    value: dict[str, Any]

    @property
    def where(self) -> str:
        """Of an invalid one: the field that the refusal must name."""
        return self.path.stem.partition("--")[0]

    def event(self) -> Event:
        """The event, made strictly."""
        return Event.model_validate({name: self.value[name] for name in Event.model_fields if name in self.value})

    def record(self, **changed: Any) -> Record:
        """The record that a foreign CloudEvents sender would produce; `changed` replaces fields of the payload."""
        text = {"specversion": "1.0", **{name: value for name, value in self.value.items() if isinstance(value, str)}}
        headers = tuple((f"ce_{name}", value.encode()) for name, value in text.items())
        value = json.dumps({**self.value["data"], **changed}).encode()
        return record(self.stream, value, (*headers, ("content-type", b"application/json")))


def record(stream: Stream, value: bytes, headers: tuple[tuple[str, bytes], ...], offset: int = 7) -> Record:
    return Record(stream.topic, 1, offset, datetime(2026, 3, 2, 10, tzinfo=UTC), b"key", value, headers)


def folder(type_: str) -> Path:
    """`adoption.ci_run.v1` → examples/ci_run/v1."""
    _, kind, version = type_.split(".")
    return FOLDER / kind / version


def examples(kind: str, contracts: list[tuple[Stream, str]]) -> list[Example]:
    """All `valid` or `invalid` examples of these contracts."""
    return [
        Example(stream, type_, path, json.loads(path.read_text(encoding="utf-8")))
        for stream, type_ in contracts
        for path in sorted((folder(type_) / kind).glob("*.json"))
    ]


def name(example: Example) -> str:
    """How a test's id shows an example."""
    return f"{example.type}/{example.path.stem}"
