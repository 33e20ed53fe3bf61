"""Bytes of a request body to JSON values, whatever a sender puts there.

msgspec is strict (no NaN, no numbers beyond a double, no lone surrogates, no bad UTF-8) and reports each in its own
way; here all of it becomes one 400 that names the place. A key that occurs twice counts with its last value.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from producers.http.problems import Problem

_PLACE = re.compile(r" ?\(byte (\d+)\)")


def parse_json(raw: bytes) -> Any:
    """The value in `raw`.

    Raises:
        Problem: 400, with `position` (bytes, from 0), `line` and `column` (from 1) where the place is known.
    """
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        what = "values nested more deeply than this service reads (about 1,000 levels)"
        raise Problem(400, "malformed_json", f"expected JSON, got {what}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(raw, error) from None


def _malformed(raw: bytes, error: Exception) -> Problem:
    """The 400 for what msgspec (or its UTF-8 check, which counts from the string's start) found."""
    try:
        raw.decode()
    except UnicodeDecodeError as bad:
        return _at(raw, bad.start, f"bytes that are not UTF-8 ({bad.reason})")
    said = str(error)
    found = _PLACE.search(said)
    what = _PLACE.sub("", said)
    if found:
        return _at(raw, int(found[1]), what)
    if "truncated" in said:
        return _at(raw, len(raw), "an end in the middle of a value" if raw.strip() else "nothing")
    return Problem(400, "malformed_json", f"expected JSON, got {what}")


def _at(raw: bytes, position: int, what: str) -> Problem:
    line = raw.count(b"\n", 0, position) + 1
    column = position - raw.rfind(b"\n", 0, position)
    message = f"expected JSON, got {what} at line {line}, column {column} (byte {position})"
    return Problem(400, "malformed_json", message, position=position, line=line, column=column)
