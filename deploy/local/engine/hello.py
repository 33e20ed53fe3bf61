"""The greeting of ClickHouse's Go driver (Grafana's data source), answered by hand.

The driver reads its hello with the newest protocol revision it knows, and everything after it with the revision that
the hello names. The engine writes blocks of revision 0, so the hello is one block in the new shape that names 0.
"""

import re
import struct

_HELLO = re.compile(
    r"\s*SELECT\s+displayName\(\),\s*version\(\),\s*revision\(\),\s*timezone\(\)\s*(?:FORMAT\s+Native)?\s*;?\s*",
    re.IGNORECASE,
)
# BlockInfo: field 1 is_overflows = 0, field 2 bucket_num = -1, end.
_BLOCK_INFO = bytes.fromhex("01 00 02 ff ff ff ff 00")


def is_hello(sql: str, transport: dict[str, str]) -> bool:
    """Whether this is the Go driver's first question; other clients that ask the same get the engine's own answer."""
    return "client_protocol_version" in transport and _HELLO.fullmatch(sql) is not None


def answer(name: str, version: str, timezone: str) -> bytes:
    """The Native block with revision 0, each column with its has_custom_serialization byte (0)."""
    columns = (
        ("displayName()", "String", _string(name)),
        ("version()", "String", _string(version)),
        ("revision()", "UInt32", struct.pack("<I", 0)),
        ("timezone()", "String", _string(timezone)),
    )
    body = b"".join(_string(title) + _string(kind) + b"\0" + value for title, kind, value in columns)
    return _BLOCK_INFO + bytes([len(columns), 1]) + body


def _string(text: str) -> bytes:
    data = text.encode()
    assert len(data) < 128, "one byte of length is enough for a name, a version and a zone"  # noqa: PLR2004
    return bytes([len(data)]) + data
