"""Typed look into a vendor's JSON: each read names the field it wanted when something else came.

Used by the mappers of JSON payloads. Absent and null are one; a wrong type is a `Rejected`, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from producers.sources import times
from producers.sources.common import Rejected

_LARGEST = 2**63


class Fields:
    """A JSON object and where it lies in its payload.

    Every method named after a type takes a key of this object and gives its value; `maybe_…` gives None where the key
    is absent or null. All raise `Rejected` with reason `missing_field` or `wrong_type`.
    """

    __slots__ = ("_key", "_object", "_parent")

    def __init__(self, value: Any, key: str = "", parent: Fields | None = None) -> None:
        self._key, self._parent = key, parent  # spelled out only for messages: a path per object would cost most
        if not isinstance(value, dict):
            where = self._path() or "the top"
            raise Rejected("wrong_type", f"expected an object at {where}, got {type(value).__name__}")
        self._object: dict[str, Any] = value

    def __contains__(self, key: str) -> bool:
        return self._object.get(key) is not None

    def names(self) -> list[str]:
        """The object's keys, for objects whose keys are data."""
        return list(self._object)

    def at(self, key: str) -> str:
        """Dotted path of a key, for messages."""
        path = self._path()
        return f"{path}.{key}" if path else key

    def child(self, key: str) -> Fields:
        """An object that must be there."""
        return Fields(self._required(key), key, self)

    def maybe_child(self, key: str) -> Fields | None:
        """An object, or None."""
        value = self._object.get(key)
        return None if value is None else Fields(value, key, self)

    def children(self, key: str) -> Iterator[Fields]:
        """The objects of a list; none where the key is absent or null."""
        for index, value in enumerate(self.items(key) or ()):
            yield Fields(value, f"{key}[{index}]", self)

    def items(self, key: str) -> list[Any] | None:
        """A list, or None."""
        value = self._object.get(key)
        if value is not None and not isinstance(value, list):
            raise self._wrong(key, "a list", value)
        return value

    def texts(self, key: str) -> list[str] | None:
        """A list of texts, or None."""
        items = self.items(key)
        if items is not None and not all(isinstance(item, str) for item in items):
            raise self._wrong(key, "a list of texts", next(item for item in items if not isinstance(item, str)))
        return items

    def text(self, key: str) -> str:
        """A text with something in it."""
        value = self.maybe_text(key)
        if value is None:
            raise self._missing(key)
        return value

    def maybe_text(self, key: str) -> str | None:
        """A text, or None where it is absent, null or blank."""
        value = self._object.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(key, "a text", value)
        return value if value.strip() else None

    def integer(self, key: str) -> int:
        """A whole number of at most 63 bits."""
        value = self.maybe_integer(key)
        if value is None:
            raise self._missing(key)
        return value

    def maybe_integer(self, key: str) -> int | None:
        """A whole number of at most 63 bits, or None."""
        value = self._object.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not -_LARGEST < value < _LARGEST:
            raise self._wrong(key, "a whole number", value)
        return value

    def flag(self, key: str) -> bool:
        """True or false; absent is false."""
        return self.maybe_flag(key) or False

    def maybe_flag(self, key: str) -> bool | None:
        """True, false, or None."""
        value = self._object.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def instant(self, key: str) -> datetime:
        """An ISO 8601 time or an epoch in seconds."""
        value = self.maybe_instant(key)
        if value is None:
            raise self._missing(key)
        return value

    def maybe_instant(self, key: str) -> datetime | None:
        """An ISO 8601 time or an epoch in seconds, or None."""
        value = self._object.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return times.epoch(self.integer(key), self.at(key))
        text = self.maybe_text(key)
        return None if text is None else times.iso(text, self.at(key))

    def maybe_instant_ms(self, key: str) -> datetime | None:
        """An ISO 8601 time or an epoch in milliseconds, or None."""
        value = self._object.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return times.epoch_ms(self.integer(key), self.at(key))
        return self.maybe_instant(key)

    def raw(self, key: str) -> Any:
        """Whatever is there, or None: for fields that have several documented types."""
        return self._object.get(key)

    def _path(self) -> str:
        return self._parent.at(self._key) if self._parent else self._key

    def _required(self, key: str) -> Any:
        value = self._object.get(key)
        if value is None:
            raise self._missing(key)
        return value

    def _missing(self, key: str) -> Rejected:
        return Rejected("missing_field", f"expected {self.at(key)}, got a payload without it")

    def _wrong(self, key: str, expected: str, value: Any) -> Rejected:
        return Rejected("wrong_type", f"expected {self.at(key)} to be {expected}, got {type(value).__name__}")
