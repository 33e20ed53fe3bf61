"""The envelope: CloudEvents 1.0 attributes around a contract, and its Kafka binding in binary mode.

Identity is (source, id). `mapperrevision` is the revision of the mapper that made the event: where two contents meet
under one identity, the greatest (mapper revision, content digest) counts, in whatever order they arrive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter

from schemas.base import Contract, Instant
from schemas.catalog import (
    Annotation,
    Consumer,
    Grant,
    Mapping,
    Observation,
    Ownership,
    Resource,
    Service,
    Slo,
    Target,
    Team,
)
from schemas.costs import Cost, CostExport
from schemas.delivery import CiRun, Deployment, Incident, Merge, Push

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Data = Annotated[
    CiRun
    | Push
    | Merge
    | Deployment
    | Incident
    | Service
    | Team
    | Mapping
    | Resource
    | Ownership
    | Consumer
    | Grant
    | Slo
    | Target
    | Annotation
    | Observation
    | Cost
    | CostExport,
    Field(discriminator="kind"),
]

TYPES: dict[str, type[Contract]] = {
    f"adoption.{model.model_fields['kind'].default}.v1": model
    for model in (
        CiRun,
        Push,
        Merge,
        Deployment,
        Incident,
        Service,
        Team,
        Mapping,
        Resource,
        Ownership,
        Consumer,
        Grant,
        Slo,
        Target,
        Annotation,
        Observation,
        Cost,
        CostExport,
    )
}
"""CloudEvents `type` -> contract."""

Headers = Iterable[tuple[str, bytes]]
JSON = "application/json"


class UnknownTypeError(ValueError):
    """A CloudEvents type that no contract of ours has."""


class Event(Contract):
    """One contract event in its envelope."""

    id: Attribute
    source: Attribute = Field(description="URI reference of the system that said it, e.g. //github.com")
    time: Instant
    subject: Attribute | None = Field(default=None, description="Repository, application or incident: the Kafka key")
    mapperrevision: Annotated[int, Field(ge=0, le=0xFFFF)] = 0
    data: Data

    @property
    def type(self) -> str:
        """CloudEvents type of the payload."""
        return f"adoption.{self.data.kind}.v1"


def to_kafka(event: Event) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """The event as (key, value, headers) of a Kafka record, CloudEvents binary mode."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.id.encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.type.encode()),
        ("ce_time", event.time.isoformat().encode()),
        ("content-type", JSON.encode()),
    ]
    if event.subject is not None:
        headers.append(("ce_subject", event.subject.encode()))
    if event.mapperrevision:
        headers.append(("ce_mapperrevision", str(event.mapperrevision).encode()))
    key = (event.subject or event.source).encode()
    return key, content(event), headers


def content(event: Event) -> bytes:
    """Canonical bytes of the payload: JSON, fields in the model's order, absent ones left out."""
    return event.data.model_dump_json(exclude_none=True, exclude_defaults=False).encode()


def from_kafka(value: bytes, headers: Headers) -> Event:
    """The event in a Kafka record; tolerant of fields it does not know.

    Raises:
        UnknownTypeError: `ce_type` is none of ours.
        pydantic.ValidationError: attributes or payload break the contract.
        UnicodeDecodeError: a header is not UTF-8.
    """
    attributes = {name.removeprefix("ce_"): raw.decode() for name, raw in headers if name.startswith("ce_")}
    return assemble(attributes, value)


_ENVELOPE: TypeAdapter[Event] = TypeAdapter(Event)


def assemble(attributes: dict[str, str], value: bytes) -> Event:
    """The event made of CloudEvents attributes and the payload's JSON bytes, as `from_kafka`."""
    model = contract_of(attributes.get("type"))
    data = model.model_validate_json(value, extra="ignore")
    known = {name: attributes[name] for name in Event.model_fields if name in attributes}
    return _ENVELOPE.validate_python({**known, "data": data})


def contract_of(type_: str | None) -> type[Contract]:
    """The contract of a CloudEvents type.

    Raises:
        UnknownTypeError: none of ours; the message lists them.
    """
    model = TYPES.get(type_ or "")
    if model is None:
        raise UnknownTypeError(f"unknown CloudEvents type {type_!r}: expected one of {', '.join(sorted(TYPES))}")
    return model


def version(event: Event) -> int:
    """Rank of this content under its identity: (mapper revision, content digest) as one unsigned 64-bit number."""
    digest = hashlib.sha256(f"{event.time.isoformat()}\n".encode() + content(event)).digest()
    return (event.mapperrevision << 48) | int.from_bytes(digest[:6], "big")
