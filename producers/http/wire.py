"""The bytes of a connection before they are a request: uvicorn's protocol, with a bound on headers.

uvicorn with httptools keeps headers and trailers of any size, of anybody, before a token is looked at; bodies have
their own limits (`limits.py`).
"""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES: Final = 64 * 1024
"""Proxies let 8 to 32 KiB through."""


class BoundedHttp(HttpToolsProtocol):
    """Hangs up, with 400, on a sender that goes on with headers; memory per connection is this and one read."""

    _header_bytes = 0
    _has_moved = False
    """Whether the bytes just read began a request or were of its body."""

    def on_message_begin(self) -> None:
        """Parser: a request begins."""
        self._has_moved = True
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Parser: a piece of the body."""
        self._has_moved = True
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Bytes of the connection."""
        self._has_moved = False
        super().data_received(data)
        self._header_bytes = 0 if self._has_moved else self._header_bytes + len(data)
        if self._header_bytes > HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response(f"Expected headers of at most {HEADER_BYTES} bytes, got more.")
