"""Reads bills: CSV and Parquet of FOCUS, JSON of OpenCost, gzipped or not, from files, folders and addresses.

What a file is, is told by its first bytes, not by its name. Rows come one by one with where they stand, so that a
mistake can be named; a cut-off file is a mistake, never a shorter bill.
"""

from __future__ import annotations

import csv
import gzip
import json
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final, Literal

import httpx

from producers.sources import focus, opencost
from producers.sources.bills import Charge, Reading
from producers.sources.common import Rejected
from producers.sources.money import Rates, amount
from producers.sources.times import day_or_iso

Format = Literal["focus", "opencost"]

_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_SUFFIXES: Final = (".csv", ".csv.gz", ".parquet", ".json", ".json.gz")
_TIMEOUT: Final = 60.0


def read(places: Sequence[str], format_: Format | None, reading: Reading) -> list[Charge]:
    """All charges of the files, folders and addresses: together they are one import.

    Args:
        places: a folder stands for the bills in it; an address begins with http.
        format_: None: JSON is OpenCost, everything else FOCUS.
        reading: what the bills may not say themselves.

    Raises:
        Rejected: a file cannot be read, with its name; nothing is taken then.
    """
    found: list[Charge] = []
    for place in places:
        with _local(place) as path:
            for file in _files(path, format_):
                try:
                    found += _charges(file, format_, reading)
                except Rejected as mistake:
                    name = place if file == path else f"{place}/{file.name}"
                    raise Rejected(mistake.reason, f"{_shown(name)}: {mistake.detail}") from None
    return found


def _shown(place: str) -> str:
    """A place without the query of an address: signed ones carry a secret."""
    return place.partition("?")[0] if place.startswith("http") else place


@contextmanager
def _local(place: str) -> Iterator[Path]:
    if not place.startswith(("http://", "https://")):
        yield Path(place)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "download"
        try:
            with (
                httpx.stream("GET", place, timeout=_TIMEOUT, follow_redirects=True) as response,
                path.open("wb") as file,
            ):
                response.raise_for_status()
                file.writelines(response.iter_bytes())
        except httpx.HTTPError as error:
            # The messages of the client quote the address, and with it what is secret in it.
            said = type(error).__name__
            if isinstance(error, httpx.HTTPStatusError):
                said = f"status {error.response.status_code}"
            raise Rejected("unreachable", f"{_shown(place)}: expected a bill, got {said}") from None
        yield path


def _files(path: Path, format_: Format | None) -> list[Path]:
    if not path.is_dir():
        return [path]
    # Beside the bills lie manifests and checksums; of FOCUS they are JSON.
    wanted = tuple(suffix for suffix in _SUFFIXES if format_ == "opencost" or not suffix.startswith(".json"))
    found = sorted(file for file in path.rglob("*") if file.is_file() and file.name.lower().endswith(wanted))
    if not found:
        raise Rejected("no_bill", f"{path}: expected files that end in {', '.join(wanted)}, got none")
    return found


def _charges(path: Path, format_: Format | None, reading: Reading) -> list[Charge]:
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start == _PARQUET:
            return focus.charges(_parquet(path), reading)
        with _opened(path, start) as text:
            first = text.read(1)
            text.seek(0)
            if format_ == "opencost" or (format_ is None and first in {"{", "["}):
                return opencost.charges(json.load(text, parse_float=Decimal), reading)
            return focus.charges(_csv(text), reading)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError, csv.Error) as error:
        if isinstance(error, Rejected):
            raise
        raise Rejected("unreadable", f"expected a bill, got {type(error).__name__}: {str(error)[:200]}") from None


def _opened(path: Path, start: bytes) -> IO[str]:
    if start.startswith(_GZIP):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _csv(text: IO[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    lines = csv.reader(text, strict=True)
    header = focus.columns(next(lines, []))
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            where = f"line {lines.line_num}: expected {len(header)} cells, got {len(cells)} (is the file cut off?)"
            raise Rejected("malformed_bill", where)
        yield f"line {lines.line_num}", dict(zip(header, cells, strict=True))


def _parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only for Parquet
    from pyarrow import parquet  # noqa: PLC0415

    number = 0
    try:
        file = parquet.ParquetFile(path)
        header = focus.columns(file.schema_arrow.names)
        for batch in file.iter_batches(10_000):
            for cells in batch.rename_columns(header).to_pylist():
                number += 1
                yield f"row {number}", cells
    except pa.ArrowException as error:
        raise Rejected("unreadable", f"expected Parquet, got {str(error)[:200]}") from None


def rates(path: Path, into: str) -> Rates:
    """The rate table of a CSV file with the columns currency, rate and, where rates change, from (a day).

    Args:
        path: of the file.
        into: currency of which `rate` units are one unit of `currency`.

    Raises:
        Rejected: `malformed_rates`, with the line.
    """
    table: dict[str, list[tuple[datetime, Decimal]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file)
        for row in lines:
            cells = {(name or "").strip().lower(): (cell or "").strip() for name, cell in row.items() if name}
            try:
                rate = amount(cells["rate"], "rate")
                since = day_or_iso(cells["from"], "from") if cells.get("from") else datetime(2000, 1, 1, tzinfo=UTC)
            except (Rejected, KeyError) as mistake:
                said = mistake.detail if isinstance(mistake, Rejected) else f"expected a column {mistake}"
                raise Rejected("malformed_rates", f"{path}: line {lines.line_num}: {said}") from None
            if rate <= 0:
                raise Rejected("malformed_rates", f"{path}: line {lines.line_num}: expected a rate above 0, got {rate}")
            table.setdefault(cells.get("currency", "").upper(), []).append((since, rate))
    return Rates(into.upper(), {currency: sorted(dated) for currency, dated in table.items()})
