"""What a request may cost: bytes of its body, bytes after inflating, seconds to arrive, bytes of all bodies together.

First thing that happens to a body. Limits hold while it streams in; a declared length is only ever a reason to refuse
early. Senders that stop half-way, or thousands that trickle, cost a bounded amount of memory.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from producers.http.problems import Problem, too_large, unavailable

MIB: Final = 1024 * 1024
EVENTS_BYTES: Final = MIB
GITHUB_BYTES: Final = 25 * MIB
"""GitHub's own cap of a delivery."""
GATEWAY_BYTES: Final = 8 * MIB
INFLATED_BYTES: Final = 10 * MIB
INFLATED_RATIO: Final = 100
"""Logs compress 10 to 30 times; deflate's limit is 1,032."""
_RATIO_FLOOR: Final = 64 * 1024
"""Below this size a ratio says nothing."""
_INFLATE_PIECE: Final = 4096
"""What follows a member is copied to be looked at: of a body of many small members never more than this, each time."""
BODY_SECONDS: Final = 30.0


@dataclass
class Budget:
    """Bytes of request bodies in memory at once, over all requests."""

    left: int = 192 * MIB

    def take(self, count: int) -> None:
        """Reserve; 503 when there is nothing left."""
        if count > self.left:
            raise unavailable("too many request bodies are being read at once", 1)
        self.left -= count


def media_type(request: Request) -> str:
    """The request's media type, lower case, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


@asynccontextmanager
async def body_of(request: Request, budget: Budget, limit: int, *, may_be_gzip: bool = False) -> AsyncIterator[bytes]:
    """The request's body, inflated; its bytes count against the budget until the block ends.

    Raises:
        Problem: 413 over the limit, 415 for another encoding, 400 for a broken gzip, 408 when it takes too long.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"} or (encoding == "gzip" and not may_be_gzip):
        expected = "gzip or identity" if may_be_gzip else "identity"
        message = f"expected Content-Encoding {expected}, got {encoding[:50]!r}"
        raise Problem(415, "unsupported_encoding", message)
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 20 and int(declared) > limit:  # noqa: PLR2004
        raise too_large("a body", limit)
    taken = 0
    try:
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.stream():
                    budget.take(len(chunk))
                    taken += len(chunk)
                    if taken > limit:
                        raise too_large("a body", limit)
                    chunks.append(chunk)
        except TimeoutError:
            message = f"expected the whole body within {BODY_SECONDS:.0f} s, got {taken} bytes of it"
            raise Problem(408, "body_too_slow", message, headers={"connection": "close"}) from None
        raw = b"".join(chunks)
        if encoding == "gzip":
            raw = inflate(raw)
            budget.take(len(raw))
            taken += len(raw)
        yield raw
    finally:
        budget.left += taken


def inflate(raw: bytes) -> bytes:
    """The content of a gzip file (all its members).

    Raises:
        Problem: 413 beyond 10 MiB or 100 times the size of `raw`; 400 if it is broken or cut off.
    """
    limit = min(INFLATED_BYTES, max(INFLATED_RATIO * len(raw), _RATIO_FLOOR))
    out = bytearray()
    rest = memoryview(raw)
    member = None
    while rest:
        member = member or zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        piece = rest[:_INFLATE_PIECE]
        try:
            out += member.decompress(piece, limit + 1 - len(out))
        except zlib.error as error:
            raise Problem(400, "malformed_gzip", f"expected gzip, got {error}") from None
        if len(out) > limit:
            raise too_large("content after inflating", limit, "inflated_too_large")
        rest = rest[len(piece) - len(member.unused_data) :]
        if member.eof:
            member = None
    if member:
        raise Problem(400, "malformed_gzip", f"expected gzip, got an end after {len(raw)} bytes, within a member")
    return bytes(out)
