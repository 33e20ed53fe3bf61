"""A plain CSV catalog to catalog facts, for those who have no Backstage.

The first line names the columns. `kind` says what a line is: service, team, mapping, resource, ownership, consumer,
grant, slo, target, annotation. The other columns are the fields of that contract (`schemas/catalog.py`); a cell left
empty says nothing. Lists are separated by `;`, times are days (`2024-05-01`, in UTC) or ISO 8601 with a zone, flags
true or false.
A line of a service may carry `team`, `repository` and `paths` as well: its owner and its repository.

    kind,service,team,repository,is_platform,onboarded_at
    service,pay,payments,github.com/acme/pay,,2024-05-01
    team,,payments,,,
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from producers.sources.common import Mapped, Rejected, contract, listed
from producers.sources.redact import LONGEST_RESOURCE, dimension, title
from producers.sources.times import day_or_iso
from schemas.base import Contract, event_id
from schemas.catalog import (
    Annotation,
    Consumer,
    Grant,
    Mapping,
    Observation,
    Ownership,
    Resource,
    Service,
    Slo,
    Target,
    Team,
)
from schemas.envelope import Event

REVISION = 1
"""Revision of this mapper; raise it when the same file would give other facts."""

_MODELS: dict[str, type[Contract]] = {
    model.model_fields["kind"].default: model
    for model in (Service, Team, Mapping, Resource, Ownership, Consumer, Grant, Slo, Target, Annotation, Observation)
}
_LISTS = frozenset({"aliases", "predecessors", "paths"})
TIMES = frozenset(
    {
        "valid_from",
        "valid_to",
        "onboarded_at",
        "archived_at",
        "created_at",
        "dissolved_at",
        "due",
        "at",
        "until",
        "observed_since",
    }
)
"""Columns that are times; a bare day is its beginning in UTC."""
_COMPANIONS = ("team", "repository", "paths")
"""Columns of a service's line that make facts of their own."""
COLUMNS = ("kind", *dict.fromkeys(name for model in _MODELS.values() for name in model.model_fields if name != "kind"))
"""Every column that a file may have."""


def map_text(text: str, *, observed: datetime, source: str = "//catalog-csv", declared_in: str | None = None) -> Mapped:
    """Catalog facts of a CSV file.

    Args:
        text: the file, with a header line; a byte-order mark is passed over.
        observed: when the file said so; part of each fact's identity.
        source: CloudEvents source, the catalog that is read.
        declared_in: file or address, kept beside the facts.

    Raises:
        Rejected: the first ten mistakes with their line numbers; nothing of the file is taken then.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    events: list[Event] = []
    mistakes: list[str] = []
    try:
        header = _header(next(reader, []))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            try:
                facts = list(_facts(_row(header, cells)))
            except (_LineError, Rejected) as mistake:
                mistakes.append(f"line {reader.line_num}: {_said(mistake)}")
                continue
            events.extend(_event(fact, observed, source, declared_in) for fact in facts)
    except csv.Error as error:
        raise Rejected("malformed_csv", f"expected CSV, got at line {reader.line_num}: {error}") from None
    if mistakes:
        raise Rejected("malformed_csv", listed(mistakes))
    return Mapped(events=tuple(events))


class _LineError(ValueError):
    """What is wrong in one line."""


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    if "kind" not in names:
        raise Rejected("malformed_csv", f"line 1: expected a header with the column kind, got {names[:20]}")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise Rejected(
            "malformed_csv", f"line 1: expected columns of {', '.join(COLUMNS)}, each once, got {names[:40]}"
        )
    return names


def _row(header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(header):
        raise _LineError(f"expected {len(header)} cells, got {len(cells)}")
    return {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()}


def _facts(row: dict[str, str]) -> Iterator[Contract]:
    kind = row.pop("kind", "").lower()
    model = _MODELS.get(kind)
    if model is None:
        raise _LineError(f"expected kind of {', '.join(_MODELS)}, got {kind[:40]!r}")
    companions = {name: row.pop(name) for name in _COMPANIONS if name in row} if model is Service else {}
    yield _fact(model, row)
    shared: dict[str, str] = {name: row[name] for name in ("removed", "valid_from") if name in row}
    if "team" in companions:
        yield _fact(Ownership, {"name": row["service"], "team": companions["team"], **shared})
    if "repository" in companions:
        paths = {"paths": companions["paths"]} if "paths" in companions else {}
        mapped = {"service": row["service"], "repository": companions["repository"], **paths}
        yield _fact(Mapping, {**mapped, **shared})
    elif "paths" in companions:
        raise _LineError("expected repository beside paths, got none")


def _fact(model: type[Contract], row: dict[str, str]) -> Contract:
    stray = [name for name in row if name not in model.model_fields]
    if stray:
        raise _LineError(f"expected no {', '.join(stray)} in a line of kind {model.model_fields['kind'].default}")
    try:
        return model.model_validate({name: _reader(name)(cell, name) for name, cell in row.items()})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise _LineError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _reader(name: str) -> Callable[[str, str], Any]:
    if name in _LISTS:
        return lambda cell, _: tuple(part.strip() for part in cell.split(";") if part.strip())
    if name in TIMES:
        return day_or_iso
    if name == "repository":
        return lambda cell, _: dimension(cell.lower())
    if name == "resource":
        return lambda cell, _: dimension(cell, LONGEST_RESOURCE)
    if name in {"title", "text", "declared_in"}:
        return lambda cell, _: title(cell)
    return lambda cell, _: dimension(cell)


def _said(mistake: _LineError | Rejected) -> str:
    return mistake.detail if isinstance(mistake, Rejected) else str(mistake)


def _event(fact: Contract, observed: datetime, source: str, declared_in: str | None) -> Event:
    key = fact.model_dump_json(exclude_none=True, exclude={"declared_in"})
    data: Any = fact.model_copy(update={"declared_in": title(declared_in)}) if declared_in else fact
    subject = getattr(fact, "service", None) or getattr(fact, "name", None) or getattr(fact, "team", None)
    return contract(
        lambda: Event(
            id=event_id("catalog-csv", key, observed.isoformat()),
            source=source,
            time=observed,
            subject=subject,
            mapperrevision=REVISION,
            data=data,
        )
    )
