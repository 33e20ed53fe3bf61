"""Spans of an OTLP/HTTP trace export (`ExportTraceServiceRequest` as JSON): one by one, with what each says.

Used by the mappers of server spans and of CI/CD spans. Times are nanoseconds since 1970, as text or as a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from producers.sources.common import Rejected
from producers.sources.payload import Fields

LONGEST = 20
"""Digits of a 64-bit number."""
_SCOPES = ("scopeSpans", "instrumentationLibrarySpans")
"""The second until OTLP 0.19."""

Attributes = Mapping[str, Any]


def unpack(payload: Any) -> list[Any]:
    """Export requests as one request per span, each with its resource; what has another shape stays as it is."""
    if isinstance(payload, list):
        return [one for item in payload for one in unpack(item)]
    return list(_each(payload, "resourceSpans", _of_resource)) if isinstance(payload, dict) else [payload]


def parts(record: Any) -> tuple[Fields, Fields]:
    """The resource's group and the one span of an unpacked record."""
    resource = _only(Fields(record), "resourceSpans")
    scope = _only(resource, next((key for key in _SCOPES if key in resource), _SCOPES[0]))
    return resource, _only(scope, "spans")


def attributes(it: Fields) -> Attributes:
    """Attributes by name: the single value of each (texts and numbers; lists and maps are of no interest)."""
    return {
        attribute.text("key"): value.raw(kind)
        for attribute in it.children("attributes")
        if (value := attribute.maybe_child("value"))
        for kind in ("stringValue", "intValue")
        if kind in value
    }


def text(found: Attributes, *names: str) -> str:
    """The first of these attributes that is a text with something in it; empty without one."""
    return next((value for name in names if isinstance(value := found.get(name), str) and value.strip()), "")


def nanoseconds(span: Fields, key: str) -> int:
    """A time of a span.

    Raises:
        Rejected: `missing_field`; `wrong_type` for what is no whole number.
    """
    value = span.raw(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= LONGEST:
        return int(value)
    return span.integer(key) if not isinstance(value, str) else _refuse(span, key)


def _each(it: dict[str, Any], key: str, inner: Any) -> Iterator[Any]:
    """What `inner` makes of each item of a list, put back into copies of `it`; `it` itself where there is no list."""
    items = it.get(key)
    if items is None:
        return
    if not isinstance(items, list):
        yield it
        return
    rest = {name: value for name, value in it.items() if name != key}
    for item in items:
        for one in inner(item):
            yield {**rest, key: [one]}


def _of_resource(item: Any) -> Iterator[Any]:
    if not isinstance(item, dict):
        yield item
        return
    rest = {name: value for name, value in item.items() if name not in _SCOPES}
    for key in _SCOPES:
        if key in item:
            yield from _each({**rest, key: item[key]}, key, _of_scope)


def _of_scope(item: Any) -> Iterator[Any]:
    if isinstance(item, dict):
        yield from _each(item, "spans", lambda span: [span])
    else:
        yield item


def _only(it: Fields, key: str) -> Fields:
    found = list(it.children(key))
    if len(found) != 1:
        raise Rejected("missing_field", f"expected one item in {it.at(key)}, got {len(found)}")
    return found[0]


def _refuse(span: Fields, key: str) -> int:
    raise Rejected("wrong_type", f"expected {span.at(key)}, nanoseconds since 1970 in digits, got another text")
