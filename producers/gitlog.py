"""Reads a clone's history: the arguments for `git log`, and the pure parser of what it prints, commit by commit.

Used where events are made from a clone: `adoption emit` (a deployment's commits) and `adoption backfill git`. It stays
free of pydantic, so that `emit` starts fast. Output is read as a stream; no history is held in memory.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urlsplit

_MARK = b"\x01"
_SEPARATOR = "\x1f"
_FORMAT = "tformat:%x01%H%x1f%P%x1f%cI%x1f%ae%x1f%an%x1f%s"
_CHUNK = 256 * 1024
_SETTINGS = ("i18n.logOutputEncoding=UTF-8", "core.quotePath=false", "log.showSignature=false", "core.pager=cat")
_TIME = re.compile(r"^(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$")
_YEARS = range(2001, 2100)
"""What a contract takes as a time, less a year at the beginning for the zone."""


class GitError(RuntimeError):
    """git is missing, too old, or refused: what was asked and what it said."""


class LoggedCommit(NamedTuple):
    """One commit as the history tells it.

    Attributes:
        sha: full id, lower-case hex.
        parents: ids of its parents; two or more make it a merge commit.
        committed_at: committer time, ISO 8601 with offset; None when it is outside what a contract takes.
        email: author's address, in clear: hash it before it leaves.
        author: author's name, in clear; only good for telling robots.
        title: first line of the message.
        paths: files touched; None when they were not asked for.
    """

    sha: str
    parents: tuple[str, ...]
    committed_at: str | None
    email: str
    author: str
    title: str
    paths: tuple[str, ...] | None

    @property
    def is_merge(self) -> bool:
        """Whether it joins two lines of history."""
        return len(self.parents) > 1


def command(*arguments: str, clone: Path | str = ".") -> list[str]:
    """A git command on a clone with the settings that make its output the same everywhere."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return ["git", "-C", os.fspath(clone), *settings, *arguments]


def log_arguments(revisions: Sequence[str] = (), *, paths: bool = False, options: Sequence[str] = ()) -> list[str]:
    """Arguments of the `git log` whose output `parse` reads. A revision that begins with a dash is not an option."""
    files = ["--name-only"] if paths else []
    return ["log", "-z", f"--format={_FORMAT}", *files, *options, "--end-of-options", *revisions]


def parse(chunks: Iterable[bytes], *, paths: bool = False) -> Iterator[LoggedCommit]:
    """The commits in the output of `git log` with `log_arguments`, in its order; holds one commit at a time."""
    header: str | None = None
    files: list[str] = []
    for token in _tokens(chunks):
        if token.startswith(_MARK):
            if header is not None:
                yield _commit(header, files, paths=paths)
            header, files = token[1:].decode(errors="replace"), []
        elif header is not None and (name := token.lstrip(b"\n")):
            files.append(name.decode(errors="replace"))
    if header is not None:
        yield _commit(header, files, paths=paths)


def _tokens(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    if rest:
        yield rest


def _commit(header: str, files: list[str], *, paths: bool) -> LoggedCommit:
    sha, parents, at, email, author, title = header.split(_SEPARATOR, 5)
    # With --name-only the header is followed by a line break before the first file's name.
    return LoggedCommit(
        sha, tuple(parents.split()), usable_time(at), email, author, title.rstrip("\n"), tuple(files) if paths else None
    )


def usable_time(text: str) -> str | None:
    """A time as git writes it (ISO 8601 with offset) if a contract takes it, else None."""
    found = _TIME.match(text)
    return text if found and int(found[1]) in _YEARS else None


def chunks_of(stream: IO[bytes]) -> Iterator[bytes]:
    """What a pipe gives, as it comes."""
    while chunk := stream.read1(_CHUNK) if hasattr(stream, "read1") else stream.read(_CHUNK):
        yield chunk


@contextmanager
def running(
    arguments: Sequence[str], *, clone: Path | str = ".", standard_input: bytes = b"", seconds: float | None = None
) -> Iterator[IO[bytes]]:
    """A git command's output as a stream.

    Raises:
        GitError: git is missing, or it ended with an error (only told when its output was read to the end).
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - arguments are a list; no shell
            command(*arguments, clone=clone),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"},
        )
    except OSError as error:
        raise GitError(f"expected the command git, got {error}: install git or set PATH") from error
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        if standard_input:
            process.stdin.write(standard_input)
        process.stdin.close()
        yield process.stdout
        said = process.stderr.read().decode(errors="replace").strip()
        if process.wait(seconds):
            raise GitError(f"git {' '.join(arguments[:1])} on {clone} failed: {said or process.returncode}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()


def output(*arguments: str, clone: Path | str = ".", seconds: float = 60) -> str:
    """What a short git command prints, without the last line break. Raises as `output_bytes`."""
    return output_bytes(*arguments, clone=clone, seconds=seconds).decode(errors="replace").rstrip("\n")


def output_bytes(*arguments: str, clone: Path | str = ".", seconds: float = 60) -> bytes:
    """What a short git command prints.

    Raises:
        GitError: git is missing, refused, or took longer than `seconds`.
    """
    try:
        done = subprocess.run(  # noqa: S603 - arguments are a list; no shell
            command(*arguments, clone=clone),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git {arguments[0]} on {clone}: {error}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise GitError(f"git {arguments[0]} on {clone} failed: {said or done.returncode}")
    return done.stdout


def repository_name(address: str) -> str | None:
    """A remote's address as the host-qualified name catalogs write: `github.com/acme/pay`; None for a local path.

    Users, passwords, ports and a final `.git` are dropped; letters become lower case.
    """
    text = address.strip()
    if "://" not in text:
        host, colon, path = text.partition(":")
        if not colon or "/" in host or len(host) < 2:  # noqa: PLR2004 - one letter is a drive of Windows
            return None
        text = f"ssh://{host}/{path.lstrip('/')}"
    try:
        parts = urlsplit(text)
        name, path = parts.hostname, parts.path.strip("/").removesuffix(".git").strip("/")
    except ValueError:
        return None
    if parts.scheme == "file" or not name or not path:
        return None
    return f"{name}/{path}".lower()
