"""What one install of the embedded stack keeps in its folder: lock, incarnation, access file, addresses."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import IO, Any


class FolderInUseError(Exception):
    """Another stack runs on this folder."""


def lock(folder: Path) -> IO[str]:
    """Take the folder for this process; the lock goes with the file object (and with the process).

    Raises:
        FolderInUseError: another stack has it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = (folder / "lock").open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise FolderInUseError(
            f"a stack is already running on {folder}: stop it, or choose another folder with --data-dir"
        ) from error
    return held


def next_incarnation(folder: Path) -> int:
    """Count this start, durably, before any mark is made.

    The embedded broker's offsets begin at 0 again with each start; the incarnation is the high part of every version,
    so that this start's results outrank the last one's.
    """
    path = folder / "incarnation"
    number = int(path.read_text()) + 1 if path.exists() else 1
    write_durably(path, str(number))
    return number


def access(folder: Path) -> dict[str, Any]:
    """Token, webhook secret and salt of this install, made on the first start.

    Returns:
        `token`, `github_secret` and `actor_salt` in the clear, `file`: path of the access file that the ingest service
        reads.
    """
    path, kept = folder / "access.json", folder / "secrets.json"
    if not kept.exists():
        # With a salt that everybody knows, a list of names tells whose hashes these are.
        made = {name: secrets.token_urlsafe(24) for name in ("token", "github_secret", "actor_salt")}
        digest = hashlib.sha256(made["token"].encode()).hexdigest()
        token = {"name": "local", "sha256": digest, "scopes": ["events", "gateway"]}
        write_durably(path, json.dumps({"tokens": [token], "github": {"secrets": [made["github_secret"]]}}))
        write_durably(kept, json.dumps(made))
    # An install from before salts were made goes on with the default: another one would make every person a new one.
    return {"actor_salt": "adoption", **json.loads(kept.read_text()), "file": path}


def write_durably(path: Path, text: str) -> None:
    """Replace a file atomically, readable by its owner alone; it is on disk when this returns."""
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
