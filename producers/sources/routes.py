"""A raw path made a route template: ids, UUIDs, hashes and numbers become `{id}`; the query is dropped.

Used by gateway mappers where the gateway itself names no route. A template has few values and no personal data.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from producers.sources.redact import dimension

PLACEHOLDER = "{id}"

_VERSION = re.compile(r"v\d{1,3}(?:[._]\d{1,2})?(?:(?:alpha|beta|rc)\d{0,2})?|\d{1,2}\.\d{1,2}", re.IGNORECASE)
_NO_WORD = re.compile(r"[^\w.~+:-]")
_DIGITS = str.maketrans("", "", "0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")
_DEEPEST = 12
_LONGEST_WORD = 32
_HASH_WITH_DIGITS = 7
_HASH_OF_LETTERS = 16
_MOST_DIGITS = 2
_SHORTEST_MIXED = 10


def route_template(path: str) -> str:
    """The template of a raw path or absolute address; empty where it is none.

    `/users/42/orders/9f8e7d6c5b4a?token=x` gives `/users/{id}/orders/{id}`.
    """
    bare = path.partition("?")[0].partition("#")[0].partition(";")[0]
    if not bare.startswith("/"):
        scheme, found, rest = bare.partition("://")
        if not found or not scheme.isalpha():
            return "*" if bare == "*" else ""
        bare = "/" + rest.partition("/")[2]
    segments = [segment for segment in bare.split("/") if segment]
    shown = [_segment(segment) for segment in segments[:_DEEPEST]]
    if len(segments) > _DEEPEST:
        shown.append("...")
    template = "/" + "/".join(shown)
    return template if template.isascii() and len(template) <= 200 else dimension(template)  # noqa: PLR2004


def _segment(raw: str) -> str:
    if raw.isascii():
        if raw.isdigit():
            return PLACEHOLDER
        if raw.isalpha() and len(raw) < _HASH_OF_LETTERS:
            return raw
    return _odd_segment(raw)


@lru_cache(maxsize=65_536)
def _odd_segment(raw: str) -> str:
    segment = unquote(raw, errors="replace") if "%" in raw else raw
    return PLACEHOLDER if _is_id(segment) else segment


def _is_id(segment: str) -> bool:
    """Whether a segment is a value, not a word: when in doubt it is, for a raw value must not get through."""
    if _VERSION.fullmatch(segment):
        return False
    if len(segment) > _LONGEST_WORD or _NO_WORD.search(segment) or not segment.isprintable():
        return True
    digits = len(segment) - len(segment.translate(_DIGITS))
    if digits > _MOST_DIGITS or (digits and segment[0].isdigit()):
        return True
    if _HEX.issuperset(segment):
        return len(segment) >= (_HASH_WITH_DIGITS if digits else _HASH_OF_LETTERS)
    is_mixed = not segment.islower() and not segment.isupper()
    return bool(digits) and is_mixed and len(segment) >= _SHORTEST_MIXED
