"""A Kubernetes API server that replays a script: each request gets the next answer, and is remembered."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """What a request gets.

    Attributes:
        lines: JSON values, one a line.
        status: of the answer.
        cut: sent after the lines, before the connection is cut; None: the answer ends as it should.
    """

    lines: tuple[Any, ...] = ()
    status: int = 200
    cut: str | None = None


def listed(*items: Any, version: str, more: str | None = None) -> Answer:
    """A page of a list; items of a list name no kind."""
    bare = [{key: value for key, value in item.items() if key != "kind"} for item in items]
    meta = {"resourceVersion": version} | ({"continue": more} if more else {})
    return Answer(({"kind": "DeploymentList", "metadata": meta, "items": bare},))


def bookmark(version: str) -> dict[str, Any]:
    return {"type": "BOOKMARK", "object": {"kind": "Deployment", "metadata": {"resourceVersion": version}}}


def gone() -> dict[str, Any]:
    """The error inside a stream that says that its resource version is too old."""
    return {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}


class ApiServer:
    """A context manager; `asked` holds each request's path and query. Beyond the script all is forbidden.

    It takes events as the ingest service does, too: `posted` holds them.
    """

    def __init__(self, *script: Answer, token: str | None = None) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        answers = iter(script)
        self.posted: list[dict[str, Any]] = []
        asked, posted = self.asked, self.posted

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked.append((parts.path, dict(parse_qsl(parts.query))))
                is_known = token is None or self.headers.get("authorization") == f"Bearer {token}"
                self._answer(next(answers, Answer(status=403)) if is_known else Answer(status=401))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                posted.extend(json.loads(body))
                receipt = json.dumps({"receipt": "0", "accepted": 1, "ignored": {}, "dead_lettered": {}}).encode()
                self.send_response(202)
                self.send_header("content-length", str(len(receipt)))
                self.end_headers()
                self.wfile.write(receipt)

            def _answer(self, answer: Answer) -> None:
                self.send_response(answer.status)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for line in answer.lines:
                    self._chunk(json.dumps(line) + "\n")
                if answer.cut is None:
                    self.wfile.write(b"0\r\n\r\n")
                    return
                self._chunk(answer.cut)
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

            def _chunk(self, text: str) -> None:
                if text:
                    self.wfile.write(f"{len(text.encode()):x}\r\n{text}\r\n".encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def versions(self) -> list[str | None]:
        """The resource version that each request watched from; None: it listed."""
        return [query.get("resourceVersion") if "watch" in query else None for _, query in self.asked]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
