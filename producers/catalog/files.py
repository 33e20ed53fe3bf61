"""Reads descriptor files and CSV of a file or a tree, and keeps the memory of imports. The thin edge of the import."""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Final

from producers.catalog.memory import BrokenMemoryError, Memory, from_json, to_json
from producers.sources import backstage, catalog_csv, codeowners, cortex, opslevel
from producers.sources.common import Rejected
from producers.sources.descriptors import File, checked
from schemas.catalog import Ownership, Service
from schemas.envelope import Event

_YAML: Final = (".yaml", ".yml")
_NOT_SEARCHED: Final = frozenset({"node_modules", "vendor", "venv", "__pycache__"})
_BACKSTAGE: Final = re.compile(r"^apiVersion:\s*[\"']?backstage\.io/", re.MULTILINE)
_CORTEX: Final = re.compile(r"^\s+x-cortex-tag:", re.MULTILINE)
_OPSLEVEL: Final = "opslevel.yml"
_NAMED: Final = ("catalog-info.", _OPSLEVEL)
_HIDDEN_BUT_SEARCHED: Final = frozenset({".cortex"})
_LONGEST: Final = 4 * 1024 * 1024


@dataclass
class Read:
    """What the files said.

    Attributes:
        files: read.
        events: of them, observed now.
        ignored: reason codes, one per thing left out on purpose.
        mistakes: what is wrong with which file; nothing of such a file is in `events`.
        catalogs: whose descriptors they were.
    """

    files: int = 0
    events: list[Event] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    catalogs: set[str] = field(default_factory=set)

    @property
    def source(self) -> str:
        """The catalog's name where nobody gives it one: Backstage's, unless all descriptors are another's."""
        return f"//{'backstage' if not self.catalogs or 'backstage' in self.catalogs else min(self.catalogs)}"


def read(path: Path, *, is_csv: bool, now: datetime) -> Read:
    """The facts of a file, or of the descriptors of a tree (of its CSV files with `is_csv`).

    A tree's descriptors are `catalog-info.yaml`, `opslevel.yml` and all other YAML files with Backstage's apiVersion or
    a Cortex tag; hidden folders (but `.cortex`) and those of dependencies are not searched. Files of the tree that a
    Backstage `Location` names are read wherever they lie in it. A service without an owner is the team's that
    CODEOWNERS of the tree gives its descriptor to.
    """
    found = Read()
    root = (path if path.is_dir() else path.parent).absolute()
    waiting = deque(_files(path, is_csv=is_csv))
    seen: set[Path] = set()
    while waiting:
        file = Path(os.path.normpath(waiting.popleft().absolute()))
        if file in seen:
            continue
        seen.add(file)
        name = file.relative_to(root).as_posix()
        try:
            text = _text(file)
            mapper = catalog_csv if is_csv or file.suffix == ".csv" else _mapper(file, text)
            mapped = mapper.map_text(text, observed=now, declared_in=name)
            named = backstage.targets(text) if mapper is backstage else ()
        except (Rejected, UnicodeDecodeError, OSError) as error:
            found.mistakes.append(f"{name}: {error}")
            continue
        found.files += 1
        found.events.extend(mapped.events)
        found.ignored.extend(mapped.ignored)
        inside = (file.parent / target for target in named)
        waiting.extend(target for target in inside if Path(os.path.normpath(target)).is_relative_to(root))
        if mapper is not catalog_csv:
            found.catalogs.add(mapper.__name__.rpartition(".")[2])
    found.events.extend(_owned(root, found, now))
    return found


def _owned(root: Path, found: Read, now: datetime) -> Iterator[Event]:
    """Owners of services whose descriptors name none, by the tree's CODEOWNERS."""
    place = next((file for name in codeowners.PLACES if (file := root / name).is_file()), None)
    if place is None or not found.catalogs:
        return
    try:
        rules = codeowners.rules(_text(place))
    except (Rejected, UnicodeDecodeError, OSError) as error:
        found.mistakes.append(f"{place.relative_to(root).as_posix()}: {error}")
        return
    origin = File("codeowners", 1, now, "//codeowners", place.relative_to(root).as_posix())
    owned = {event.data.name for event in found.events if isinstance(event.data, Ownership)}
    for event in found.events.copy():
        data = event.data
        if isinstance(data, Service) and data.service not in owned and data.declared_in:
            owned.add(data.service)
            if team := codeowners.team_of(rules, data.declared_in):
                fact = checked(Ownership, name=data.service, team=team)
                yield from origin.mapped([(data.service, fact)]).events


def _mapper(file: Path, text: str) -> ModuleType:
    """Who reads a YAML file; Backstage's mapper says of an unknown one what it misses."""
    if file.name == _OPSLEVEL:
        return opslevel
    return cortex if _CORTEX.search(text) and not _BACKSTAGE.search(text) else backstage


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
        folders[:] = sorted(
            name
            for name in folders
            if name not in _NOT_SEARCHED and (not name.startswith(".") or name in _HIDDEN_BUT_SEARCHED)
        )
        for name in sorted(names):
            file = Path(folder, name)
            if is_csv:
                if name.endswith(".csv"):
                    yield file
            elif name.endswith(_YAML) and (name.startswith(_NAMED) or _is_descriptor(file)):
                yield file


def _is_descriptor(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST).decode(errors="replace")
    except OSError:
        return False
    return bool(_BACKSTAGE.search(text) or _CORTEX.search(text))


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
