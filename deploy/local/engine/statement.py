"""Reads just enough of a SQL text to route it: is it an insert with data, which format does it answer in.

Pure; sits between the HTTP request and the engine. The engine parses SQL, we do not: what is wrong is refused there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"(?P<skip>\s+|--[^\n]*|\#[!\ ][^\n]*|/\*.*?\*/)"
    rb"|(?P<quoted>'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\")"
    rb"|(?P<word>[A-Za-z_]\w*)"
    rb"|(?P<other>.)",
    re.DOTALL,
)
_AFTER_FORMAT = re.compile(rb"[ \t\f]*\r?\n?")
_TAIL_FORMAT = re.compile(r"\bFORMAT\s+([A-Za-z]\w*)\s*(?:SETTINGS\b[^;]*)?;?\s*$", re.IGNORECASE)
# These begin the part of an insert that the engine must parse together with its data.
_NOT_A_STREAM = frozenset({b"SELECT", b"WITH", b"VALUES", b"FROM", b"WATCH"})

CONCATENABLE = frozenset(
    {
        "Native",
        "TabSeparated",
        "TSV",
        "TabSeparatedRaw",
        "TSVRaw",
        "CSV",
        "RowBinary",
        "JSONEachRow",
        "JSONCompactEachRow",
    }
)
"""Formats whose chunks may be sent one after the other; any other has a head or a tail and is sent whole."""


@dataclass(frozen=True)
class Insert:
    """An insert whose rows follow the statement as bytes.

    Attributes:
        head: the statement up to ``FORMAT``, exclusive.
        format: the input format, for example ``Native``.
        data_at: where in the text the rows begin.
    """

    head: str
    format: str
    data_at: int


def _words(text: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Bare words of the text with depth of parentheses, begin and end; comments and quotes are stepped over."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "word":
            yield token[0], depth, token.start(), token.end()
        elif token.lastgroup == "other":
            depth += {b"(": 1, b")": -1}.get(token[0], 0)
            if token[0] == b";":
                return


def split_insert(text: bytes) -> Insert | None:
    """The insert this text begins with, or None when it is another statement or one that carries no data stream.

    ``INSERT … VALUES`` and ``INSERT … SELECT`` are None: the engine takes those whole.
    """
    words = _words(text)
    first = next(words, None)
    if first is None or first[0].upper() != b"INSERT":
        return None
    for word, depth, begin, _ in words:
        upper = word.upper()
        if depth or upper not in _NOT_A_STREAM | {b"FORMAT"}:
            continue
        name = next(words, None)
        if upper != b"FORMAT" or name is None or name[0].upper() == b"VALUES":
            return None
        gap = _AFTER_FORMAT.match(text, name[3])
        assert gap is not None
        return Insert(text[:begin].decode(), name[0].decode(), gap.end())
    return None


def answer_format(sql: str, default: str) -> str:
    """The format the statement asks for in its last clause, else the default."""
    found = _TAIL_FORMAT.search(sql[-400:])
    return found[1] if found else default
