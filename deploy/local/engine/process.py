"""Starts the engine as a process of its own and stops it: for ``adoption up`` and for tests."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from deploy.local.engine.config import Limits
from deploy.local.engine.credentials import Credentials, read

_POLL_SECONDS = 0.02


class EngineStartError(RuntimeError):
    """The process ended, or did not answer in time; the message holds what it printed."""


@dataclass
class EngineProcess:
    """A running engine; a context manager that stops it.

    Attributes:
        path: the data folder.
        port: where it listens on 127.0.0.1.
        credentials: its two passwords.
        process: the child process. It ends by itself when this process is gone.
    """

    path: Path
    port: int
    credentials: Credentials = field(repr=False)
    process: "subprocess.Popen[bytes]" = field(repr=False)

    @classmethod
    def start(cls, path: Path, *, port: int = 0, limits: Limits | None = None, seconds: float = 60) -> Self:
        """Starts an engine on the folder (made if missing) and waits until it answers ``/ping``.

        The credentials are in ``credentials.json`` of the folder, its log in ``engine.log``.

        Args:
            path: the data folder; one engine at a time may have it.
            port: on 127.0.0.1; 0 takes a free one.
            limits: bounds for readers (time and memory); the defaults if None.
            seconds: how long to wait.

        Raises:
            EngineStartError: with the end of the log.
        """
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        port_file, secret, log = path / "engine.port", path / "credentials.json", path / "engine.log"
        port_file.unlink(missing_ok=True)
        bounds = limits or Limits()
        command = [sys.executable, "-m", "deploy.local.engine", "--until-stdin-closes"]
        command += ["--path", str(path), "--port", str(port)]
        command += ["--port-file", str(port_file), "--credentials-file", str(secret)]
        command += ["--reader-seconds", str(bounds.reader_seconds), "--reader-memory", str(bounds.reader_memory)]
        with log.open("ab") as out:
            began = out.tell()
            # A session of its own: Ctrl-C at the terminal is the parent's to answer, which stops the engine last.
            process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            if port_file.exists():
                found = int(port_file.read_text(encoding="utf-8"))
                if _answers(found):
                    return cls(path, found, read(secret), process)
            time.sleep(_POLL_SECONDS)
        ended = process.poll()
        _end(process, process.kill, seconds)
        tail = log.read_bytes()[began:][-2000:].decode(errors="replace").strip()
        what = f"did not answer within {seconds} s" if ended is None else f"ended with status {ended}"
        raise EngineStartError(f"the engine on {path} {what}; its log {log} says:\n{tail}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the HTTP interface."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def writer(self) -> tuple[str, str]:
        """User and password that may do everything."""
        return "writer", self.credentials.writer

    @property
    def reader(self) -> tuple[str, str]:
        """User and password that may read the product's database."""
        return "reader", self.credentials.reader

    def stop(self, seconds: float = 10) -> int:
        """Asks the engine to end and waits for it; returns its exit code. Kills it when it does not end in time."""
        return _end(self.process, self.process.terminate, seconds)

    def kill(self) -> None:
        """Ends the process with SIGKILL, as a crash would."""
        _end(self.process, self.process.kill, 10)


def _end(process: "subprocess.Popen[bytes]", signal: Callable[[], None], seconds: float) -> int:
    signal()
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    if process.stdin is not None:
        process.stdin.close()
    return code


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1) as answer:
            return bool(answer.read() == b"Ok.\n")
    except OSError:
        return False
