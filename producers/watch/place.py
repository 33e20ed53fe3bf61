"""Where a watcher was: the last resource version whose events are with the ingest service, in a small file.

Losing it costs a list: the same states give the same events again, and identity makes that harmless. So the file is
replaced whole, but not fsynced.
"""

from __future__ import annotations

import json
from pathlib import Path


class Place:
    """The place of one watcher in one collection of one server."""

    def __init__(self, folder: Path, server: str, path: str) -> None:
        self._file = folder / "kubernetes.json"
        self._key = f"{server.rstrip('/')}{path}"

    def load(self) -> str | None:
        """The resource version to go on from; None: list first."""
        found = self._all().get(self._key)
        return found if isinstance(found, str) and found else None

    def save(self, version: str | None) -> None:
        """Remember a version, or that there is none."""
        known = self._all()
        if known.get(self._key) == version:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        written = self._file.with_suffix(".new")
        written.write_text(json.dumps({**known, self._key: version}))
        written.replace(self._file)

    def _all(self) -> dict[str, object]:
        try:
            known = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
