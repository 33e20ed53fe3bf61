"""Words that may leave the edge: bounded dimensions, titles without addresses and secrets, pages without queries.

Used by every mapper before an event exists, so that nothing personal or secret reaches Kafka.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit, urlunsplit

_EMAIL = re.compile(r"[^\s@<>\"'(),:;]+@[\w-]+(?:\.[\w-]+)+")
_SECRET = re.compile(
    r"\b(?:gh[opusr]_|github_pat_|glpat-|xox[abprs]-|sk-|AKIA|ASIA|eyJ)[A-Za-z0-9_\-./+=]{8,}"
    r"|\b(?:password|passwd|secret|token|api[_-]?key|authorization)\b\s*[=:]\s*\S+",
    re.IGNORECASE,
)
_QUERY = re.compile(r"(\bhttps?://[^\s?#]*)[?#]\S*", re.IGNORECASE)
_LONGEST = 200
LONGEST_RESOURCE = 1000
"""Of a resource's name, as the catalog and bills have it (`schemas.catalog.ResourceId`)."""
_LONGEST_TEXT = 1000
_LONGEST_READ = 4 * _LONGEST_TEXT
"""Of a title; the expressions above take time with the square of a word's length."""


def dimension(text: str, longest: int = _LONGEST) -> str:
    """A dimension's value: NFC, invisible characters out, runs of space made one, at most `longest` characters."""
    return _visible(text)[:longest].strip()


def title(text: str, longest: int = _LONGEST_TEXT) -> str | None:
    """First line of a free text with e-mail addresses, secrets and queries of addresses taken out; None when empty."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    clean = _EMAIL.sub("[email]", _SECRET.sub("[secret]", _QUERY.sub(r"\1", _visible(line[:_LONGEST_READ]))))
    return clean[:longest].strip() or None


def page(address: str | None) -> str | None:
    """A web page's address without user, query and fragment; None when it is none (or too long to be one)."""
    if not address:
        return None
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host:
        return None
    clean = urlunsplit((parts.scheme, f"{host}{port}", _visible(parts.path), "", ""))
    return clean if len(clean) <= _LONGEST_TEXT else None


def _visible(text: str) -> str:
    """The text without what is not for reading (controls, bidi marks, joiners, surrogates), its spaces made single."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    seen = "".join(char if char.isprintable() else " " for char in text if char.isprintable() or char.isspace())
    return " ".join(unicodedata.normalize("NFC", seen).split())
