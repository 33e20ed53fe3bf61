"""Keeps a shipper's progress on disk: one shipper at a time, every change whole and fsynced before it counts."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from producers.tail.progress import Progress, StateError, from_json, to_json


class Store:
    """The state file of one log, its lock, and the list of lines that could not be read."""

    def __init__(self, directory: Path, log: Path) -> None:
        """Open the state of `log` (its absolute path names it) in `directory`, which is made if need be.

        Raises:
            StateError: another shipper holds it.
        """
        directory.mkdir(parents=True, exist_ok=True)
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", log.name)[:60]
        digest = hashlib.sha256(os.fsencode(log.absolute())).hexdigest()[:12]
        self.path = directory / f"{slug}-{digest}.json"
        self.rejected_path = directory / f"{slug}-{digest}.rejected.jsonl"
        self._lock = (directory / f"{slug}-{digest}.lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise StateError(f"expected to be the only shipper of {log}, but another holds {self.path}") from error

    def load(self) -> Progress | None:
        """What was saved last; None at the first start.

        Raises:
            StateError: the file is damaged or of another version.
        """
        try:
            return from_json(self.path.read_text())
        except FileNotFoundError:
            return None
        except StateError as error:
            raise StateError(f"{self.path}: {error}") from error

    def save(self, progress: Progress) -> None:
        """Replace the state: on return it survives a crash of process or machine."""
        new = self.path.with_suffix(".new")
        with new.open("w") as file:
            file.write(to_json(progress))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        _sync_directory(self.path.parent)

    def reject(self, lines: Iterable[dict[str, Any]]) -> None:
        """Append lines that could not be read to the list; on return they survive a crash.

        After a crash the same line may be listed again: its file and offset tell.
        """
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        if text:
            with self.rejected_path.open("a") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())

    def close(self) -> None:
        """Let another shipper take over."""
        self._lock.close()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
