"""Child processes of the embedded stack: started, watched, started again after a crash, stopped in order."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.lifeline import VARIABLE

log = logging.getLogger(__name__)

NO_RESTART = 78
"""Exit status of a worker that found its topic to be mostly poison: starting it again would empty the topic."""
LONGEST_PAUSE = 10.0


@dataclass
class Child:
    """One `adoption …` process that is meant to run for as long as the stack does.

    Attributes:
        name: for its log file and messages.
        arguments: of `adoption`.
        environment: added to ours.
        log_file: where its output goes.
    """

    name: str
    arguments: list[str]
    environment: Mapping[str, str]
    log_file: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _is_stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _watcher: threading.Thread | None = field(default=None, init=False)
    restarts: int = field(default=0, init=False)
    is_given_up: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start it and keep it running."""
        self._spawn()
        self._watcher = threading.Thread(target=self._watch, name=f"watch-{self.name}", daemon=True)
        self._watcher.start()

    def stop(self, seconds: float) -> None:
        """Ask it to stop; kill it after `seconds`."""
        self._is_stopping.set()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._watcher:
            self._watcher.join(timeout=5)

    @property
    def pid(self) -> int | None:
        """Process id of the running child."""
        return self._process.pid if self._process else None

    def _spawn(self) -> None:
        command = [sys.executable, "-m", "deploy.cli", *self.arguments]
        with self.log_file.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **self.environment, VARIABLE: "1"},
                # Ctrl-C at the terminal is the parent's to answer: it stops its children in order.
                start_new_session=True,
            )

    def _watch(self) -> None:
        pause = 0.2
        while not self._is_stopping.is_set():
            process = self._process
            assert process is not None
            started = time.monotonic()
            status = process.wait()
            if self._is_stopping.is_set():
                return
            if status == NO_RESTART:
                self.is_given_up = True
                log.error("%s stopped itself and stays stopped; see %s", self.name, self.log_file)
                return
            pause = 0.2 if time.monotonic() - started > 60 else min(pause * 2, LONGEST_PAUSE)  # noqa: PLR2004
            log.warning(
                "%s ended with status %s, starting it again in %.1f s; see %s", self.name, status, pause, self.log_file
            )
            if self._is_stopping.wait(pause):
                return
            self.restarts += 1
            self._spawn()
