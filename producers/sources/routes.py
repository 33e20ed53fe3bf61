"""A raw path made a route template: ids, UUIDs, hashes and numbers become `{id}`; the query is dropped.

Used by gateway mappers where the gateway itself names no route. A template has few values and no personal data.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from producers.sources.redact import dimension

PLACEHOLDER = "{id}"

_WORD = re.compile(r"v\d{1,3}(?:[._]\d{1,2})?(?:(?:alpha|beta|rc)\d{0,2})?|[a-z]{1,12}\d{0,2}", re.IGNORECASE)
"""A version (`v1`, `v2beta1`) or a short word with at most two digits (`oauth2`, `route53`) is no id."""

_ID = re.compile(
    r"\d[\d.,:_T-]*Z?"  # a number, a date, a time
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|(?=\D*\d)[0-9a-fA-F]{7,}"  # a hash has a digit
    r"|[0-9a-fA-F]{16,}"
    r"|(?=(?:\D*\d){3})[\w.~+-]+"  # three digits or more
    r"|(?=\D*\d)(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[\w-]{10,}"  # base62 ids
    r"|[\w.~+-]{33,}"
    r"|.*[^\w.~+:-].*",  # an e-mail address, a matrix parameter: no word of a route
    re.DOTALL,
)
_DEEPEST = 12


@lru_cache(maxsize=16_384)
def route_template(path: str) -> str:
    """The template of a raw path or absolute address; empty stays empty.

    `/users/42/orders/9f8e7d6c5b4a?token=x` gives `/users/{id}/orders/{id}`.
    """
    bare = path.partition("?")[0].partition("#")[0].partition(";")[0]
    if "://" in bare[:12]:
        bare = "/" + bare.split("://", 1)[1].partition("/")[2]
    if not bare.startswith("/"):
        return dimension(bare) if bare == "*" else ""
    segments = [segment for segment in bare.split("/") if segment]
    shown = [_segment(segment) for segment in segments[:_DEEPEST]]
    if len(segments) > _DEEPEST:
        shown.append("...")
    return dimension("/" + "/".join(shown))


def _segment(raw: str) -> str:
    segment = unquote(raw, errors="replace")
    if _WORD.fullmatch(segment):
        return segment
    return PLACEHOLDER if _ID.fullmatch(segment) or not segment.isprintable() else segment
