"""CloudEvents over HTTP to contract events: structured, batched and binary mode.

The strict side of the contracts: what a sender gets wrong is refused here, by name, before anything is on its way.
Types of the vendors that speak in CloudEvents (CDEvents, Tekton) go to their mappers, as from their webhooks; any other
is counted and let go: senders may hand us all that passes by.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from pydantic import ValidationError

from producers.http.parsing import parse_json
from producers.http.problems import Problem
from producers.sources.registry import Source, source_of_type
from schemas.envelope import TYPES, Event

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
BINARY: Final = "application/json"
UNKNOWN_TYPE: Final = "unknown_type"
_ATTRIBUTES: Final = ("id", "source", "time", "subject", "mapperrevision")


@dataclass
class Read:
    """What a request holds.

    Attributes:
        events: ours.
        foreign: those of vendors, each with the source whose mapper reads it, in structured mode.
        ignored: reason code -> number of the others.
    """

    events: list[Event] = field(default_factory=list)
    foreign: list[tuple[Source, dict[str, Any]]] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


def read(media: str, headers: Mapping[str, str], raw: bytes) -> Read:
    """The events of a request.

    Raises:
        Problem: 415 no media type of CloudEvents; 400 no JSON; 422 breaks the envelope or the contract of its type
            (with `index`, `field`).
    """
    is_binary = media == BINARY or (media.endswith("+json") and "ce-type" in headers)
    if is_binary and media not in {STRUCTURED, BATCH}:
        items = [_from_headers(headers, raw)]
    elif media in {STRUCTURED, BATCH}:
        value = parse_json(raw)
        if media == BATCH and not isinstance(value, list):
            raise _violation(None, "", f"expected an array of events, got {_kind(value)}")
        items = value if media == BATCH else [value]
    else:
        expected = f"{STRUCTURED}, {BATCH}, or {BINARY} (or another +json) with ce-* headers"
        raise Problem(415, "unsupported_media_type", f"expected Content-Type {expected}; got {media[:100]!r}")
    found = Read()
    for index, item in enumerate(items):
        event = _event(index, item)
        if event is not None:
            found.events.append(event)
        elif source := source_of_type(item["type"]):
            found.foreign.append((source, item))
        else:
            found.ignored[UNKNOWN_TYPE] += 1
    return found


def _event(index: int, item: Any) -> Event | None:
    if not isinstance(item, dict):
        raise _violation(index, "", f"expected a CloudEvents object, got {_kind(item)}")
    if item.get("specversion") != "1.0":
        raise _violation(index, "specversion", f"expected '1.0', got {_shown(item.get('specversion'))}")
    type_ = item.get("type")
    if not isinstance(type_, str) or not type_:
        raise _violation(index, "type", f"expected a text, got {_shown(type_)}")
    model = TYPES.get(type_)
    if model is None:
        return None
    try:
        data = model.model_validate(_data(index, item))
    except ValidationError as error:
        raise _broken(index, "data.", error) from None
    try:
        known = {name: item[name] for name in _ATTRIBUTES if item.get(name) is not None}
        return Event.model_validate({**known, "data": data})
    except ValidationError as error:
        raise _broken(index, "", error) from None


def _data(index: int, item: dict[str, Any]) -> Any:
    media = item.get("datacontenttype", BINARY)
    bare = media.partition(";")[0].strip().lower() if isinstance(media, str) else ""
    if bare != BINARY and not bare.endswith("+json"):
        raise _violation(index, "datacontenttype", f"expected {BINARY}, got {_shown(media)}")
    if "data_base64" not in item:
        return item.get("data")
    try:
        return parse_json(base64.b64decode(item["data_base64"], validate=True))
    except (TypeError, ValueError, binascii.Error):
        raise _violation(index, "data_base64", "expected base64 of a JSON value") from None
    except Problem as problem:
        raise _violation(index, "data_base64", str(problem)) from None


def _from_headers(headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    """Binary mode as a structured object: `ce-*` headers are percent-encoded UTF-8."""
    item: dict[str, Any] = {}
    for name in ("specversion", "type", *_ATTRIBUTES):
        value = headers.get(f"ce-{name}")
        if value is None:
            continue
        try:
            item[name] = unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise _violation(0, name, f"expected percent-encoded UTF-8 in header ce-{name}") from None
    if "type" not in item:
        message = f"expected headers ce-specversion, ce-type, ce-id, ce-source, ce-time; or Content-Type {STRUCTURED}"
        raise _violation(0, "type", message)
    # A body of an unknown type is not ours to understand.
    is_known = item["type"] in TYPES or source_of_type(item["type"]) is not None
    return {**item, "data": parse_json(raw)} if is_known else item


def _broken(index: int, prefix: str, error: ValidationError) -> Problem:
    """The 422 for the first thing that breaks the contract, and how many more there are."""
    errors = error.errors(include_url=False, include_context=False)
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    where = prefix + ".".join(str(part) for part in first["loc"])
    got = "nothing" if first["type"] == "missing" else _shown(first["input"])
    return _violation(index, where.rstrip("."), f"{first['msg']}, got {got}{more}")


def _violation(index: int | None, where: str, message: str) -> Problem:
    place = " ".join(part for part in (f"event {index}" if index is not None else "", where) if part)
    details: dict[str, Any] = {} if index is None else {"index": index, "field": where}
    said = f"{place}: {message}; nothing of this request was accepted".removeprefix(": ")
    return Problem(422, "contract_violation", said, **details)


def _shown(value: Any) -> str:
    if isinstance(value, str | int | float | bool) or value is None:
        shown = "nothing" if value is None else ascii(value)
        return shown if len(shown) <= 120 else f"{shown[:120]}..."  # noqa: PLR2004
    return _kind(value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number")
