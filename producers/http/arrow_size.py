"""How large an Arrow stream says it is once decompressed, read from its message headers alone.

Asked before pyarrow opens a sender's stream: its compressed buffers declare their size, and a body of 8 MiB can hold
gigabytes of zeros. The headers are flatbuffers; only the few fields needed are followed, every step within bounds.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import pyarrow as pa

_HEADER_TYPE, _HEADER = 1, 2  # fields of Message
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3  # values of its header's type
_DATA: Final = 1  # field of DictionaryBatch: a RecordBatch
_LENGTH, _BUFFERS, _COMPRESSION = 0, 2, 3  # fields of RecordBatch
_I64: Final = struct.Struct("<q")


class Declared(NamedTuple):
    """What a stream says about itself.

    Attributes:
        bytes: of all buffers once decompressed.
        values: length of all record and dictionary batches together (a run-length column costs no bytes per value).
    """

    bytes: int
    values: int


def declared(stream: bytes) -> Declared:
    """Sizes that the messages of an Arrow IPC stream declare.

    Raises:
        ValueError: no Arrow IPC stream; the message says what was found.
    """
    size = values = 0
    try:
        for message in pa.ipc.MessageReader.open_stream(pa.BufferReader(stream)):
            batch = _batch_of(message.metadata.to_pybytes())
            if batch is not None:
                values += batch.long(_LENGTH)
                size += _size_of(batch, memoryview(message.body or b""))
    except (struct.error, pa.ArrowException, OSError, EOFError) as error:
        raise ValueError(f"broken message header: {error}") from error
    return Declared(size, values)


def _batch_of(header: bytes) -> _Table | None:
    """The record batch in a message's header, also that of a dictionary; None: the message has none."""
    message = _Table(header, _u32(header, 0))
    kind = message.byte(_HEADER_TYPE)
    if kind not in {_DICTIONARY_BATCH, _RECORD_BATCH}:
        return None
    batch = message.table(_HEADER)
    if kind == _DICTIONARY_BATCH and batch:
        batch = batch.table(_DATA)
    if batch is None:
        raise struct.error("a batch without content")
    return batch


def _size_of(batch: _Table, body: memoryview) -> int:
    total = 0
    is_compressed = batch.table(_COMPRESSION) is not None
    for offset, length in batch.pairs(_BUFFERS):
        size = length
        if is_compressed and length:
            if not 0 <= offset <= len(body):
                raise struct.error("a buffer outside of its body")
            stated = _I64.unpack_from(body, offset)[0]
            size = length if stated == -1 else stated  # -1: this buffer is stored as it is
        if size < 0:
            raise struct.error("a negative size")
        total += size
    return total


class _Table:
    """A flatbuffers table: its fields are found through its vtable."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self._start = start
        self._vtable = start - struct.unpack_from("<i", data, start)[0]
        if self._vtable < 0:
            raise struct.error("a table outside of its header")

    def _field(self, index: int) -> int | None:
        """Where a field is; None when it is absent."""
        size = struct.unpack_from("<H", self._data, self._vtable)[0]
        at = 4 + 2 * index
        if at + 2 > size:
            return None
        offset: int = struct.unpack_from("<H", self._data, self._vtable + at)[0]
        return self._start + offset if offset else None

    def byte(self, index: int) -> int:
        at = self._field(index)
        return 0 if at is None else int(struct.unpack_from("<B", self._data, at)[0])

    def long(self, index: int) -> int:
        at = self._field(index)
        found = 0 if at is None else int(_I64.unpack_from(self._data, at)[0])
        if found < 0:
            raise struct.error("a negative length")
        return found

    def table(self, index: int) -> _Table | None:
        at = self._field(index)
        return None if at is None else _Table(self._data, at + _u32(self._data, at))

    def pairs(self, index: int) -> list[tuple[int, int]]:
        """A vector of structs of two 64-bit integers."""
        at = self._field(index)
        if at is None:
            return []
        start = at + _u32(self._data, at)
        count = _u32(self._data, start)
        if count * 16 > len(self._data):
            raise struct.error("more buffers than the header has room for")
        return [struct.unpack_from("<qq", self._data, start + 4 + 16 * number) for number in range(count)]


def _u32(data: bytes, at: int) -> int:
    found: int = struct.unpack_from("<I", data, at)[0]
    return found
