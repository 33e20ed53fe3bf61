"""Sends the demo's year to a running stack through its front doors, waits until all of it counts, prints the reports.

Five ways in, as in a company: catalog files and cloud bills are imported, GitHub and Alertmanager call their webhooks,
Kong posts arrays, and the log shipper follows NGINX's access log (its own process, beside the others).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.local.demo import sending
from deploy.local.demo.bills import Bill
from deploy.local.demo.catalog import Document
from deploy.local.demo.history import KONG_RECORDS, History
from deploy.local.demo.kong import ARRAY
from deploy.local.demo.sending import Post, Receipts, SendError
from schemas.settings import Settings

_SETTLE_SECONDS = 240.0
_POLL_SECONDS = 0.25


@dataclass
class Summary:
    """What was sent.

    Attributes:
        receipts: way in -> what the ingest service said.
        lines: access log lines shipped.
    """

    receipts: dict[str, Receipts] = field(default_factory=dict)
    lines: int = 0


@dataclass(frozen=True)
class AccessLog:
    """NGINX's access log, as a file."""

    path: Path
    lines: int


def write_access_log(history: History, folder: Path) -> AccessLog:
    """Write the whole log; some seconds of computing that fit beside the start of the stack."""
    path = folder / "nginx" / "access.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for line in history.access_log():
            file.write(line)
            written += 1
    return AccessLog(path, written)


def progress_bar(console: Console) -> Progress:
    """The demo's progress display: what, how far, how long."""
    return Progress(
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


@dataclass
class Driver:
    """One run of the demo against one stack.

    Attributes:
        settings: addresses of the stack, and the token to send with.
        access: the stack's secrets in the clear: `token`, `github_secret`.
        lag: messages acknowledged and not yet in the facts.
        folder: where the files that a company would have are written.
        progress: shown while it runs.
        log: NGINX's access log, being written.
    """

    settings: Settings
    access: dict[str, Any]
    lag: Callable[[], int]
    folder: Path
    progress: Progress
    log: Future[AccessLog]
    summary: Summary = field(default_factory=Summary)

    def run(self, history: History) -> Summary:
        """Send everything and wait until it is settled.

        Raises:
            SendError: something was refused, or did not settle in time; the message says what to look at.
        """
        token, secret = self.access["token"], self.access["github_secret"]
        self._import("Catalog import", "catalog", [(document, ()) for document in history.catalog])
        self._import("Cloud bills", "costs", [(bill, bill.options) for bill in history.bills])
        log = self.log.result()
        self.summary.lines = log.lines
        with self._shipping(log.path):
            webhooks, alerts = history.webhooks, history.alerts
            self._send("GitHub webhooks", len(webhooks), (sending.of_webhook(one, secret) for one in webhooks))
            self._send("Alertmanager webhooks", len(alerts), (sending.of_alert(one, token) for one in alerts))
            arrays = (sending.of_array(one, token) for one in history.kong_arrays())
            self._send("Kong http-log arrays", KONG_RECORDS * history.year.length // 365 // ARRAY, arrays)
        self._settle()
        return self.summary

    def _import(self, title: str, command: str, files: Sequence[tuple[Document | Bill, Sequence[str]]]) -> None:
        """Write each file and import it with its options."""
        task = self.progress.add_task(title, total=len(files))
        for file, options in files:
            path = self.folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")
            self._command(command, "import", str(path), *options)
            self.progress.advance(task)

    def _send(self, name: str, expected: int, posts: Iterable[Post]) -> None:
        task = self.progress.add_task(name, total=expected)
        receipts = asyncio.run(
            sending.send(self.settings.ingest_url, posts, lambda done: self.progress.advance(task, done))
        )
        self.progress.update(task, total=receipts.posts)
        self.summary.receipts[name] = receipts

    def _shipping(self, log: Path) -> _Shipping:
        task = self.progress.add_task("Log shipper", total=self.summary.lines)
        arguments = ("tail", "--once", "--format", "nginx-json", str(log))
        return _Shipping(self, task, self._popen(*arguments))

    def _settle(self) -> None:
        """Wait until nothing is under way any more."""
        started = time.monotonic()
        task = self.progress.add_task("Compute facts", total=None)
        most = waiting = self.lag()
        while waiting:
            if time.monotonic() - started > _SETTLE_SECONDS:
                raise SendError(f"{waiting} messages are still under way: see the workers' logs in {self.folder}")
            time.sleep(_POLL_SECONDS)
            waiting = self.lag()
            most = max(most, waiting)
            self.progress.update(task, total=most, completed=most - waiting)
        self.progress.update(task, total=most or 1, completed=most or 1)

    def _command(self, *arguments: str) -> None:
        """Run `adoption …` and say what it said when it failed."""
        process = self._popen(*arguments)
        said, _ = process.communicate()
        if process.returncode:
            raise SendError(f"adoption {' '.join(arguments)} ended with {process.returncode}: {said.decode().strip()}")

    def _popen(self, *arguments: str) -> subprocess.Popen[bytes]:
        token: str = self.access["token"]
        environment = os.environ | {
            "ADOPTION_INGEST_URL": self.settings.ingest_url,
            "ADOPTION_INGEST_TOKEN": token,
            "ADOPTION_DATA_DIR": str(self.folder / "shipper"),
        }
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "deploy.cli", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


@dataclass
class _Shipping:
    """The log shipper at work beside the other senders; leaving waits for it, or ends it after an error."""

    driver: Driver
    task: TaskID
    process: subprocess.Popen[bytes]

    def __enter__(self) -> None:
        """It runs already."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.process.terminate()
        said = self.process.communicate()[0]
        if kind is None and self.process.returncode:
            raise SendError(f"adoption tail ended with {self.process.returncode}: {said.decode().strip()}")
        self.driver.progress.update(self.task, completed=self.driver.summary.lines)
