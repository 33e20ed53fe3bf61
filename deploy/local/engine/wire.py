"""Bytes on the way in and out: compression and multipart bodies, with limits on both sides of a decompression."""

import re
import zlib
from collections.abc import Callable
from typing import Protocol

import lz4.frame  # type: ignore[import-untyped]
from backports import zstd

from deploy.local.engine.errors import BadArgumentsError, TooLargeError

ENCODINGS = ("lz4", "zstd", "gzip", "deflate")
"""Content encodings spoken, in the order they are chosen in: on loopback the cheapest is the fastest."""

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_FIELD = re.compile(rb'name="([^"]*)"')
_FILE = re.compile(rb"filename=", re.IGNORECASE)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class Compressor(Protocol):
    """An encoder of a body that comes in pieces."""

    def compress(self, data: bytes, /) -> bytes:
        """Encodes a piece; may hold bytes back."""
        ...

    def flush(self) -> bytes:
        """Ends the body."""
        ...


class _Lz4:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, data: bytes, /) -> bytes:
        head = b"" if self._begun else self._frame.begin()
        self._begun = True
        return bytes(head + self._frame.compress(data))

    def flush(self) -> bytes:
        head = b"" if self._begun else self._frame.begin()
        return bytes(head + self._frame.flush())


_COMPRESSORS: dict[str, Callable[[], Compressor]] = {
    "lz4": _Lz4,
    "zstd": zstd.ZstdCompressor,
    "gzip": lambda: zlib.compressobj(1, wbits=31),
    "deflate": lambda: zlib.compressobj(1),
}
_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": zstd.ZstdDecompressor,
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "deflate": zlib.decompressobj,
}


def chosen_encoding(accepted: str) -> str | None:
    """The encoding to answer in, given an Accept-Encoding header; None for none."""
    offers = {offer.split(";")[0].strip() for offer in accepted.split(",")}
    return next((name for name in ENCODINGS if name in offers), None)


def compressor(encoding: str) -> Compressor:
    """A fresh encoder of one of ``ENCODINGS``."""
    return _COMPRESSORS[encoding]()


def encoded(body: bytes, encoding: str) -> bytes:
    """A whole body in one of ``ENCODINGS``."""
    encoder = compressor(encoding)
    return encoder.compress(body) + encoder.flush()


def decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its Content-Encoding.

    Raises:
        BadArgumentsError: an encoding that is not spoken here, or a body that is not in it.
        TooLargeError: it decodes to more than ``limit`` bytes.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding not in _DECOMPRESSORS:
        raise BadArgumentsError(f"expected a body in {', '.join(ENCODINGS)}, got Content-Encoding: {encoding}")
    pieces: list[bytes] = []
    size = 0
    while body:
        decompressor = _DECOMPRESSORS[encoding]()
        try:
            piece = decompressor.decompress(body, limit + 1 - size)
        except (RuntimeError, zlib.error, zstd.ZstdError) as error:
            raise BadArgumentsError(f"the body is not {encoding} as its Content-Encoding says: {error}") from error
        size += len(piece)
        if size > limit:
            raise TooLargeError(f"the body decodes to more than {limit} bytes: send smaller blocks")
        if not decompressor.eof:
            raise BadArgumentsError(f"the {encoding} body ends before its end mark: it was cut on the way")
        pieces.append(piece)
        body = decompressor.unused_data or b""
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def form_fields(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """The text fields of a multipart/form-data body: how clients send parameters too long for a query string.

    Raises:
        BadArgumentsError: no boundary, a nameless part, or a file (external tables are not spoken here).
    """
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise BadArgumentsError(f"expected a boundary in the multipart header, got {content_type!r}")
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())
    fields = []
    for part in parts[1:]:
        if part.startswith(b"--"):
            break
        head, _, value = part.partition(b"\r\n\r\n")
        name = _FIELD.search(head)
        if name is None or _FILE.search(head):
            raise BadArgumentsError(
                "expected text fields in the multipart body (query, param_…), got a file or no name"
            )
        try:
            fields.append((name[1].decode(), value.decode()))
        except UnicodeDecodeError as error:
            raise BadArgumentsError(f"expected text in UTF-8 in the multipart body: {error}") from error
    return fields
