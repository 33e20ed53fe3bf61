"""An ingest service for senders that are killed: takes gateway batches over HTTP and counts each unit once."""

from __future__ import annotations

import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from schemas import gateway


class UnitServer(ThreadingHTTPServer):
    """Rows by unit. `refusals`: share of posts that are answered with 503, of which half were taken all the same."""

    daemon_threads = True

    def __init__(self, seed: int, refusals: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.units: dict[str, Counter[Any]] = {}
        self.conflicts: list[str] = []
        self.posts = 0
        self.refusals = refusals
        self.lock = threading.Lock()
        self.random = random.Random(seed)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Senders that were killed hang up; anything else is a defect of the test."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def take(self, raw: bytes, content_type: str) -> int:
        """The status to answer; the rows are counted under their units."""
        with self.lock:
            refused = self.random.random() < self.refusals
            if not refused or self.random.random() < 0.5:
                self.posts += 1
                units: dict[str, Counter[Any]] = {}
                for row in gateway.decode(raw, content_type).to_pylist():
                    units.setdefault(row["unit"], Counter())[row["at"]] += 1
                for unit, rows in units.items():
                    if self.units.setdefault(unit, rows) != rows:
                        self.conflicts.append(unit)
            return 503 if refused else 202

    def counted(self) -> Counter[Any]:
        """How often each request, known by its time, is in the views."""
        with self.lock:
            return sum(self.units.values(), Counter())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: UnitServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        status = self.server.take(raw, self.headers["content-type"])
        body = json.dumps({"receipt": "-", "accepted": 0, "ignored": {}, "dead_lettered": {}}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        if status == 503:
            self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def unit_server(seed: int, refusals: float = 0.0) -> Iterator[UnitServer]:
    """A running server on a free port."""
    with UnitServer(seed, refusals) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
