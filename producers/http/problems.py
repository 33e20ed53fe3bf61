"""How the ingest service says no: a status, a code for programs, a sentence for people.

Raised anywhere between a request's first header and its record; `app.py` turns it into the answer. A message says what
was expected, what came and what to do, and never repeats a secret.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

MEDIA = "application/json"


class Problem(Exception):  # noqa: N818 -- the answer's name, as in RFC 9457
    """An answer of 4xx or 5xx.

    Args:
        status: HTTP status.
        code: what went wrong, in snake case; stable.
        message: what was expected, what came, what to do.
        headers: extra response headers.
        details: further members of the body, e.g. `line`, `column`, `position`, `index`, `field`.
    """

    def __init__(
        self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"error": code, "message": message, **details}

    def response(self) -> Response:
        """The answer."""
        return json_response(self.body, self.status, self.headers)


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer of JSON."""
    return Response(msgspec.json.encode(body), status, headers, MEDIA)


def too_large(what: str, limit: int, code: str = "body_too_large") -> Problem:
    """413: the rest of the body is not worth reading, so the connection ends with the answer."""
    message = f"expected {what} of at most {limit:,} bytes, got more: send it in parts"
    return Problem(413, code, message, headers={"connection": "close"}, limit=limit)


def unavailable(message: str, retry_after: float) -> Problem:
    """503: nothing was accepted, the sender shall come back."""
    after = {"retry-after": str(max(1, round(retry_after)))}
    return Problem(503, "unavailable", f"{message}; nothing of this request was accepted, send it again", headers=after)
