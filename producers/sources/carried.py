"""What a CloudEvent carries, in whichever of its three modes it came: for vendors that speak in CloudEvents.

Used by the mappers of CDEvents and Tekton, whose payload may be the bare body of a binary one (its attributes are
`ce-*` headers), a structured one, or a batch. The same reading serves a Kafka record: its value, its headers as `ce-*`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from producers.sources.common import Rejected, header
from producers.sources.payload import Fields


@dataclass(frozen=True)
class Carried:
    """One CloudEvent.

    Attributes:
        type: its type, None where the body came without an envelope.
        time: when it happened, as it was written.
        source: who said it, as it was written.
        data: what it carries, parsed.
    """

    type: str | None
    time: str | None
    source: str | None
    data: Any


def carried(payload: Any, headers: Mapping[str, str]) -> Iterator[Carried]:
    """The events of a body.

    Raises:
        Rejected: `wrong_type` where an attribute or a member of a batch is none; `malformed_data` for base64 that
            is not of JSON.
    """
    for item in payload if isinstance(payload, list) else [payload]:
        it = Fields(item)
        if "specversion" in it and "type" in it:
            data = it.raw("data") if "data_base64" not in it else _decoded(it)
            yield Carried(it.text("type"), it.maybe_text("time"), it.maybe_text("source"), data)
        else:
            type_, time, source = (_attribute(headers, name) for name in ("type", "time", "source"))
            yield Carried(type_, time, source, item)


def _attribute(headers: Mapping[str, str], name: str) -> str | None:
    """An attribute of binary mode: a header, percent-encoded."""
    return unquote(header(headers, f"ce-{name}") or "") or None


def _decoded(it: Fields) -> Any:
    try:
        return json.loads(base64.b64decode(it.text("data_base64"), validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise Rejected("malformed_data", f"expected {it.at('data_base64')} to be base64 of JSON") from None
