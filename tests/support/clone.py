"""A git repository made of a few words: commits with set times, branches, merges, tags."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

BEGAN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Clone:
    """Each commit is an hour after the one before, by Ada, unless said otherwise."""

    def __init__(self, path: Path, origin: str | None = None) -> None:
        self.path = path
        self.hours = 0
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        if origin:
            self.git("remote", "add", "origin", origin)

    def git(self, *arguments: str, author: str = "Ada <ada@example.org>", at: str | None = None) -> str:
        name, _, address = author.partition(" <")
        moment = at or (BEGAN + timedelta(hours=self.hours)).isoformat()
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", address.rstrip(">")), ("DATE", moment))
        }
        environ = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments], env=environ, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(
        self, title: str, *, author: str = "Ada <ada@example.org>", file: str = "a", at: str | None = None
    ) -> str:
        self.hours += 1
        target = self.path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{title} {self.hours}")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", title, author=author, at=at)
        return self.head()

    def branch(self, name: str, at: str = "HEAD") -> None:
        self.git("checkout", "-q", "-b", name, at)

    def switch(self, name: str) -> None:
        self.git("checkout", "-q", name)

    def merge(self, *names: str) -> str:
        self.hours += 1
        self.git(
            "merge", "-q", "--no-ff", "-s", "ours" if len(names) == 1 else "octopus", "-m", f"Merge {names}", *names
        )
        return self.head()

    def tag(self, name: str, message: str | None = None) -> None:
        self.git("tag", *(["-a", "-m", message] if message else []), name)

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")
