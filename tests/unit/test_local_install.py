"""What an install of the embedded stack keeps: secrets made once, for its owner alone, and a port of its own."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from deploy.local import install
from deploy.local.stack import Stack, StackError


def test_secrets_are_made_once_and_are_the_owners(tmp_path: Path) -> None:
    first, other = tmp_path / "one", tmp_path / "two"
    for folder in (first, other):
        install.lock(folder).close()
    made = install.access(first)
    assert install.access(first) == made
    assert {made[name] for name in ("token", "github_secret", "actor_salt")}.isdisjoint(
        str(value) for value in install.access(other).values()
    )
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    assert {stat.S_IMODE((first / name).stat().st_mode) for name in ("access.json", "secrets.json")} == {0o600}
    assert made["token"] not in (first / "access.json").read_text()


def test_an_install_without_a_salt_keeps_the_one_it_hashed_with(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"token": "t", "github_secret": "s"}))
    assert install.access(tmp_path)["actor_salt"] == "adoption"


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    steps: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"expected port {port} to be free.*--ingest-port"):
            Stack.start(tmp_path, ingest_port=port, progress=steps.append)
    assert steps == []
