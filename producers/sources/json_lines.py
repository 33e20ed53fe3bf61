"""Log lines that are JSON objects: parsed into a typed structure, and then into columns.

First step of the JSON formats. Each line is parsed by itself, so that a bad one changes nothing for its neighbours;
what a format does not know is ignored. Numbers in quotes are taken: proxies write them so in some of their versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import polars as pl
import pyarrow as pa

from producers.sources.columns import Read, Wrong, complete

_BLOCK = 200
"""Lines between parsing and columns: few enough for their objects to stay in the processor's cache (6.5 -> 4.5 us)."""
_TYPES: tuple[tuple[Any, pl.DataType], ...] = (
    (list[str], pl.List(pl.String())),
    (float, pl.Float64()),
    (int, pl.Int64()),
    (None, pl.String()),
)
"""Of the types that a field may have, which makes its column; a number that is also a text is a number."""
_MALFORMED = (msgspec.DecodeError, msgspec.ValidationError, RecursionError, UnicodeDecodeError)


class JsonFormat:
    """A format whose lines are objects of one structure."""

    def __init__(
        self, line: type[msgspec.Struct], rows: Callable[[pl.DataFrame], pl.DataFrame], *, strict: bool = False
    ) -> None:
        """Nothing is read yet.

        Args:
            line: fields that are read, numbers also as texts; a structure in it gives columns `outer.inner`.
            rows: those columns to columns of `READ` (as many as there are), `line` and perhaps `ignored`; texts
                are never NULL, and `-` is empty.
            strict: numbers in quotes are wrong.
        """
        self._line = line
        self._rows = rows
        self._schema = dict(_columns(line, ""))
        self._fields = attrgetter(*self._schema)
        self._strict = strict
        self._decode = msgspec.json.Decoder(line, strict=strict).decode

    def read(self, lines: list[bytes]) -> Read:
        """Rows of whole lines."""
        return self._read(lines, self._decode)

    def read_records(self, records: list[Any]) -> Read:
        """Rows of the same objects, parsed by whoever received them."""
        return self._read(records, lambda record: msgspec.convert(record, self._line, strict=self._strict))

    def _read(self, lines: Sequence[Any], decode: Callable[[Any], Any]) -> Read:
        indexes: Sequence[int] = range(len(lines))
        wrong: dict[int, Wrong] = {}
        try:
            columns = self._columns(map(decode, lines))
        except _MALFORMED:
            made, indexes, wrong = read_each(lines, decode)
            columns = self._columns(iter(made))
        frame = pl.DataFrame(
            [
                pl.Series("line", indexes, dtype=pl.UInt32),
                *(
                    _series(name, column, dtype)
                    for (name, dtype), column in zip(self._schema.items(), columns, strict=True)
                ),
            ]
        )
        return Read(complete(self._rows(frame.with_columns(map(_cleaned, frame.get_columns())))), wrong)

    def _columns(self, objects: Iterator[Any]) -> list[list[Any]]:
        columns: list[list[Any]] = [[] for _ in self._schema]
        rows = map(self._fields, objects)
        while block := list(islice(rows, _BLOCK)):
            for column, values in zip(columns, zip(*block, strict=True), strict=True):
                column.extend(values)
        return columns


def _series(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    """A column; lists of texts through Arrow, which makes them in 0.2 us each where Polars takes 17."""
    if dtype == pl.List(pl.String()):
        return pl.Series(name, pa.array(values, pa.list_(pa.string())))
    return pl.Series(name, values, dtype=dtype, strict=False)


def _cleaned(column: pl.Series) -> pl.Series | pl.Expr:
    """Texts that are absent are empty, also as `-`; a number like "nan" is none."""
    it = pl.col(column.name)
    if column.dtype == pl.String():
        return pl.when(it != "-").then(it).otherwise(pl.lit("")).alias(column.name)
    return pl.when(it.is_finite()).then(it) if column.dtype == pl.Float64() else column


def read_each(lines: Sequence[Any], decode: Callable[[Any], Any]) -> tuple[list[Any], list[int], dict[int, Wrong]]:
    """What lines are, the indexes of those, and what is wrong with the others."""
    made: list[Any] = []
    indexes: list[int] = []
    wrong: dict[int, Wrong] = {}
    for index, line in enumerate(lines):
        try:
            made.append(decode(line))
            indexes.append(index)
        except _MALFORMED as error:
            reason = "wrong_type" if isinstance(error, msgspec.ValidationError) else "malformed_json"
            wrong[index] = (reason, f"expected a JSON object of the documented format, got: {_said(error)}")
    return made, indexes, wrong


def _said(error: Exception) -> str:
    """The parser's words without the value it read."""
    return str(error).partition("(")[0].strip()[:120] or type(error).__name__


def _columns(structure: type[msgspec.Struct], prefix: str) -> list[tuple[str, pl.DataType]]:
    columns: list[tuple[str, pl.DataType]] = []
    for name, hint in get_type_hints(structure).items():
        kinds = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            columns += _columns(hint, f"{prefix}{name}.")
        else:
            columns.append((f"{prefix}{name}", next(dtype for kind, dtype in _TYPES if kind in {*kinds, None})))
    return columns
