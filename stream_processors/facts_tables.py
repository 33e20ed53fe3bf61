"""The facts tables: Arrow schemas, read off the row classes, so that a column is written down once; rows read back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pyarrow as pa

from stream_processors.delivery import INSTANT
from stream_processors.facts.rows import Facts
from stream_processors.facts.slices import Row
from stream_processors.warehouse import Warehouse, fitting

_ADDRESS = [
    pa.field("service", pa.string()),
    pa.field("month", pa.date32()),
    pa.field("digest", pa.string()),
]
_TYPES: dict[Any, pa.DataType] = {str: pa.string(), int: pa.int64(), datetime: INSTANT}


def _arrow(annotation: Any) -> pa.DataType:
    if get_origin(annotation) is tuple:
        return pa.list_(_arrow(get_args(annotation)[0]))
    if isinstance(annotation, UnionType):
        (inner,) = (one for one in get_args(annotation) if one is not NoneType)
        return _arrow(inner)
    if is_dataclass(annotation):
        return pa.struct([pa.field(name, _arrow(hint)) for name, hint in get_type_hints(annotation).items()])
    return _TYPES[annotation]


def _schema(row: type) -> pa.Schema:
    return pa.schema([*_ADDRESS, *(pa.field(name, _arrow(hint)) for name, hint in get_type_hints(row).items())])


_ROWS = {name: get_args(hint)[0] for name, hint in get_type_hints(Facts).items()}

SCHEMAS: dict[str, pa.Schema] = {f"facts_{field.name}": _schema(_ROWS[field.name]) for field in fields(Facts)}
"""Table → columns."""

Address = tuple[str, date, str]
"""Service, month and digest of a slice."""


async def stored(
    warehouse: Warehouse, table: str, services: Collection[str], digests: Collection[str]
) -> list[tuple[Address, Row]]:
    """Rows of slices of these services with these digests, each with the slice's address."""
    names = SCHEMAS[table].names
    found: list[tuple[Address, Row]] = []
    for part in fitting(sorted(digests)):
        rows = await warehouse.rows(
            f"SELECT {', '.join(names)} FROM {table} FINAL "
            "WHERE service IN {services:Array(String)} AND digest IN {digests:Array(String)}",
            {"services": sorted(services), "digests": part},
        )
        for service, month, digest, *values in rows:
            found.append(((service, month, digest), dict(zip(names[len(_ADDRESS) :], values, strict=True))))
    return found
