"""Payloads that are not quite right, and what a payload says: for tests that hold for every source."""

from __future__ import annotations

import copy
import json
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from producers.sources import times
from producers.sources.common import Rejected

CANARY = "canary7f3a"
Place = tuple[str | int, ...]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            [],
            {},
            "0" * 40,
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-03-01 10:00:00",
            "x" * 100_000,
            10**20,
            -1,
            1e308,
        ]
    ),
)
"""Values that no field expects, or that a field of another type does. What the edge's JSON parser refuses (NaN, numbers
beyond a double, lone surrogates) reaches no mapper."""
FLIPS = (None, True, 0, -1.5, "", "x", [], {}, [{}], 10**20)
"""One value of each type."""


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    """Every place in a payload, inner ones too."""
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def spread(found: Iterator[Place], most: int) -> list[Place]:
    """At most so many of these places, evenly spread."""
    listed = list(found)
    return listed[:: max(1, -(-len(listed) // most))]


def at(payload: Any, path: Place) -> Any:
    for key in path:
        payload = payload[key]
    return payload


def dropped(payload: Any, path: Place) -> Any:
    """The payload without a place; what is beside the way to it is shared, not copied."""
    return _along(payload, path, lambda parent, key: parent.pop(key))


def replaced(payload: Any, path: Place, value: Any) -> Any:
    """The payload with another value at a place."""
    return _along(payload, path, lambda parent, key: parent.__setitem__(key, value))


def _along(payload: Any, path: Place, change: Callable[[Any, str | int], object]) -> Any:
    mutant = parent = copy.copy(payload)
    for key in path[:-1]:
        parent[key] = copy.copy(parent[key])
        parent = parent[key]
    change(parent, path[-1])
    return mutant


@st.composite
def mutants(draw: st.DrawFn, payloads: list[Any]) -> Any:
    """One of these with one to three places dropped, replaced, wrapped or nested."""
    payload = copy.deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(payload))
        if not found:
            break
        path = draw(st.sampled_from(found))
        parent, key = at(payload, path[:-1]), path[-1]
        match draw(st.sampled_from(["drop", "replace", "wrap", "nest", "cut"])):
            case "drop":
                del parent[key]
            case "replace":
                parent[key] = draw(ODD)
            case "wrap":
                parent[key] = [parent[key]]
            case "nest":
                parent[key] = {"value": parent[key]}
            case "cut":
                parent[key] = parent[key][: len(parent[key]) // 2] if isinstance(parent[key], str | list) else None
    return payload


def leaves(value: Any) -> Iterator[Any]:
    """Texts and numbers in JSON; what is absent, false or true is none."""
    if isinstance(value, dict):
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)
    elif value is not None and not isinstance(value, bool):
        yield value


def said(events: Any) -> set[str]:
    """Everything that events say, each as text."""
    return {str(leaf) for event in events for leaf in leaves(event.data.model_dump(mode="json"))}


def without_times(value: Any) -> Any:
    """A payload without the values that may name a moment."""
    if isinstance(value, dict):
        return {key: without_times(child) for key, child in value.items() if not _is_time(child)}
    return [without_times(child) for child in value if not _is_time(child)] if isinstance(value, list) else value


def _is_time(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and any(True for _ in _moments(value))


def words_of(payload: Any) -> Any:
    """A test of a text: whether it, or all its parts, or the moment it names, stand in this payload."""
    text = json.dumps(payload, ensure_ascii=False).lower()
    moments = {moment for leaf in leaves(payload) for moment in _moments(leaf)}

    def has(said: str) -> bool:
        if _TIME.match(said):
            return datetime.fromisoformat(said) in moments
        if re.match(r"[0-9a-f]{16}(:|$)", said):
            return True  # a digest is in no payload
        return said.lower() in text or all(part in text for part in re.split(r"[\s/:#@,|]+", said.lower()))

    return has


_TIME = re.compile(r"\d{4}-\d\d-\d\dT")


def _moments(leaf: Any) -> Iterator[datetime]:
    """Every moment that a text or a number may be."""
    number = leaf if isinstance(leaf, int | float) else float(leaf) if re.fullmatch(r"\d{9,19}(\.\d+)?", leaf) else None
    try:
        if number is None:
            yield times.iso(leaf, "")
            return
        seconds = next((number / unit for unit in (1, 1e3, 1e6, 1e9) if 9e8 < number / unit < 4e9), None)
        if seconds is not None:
            yield times.epoch(seconds, "")
    except Rejected:
        return


PERSONAL = {"login", "email", "username", "authorization", "cookie", "set-cookie", "client_ip", "body", "card"}
_PERSONS = {
    "actor",
    "agent",
    "approver",
    "assignee",
    "assignees",
    "author",
    "committer",
    "creator",
    "last_edit_by",
    "merged_by",
    "pusher",
    "requestedfor",
    "requested_for",
    "reviewer",
    "reviewers",
    "sender",
    "triggered_by",
    "user",
    "users",
}
_NAMES = {
    "name",
    "display_name",
    "displayname",
    "nickname",
    "uniquename",
    "unique_name",
    "summary",
    "full_name",
    "slug",
}


def with_canaries(value: Any, person: str = CANARY) -> Any:
    """A payload with a secret wherever one may be: persons, queries, fields nobody knows, ends of messages.

    Two persons stay two: what is compared with each other keeps its meaning. `person`: how a person looks.
    """
    return _hidden(value, "", "", person)


def _hidden(value: Any, key: str, parent: str, person: str) -> Any:
    if isinstance(value, dict):
        made = {name: _hidden(child, name.lower(), key, person) for name, child in value.items()}
        return made if _is_words(key) else made | {"x_unknown": f"{CANARY} x"}
    if isinstance(value, list):
        return [_hidden(child, key, parent, person) for child in value]
    return _secret(value, key, parent, person) if isinstance(value, str) else value


def _secret(value: str, key: str, parent: str, person: str) -> str:
    """A text with a secret in it, if one may be there."""
    hidden = value
    number = zlib.crc32(value.encode())
    if "email" in key or ("@" in value and key in _NAMES | PERSONAL):
        hidden = f"{number}{CANARY}@example.com"
    elif key in PERSONAL or (parent in _PERSONS and key in _NAMES):
        hidden = f"{number}{person}"
    elif value.startswith(("http://", "https://")) or key == "uri":
        hidden = f"{value.partition('?')[0]}?token={CANARY}"
    elif key in {"message", "title", "description"} and not _is_words(parent):
        hidden = f"Mail {CANARY}@example.com, token={CANARY}, see https://example.com/?q={CANARY}\n\n{CANARY}"
    return hidden


def _is_words(key: str) -> bool:
    """Whether an object's keys and values are words that its owner chose for machines."""
    return "label" in key or "annotation" in key
