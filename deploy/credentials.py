"""Makes the credentials that `compose.yaml` wants: `deploy/.env` and `deploy/access.json`, random, mode 0600.

`python -m deploy.credentials` writes what is missing and never overwrites what is there. It prints the token and the
webhook secret once: the files keep only the token's digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path

HERE = Path(__file__).parent
PASSWORDS = (
    "ADOPTION_MIGRATOR_PASSWORD",
    "ADOPTION_WRITER_PASSWORD",
    "ADOPTION_READER_PASSWORD",
    "ADOPTION_GRAFANA_PASSWORD",
    "ADOPTION_ACTOR_SALT",
    "GRAFANA_ADMIN_PASSWORD",
)


def make(folder: Path) -> list[str]:
    """Write the files that are missing into a folder; returns what to tell the user, line by line."""
    told = []
    environment, access = folder / ".env", folder / "access.json"
    if environment.exists():
        told.append(f"{environment} is there already: kept")
    else:
        lines = [f"{name}={secrets.token_urlsafe(24)}\n" for name in PASSWORDS]
        # The ingest service reads access.json, mounted with this machine's owner and mode: it must run as the owner.
        _write(environment, "".join([*lines, f"ADOPTION_UID={os.getuid()}\n"]))
        told.append(f"wrote {environment}: passwords of ClickHouse and Grafana")
    if access.exists():
        told.append(f"{access} is there already: kept")
        return told
    token, secret = secrets.token_urlsafe(32), secrets.token_hex(32)
    entry = {
        "name": "compose",
        "sha256": hashlib.sha256(token.encode()).hexdigest(),
        "scopes": ["events", "gateway"],
    }
    _write(access, json.dumps({"tokens": [entry], "github": {"secrets": [secret]}}, indent=2) + "\n")
    return [
        *told,
        f"wrote {access}: who may send to the ingest service",
        f"token of your senders (ADOPTION_INGEST_TOKEN), shown this once: {token}",
        f"secret of the GitHub webhook: {secret}",
    ]


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def main() -> None:
    """Make them in this folder."""
    for line in make(HERE):
        print(line)  # noqa: T201 - a script for a person


if __name__ == "__main__":
    main()
