"""The access file, edited: a sender's token or secret written beside those that are there.

Only `adoption source add --write` writes it. The service reads it again within a second; what it cannot read leaves the
last good content in force there.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producers.http.auth import AccessFile, AccessFileError
from producers.source.setups import SHOWN_BY_VENDOR, Sender


@dataclass(frozen=True)
class Credential:
    """What a sender proves itself with.

    Attributes:
        secret: token or shared secret in clear.
        content: the access file's content with it.
        entry: what of that content is this sender's.
        is_new: it is not in the file yet.
    """

    secret: str
    content: dict[str, Any]
    entry: dict[str, Any]
    is_new: bool


def content_of(path: Path | None) -> dict[str, Any]:
    """The access file's content; empty where there is no file yet.

    Raises:
        AccessFileError: it cannot be used.
    """
    if path is None or not path.exists():
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        AccessFile.model_validate(content)
    except (OSError, ValueError) as error:
        raise AccessFileError(f"expected an access file at {path}: {error}") from error
    return content


def credential(sender: Sender, content: dict[str, Any], given: str | None, *, is_rotated: bool) -> Credential | None:
    """A sender's credential, and the content that has it.

    A shared secret that is there is used again unless it is rotated. A token is always a new one: the file has only the
    digests of those that are there, and they stay good.

    Args:
        sender: whose.
        content: of the access file.
        given: a secret that the vendor made.
        is_rotated: make a new secret beside the old.

    Returns:
        None: the vendor makes the secret, and it was not given.

    Raises:
        AccessFileError: a given secret cannot be one of this vendor.
    """
    if sender.source is None or sender.scope:
        return _token(sender, content)
    name = sender.source.name
    known = AccessFile.model_validate(content).secrets(name)
    if known and not given and not is_rotated:
        return Credential(known[0], content, {}, is_new=False)
    if not given and sender.source.scheme in SHOWN_BY_VENDOR:
        return None
    secret = given or secrets.token_hex(32)
    webhooks = content.get("webhooks", {})
    there = [one for one in webhooks.get(name, {}).get("secrets", []) if one != secret]
    entry = {name: {"secrets": [secret, *there]}}
    changed = {**content, "webhooks": {**webhooks, **entry}}
    try:
        AccessFile.model_validate(changed)
    except ValueError as error:
        raise AccessFileError(
            f"expected a secret as {name} shows it (of four at most that are live): {error}"
        ) from None
    return Credential(secret, changed, {"webhooks": entry}, is_new=True)


def _token(sender: Sender, content: dict[str, Any]) -> Credential:
    token = secrets.token_urlsafe(32)
    entry = {"name": sender.name, "sha256": hashlib.sha256(token.encode()).hexdigest(), "scopes": [sender.scope]}
    changed = {**content, "tokens": [*content.get("tokens", []), entry]}
    return Credential(token, changed, {"tokens": [entry]}, is_new=True)


def write(path: Path, content: dict[str, Any]) -> None:
    """Write the access file where it is, readable by its owner alone when it is a new one.

    In place and not by a rename: a container has this very file mounted.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
