"""A proxy before the warehouse that fails on purpose: errors, silence, or an answer that is lost after the deed."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import unquote_plus, urlsplit

Fault = Literal["refuse", "hang", "lose_answer"]


class Faults:
    """What goes wrong, and how often it did.

    Attributes:
        plan: faults still to come; each INSERT takes one.
        done: faults that happened.
    """

    def __init__(self) -> None:
        self.plan: list[Fault] = []
        self.done: list[Fault] = []
        self.released = threading.Event()
        self._lock = threading.Lock()

    def next(self) -> Fault | None:
        """The fault of this insert."""
        with self._lock:
            if not self.plan:
                return None
            fault = self.plan.pop(0)
            self.done.append(fault)
            return fault


@contextmanager
def before(url: str) -> Iterator[tuple[str, Faults]]:
    """A proxy before `url`; gives its own address and its faults."""
    target = urlsplit(url)
    faults = Faults()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._pass(b"")

        def do_POST(self) -> None:
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self._pass(body)

        def _pass(self, body: bytes) -> None:
            statement = unquote_plus(self.path) + body[:200].decode(errors="replace")
            fault = faults.next() if "INSERT" in statement.upper() else None
            if fault == "refuse":
                self._answer(503, {}, b"Code: 202. DB::Exception: Too many simultaneous queries")
                return
            if fault == "hang":
                faults.released.wait(120)
                self.close_connection = True
                return
            connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
            headers = {
                k: v for k, v in self.headers.items() if k.lower() not in {"transfer-encoding", "content-length"}
            }
            headers["host"] = target.netloc
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if fault == "lose_answer":
                self.close_connection = True
                return
            self._answer(answer.status, dict(answer.getheaders()), content)

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", faults
    finally:
        faults.released.set()
        server.shutdown()
        server.server_close()
