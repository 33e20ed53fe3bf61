"""Path patterns of catalog mappings: `*` stays inside a folder, `**` does not, a plain path means all below it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(globs: Iterable[str], path: str) -> bool:
    """Whether any of the patterns matches the path, relative to the repository's root."""
    return any(_compiled(glob).fullmatch(path) for glob in globs)


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> re.Pattern[str]:
    pattern = glob.removeprefix("./").strip("/")
    regex = "".join(_MEANING.get(token) or re.escape(token) for token in _TOKENS.findall(pattern))
    if glob.endswith("/") or not _MEANING.keys() & set(_TOKENS.findall(pattern)):
        regex += "(?:/.*)?"
    return re.compile(regex, re.DOTALL)
