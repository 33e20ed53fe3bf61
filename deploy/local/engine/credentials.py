"""Who may speak to the engine: two users, with passwords made at random per install.

The port is on loopback, but every process and every web page on the machine can reach it; the file's mode (0600) is
what ties the credential to the user who started the stack.
"""

import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Role = Literal["writer", "reader"]


@dataclass(frozen=True)
class Credentials:
    """The passwords of the users ``writer`` (everything) and ``reader`` (gated selects)."""

    writer: str
    reader: str

    def role_of(self, user: str, password: str) -> Role | None:
        """The role this user and password open, or None."""
        for role in ("writer", "reader"):
            if user == role and hmac.compare_digest(password.encode(), getattr(self, role).encode()):
                return role
        return None


def load_or_create(path: Path) -> Credentials:
    """Reads the credentials, or creates them with mode 0600 at the first start.

    Raises:
        ValueError: the file exists and does not hold the two passwords.
    """
    try:
        return read(path)
    except FileNotFoundError:
        made = Credentials(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(made), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return made


def read(path: Path) -> Credentials:
    """Reads existing credentials. Raises FileNotFoundError, or ValueError when the content is not ours."""
    text = path.read_text(encoding="utf-8")
    try:
        return Credentials(**json.loads(text))
    except (json.JSONDecodeError, TypeError) as error:
        raise ValueError(
            f"{path} should hold the passwords of writer and reader as JSON; remove it to make new ones"
        ) from error
