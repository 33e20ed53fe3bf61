"""Reads descriptor files and CSV of a file or a tree, and keeps the memory of imports. The thin edge of the import."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from producers.catalog.memory import BrokenMemoryError, Memory, from_json, to_json
from producers.sources import backstage, catalog_csv
from producers.sources.common import Rejected
from schemas.envelope import Event

_YAML: Final = (".yaml", ".yml")
_NOT_SEARCHED: Final = frozenset({"node_modules", "vendor", "venv", "__pycache__"})
_DESCRIPTOR: Final = re.compile(rb"^apiVersion:\s*[\"']?backstage\.io/", re.MULTILINE)
_LONGEST: Final = 4 * 1024 * 1024


@dataclass
class Read:
    """What the files said.

    Attributes:
        files: read.
        events: of them, observed now.
        ignored: reason codes, one per thing left out on purpose.
        mistakes: what is wrong with which file; nothing of such a file is in `events`.
    """

    files: int = 0
    events: list[Event] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def read(path: Path, *, is_csv: bool, now: datetime) -> Read:
    """The facts of a file, or of the descriptors of a tree (of its CSV files with `is_csv`).

    A tree's descriptors are `catalog-info.yaml` and all other YAML files with Backstage's apiVersion; hidden folders
    and those of dependencies are not searched.
    """
    found = Read()
    root = path if path.is_dir() else path.parent
    for file in _files(path, is_csv=is_csv):
        name = file.relative_to(root).as_posix()
        mapper = catalog_csv if is_csv or file.suffix == ".csv" else backstage
        try:
            mapped = mapper.map_text(_text(file), observed=now, declared_in=name)
        except (Rejected, UnicodeDecodeError, OSError) as error:
            found.mistakes.append(f"{name}: {error}")
            continue
        found.files += 1
        found.events.extend(mapped.events)
        found.ignored.extend(mapped.ignored)
    return found


def _text(file: Path) -> str:
    size = file.stat().st_size
    if size > _LONGEST:
        raise Rejected("too_large", f"expected at most {_LONGEST:,} bytes, got {size:,}")
    return file.read_bytes().decode()


def _files(path: Path, *, is_csv: bool) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_SEARCHED)
        for name in sorted(names):
            file = Path(folder, name)
            if is_csv:
                if name.endswith(".csv"):
                    yield file
            elif name.endswith(_YAML) and (name.startswith("catalog-info.") or _is_descriptor(file)):
                yield file


def _is_descriptor(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return _DESCRIPTOR.search(opened.read(_LONGEST)) is not None
    except OSError:
        return False


def memory_path(folder: Path, source: str) -> Path:
    """The memory file of a catalog."""
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", source).strip("-")[:60]
    return folder / f"{slug}-{hashlib.sha256(source.encode()).hexdigest()[:12]}.json"


def remembered(path: Path) -> Memory | None:
    """The memory of the last import; None if there was none.

    Raises:
        BrokenMemoryError: the file is damaged.
    """
    try:
        return from_json(path.read_text())
    except FileNotFoundError:
        return None
    except BrokenMemoryError as error:
        raise BrokenMemoryError(f"{path}: {error}; remove it to begin anew") from error


def remember(path: Path, memory: Memory) -> None:
    """Replace the memory, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w") as file:
        file.write(to_json(memory))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
