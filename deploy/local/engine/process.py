"""Starts the engine as a process of its own and stops it: for ``adoption up`` and for tests."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.engine.credentials import Credentials, read

_POLL_SECONDS = 0.02


class EngineStartError(RuntimeError):
    """The process ended, or did not answer in time; the message holds what it printed."""


@dataclass
class EngineProcess:
    """A running engine.

    Attributes:
        path: the data folder.
        port: where it listens on 127.0.0.1.
        process: the child process.
    """

    path: Path
    port: int
    process: "subprocess.Popen[bytes]" = field(repr=False)
    credentials: Credentials = field(repr=False)

    @classmethod
    def start(cls, path: Path, *, port: int = 0, seconds: float = 60) -> "EngineProcess":
        """Starts an engine on the folder (made if missing) and waits until it answers ``/ping``.

        The credentials are in ``credentials.json`` of the folder, its log in ``engine.log``.

        Raises:
            EngineStartError: with the end of the log.
        """
        path.mkdir(parents=True, exist_ok=True)
        port_file, secret, log = path / "engine.port", path / "credentials.json", path / "engine.log"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "deploy.local.engine", "--path", str(path), "--port", str(port)]
        command += ["--port-file", str(port_file), "--credentials-file", str(secret)]
        with log.open("ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)  # noqa: S603
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            if port_file.exists():
                found = int(port_file.read_text(encoding="utf-8"))
                if _answers(found):
                    return cls(path, found, process, read(secret))
            time.sleep(_POLL_SECONDS)
        process.kill()
        process.wait()
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise EngineStartError(f"the engine on {path} did not answer within {seconds} s; its log ends with:\n{tail}")

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
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def kill(self) -> None:
        """Ends the process with SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1) as answer:
            return bool(answer.read() == b"Ok.\n")
    except (urllib.error.URLError, OSError):
        return False
