"""Digest of what a unit's requests became: tells two contents of one unit apart. Pure.

Made of the rows' bytes, column by column: numbers as Arrow keeps them (little-endian), texts and lists by their lengths
and their values. No hash of a library that changes with its version, and no separator that a text may hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def digests(rows: pa.Table, ends: Sequence[int]) -> list[bytes]:
    """16 bytes per unit: SHA-256 of its rows, cut.

    Args:
        rows: of all units, each unit's together; numbers, texts and lists of numbers, none of them NULL.
        ends: where each unit's rows end, ascending; the last is the number of rows.
    """
    parts = [part for column in rows.columns for part in _parts(column.combine_chunks())]
    bounds = [0, *ends]
    cuts = [(values, starts[bounds].tolist()) for values, starts in parts]
    found = []
    for unit in range(len(ends)):
        digest = hashlib.sha256()
        for values, at in cuts:
            digest.update(values[at[unit] : at[unit + 1]])
        found.append(digest.digest()[:16])
    return found


def _parts(array: Any) -> list[tuple[memoryview, npt.NDArray[Any]]]:
    """(bytes, where each row's begin) of a column: its lengths and its values where rows differ in length."""
    if pa.types.is_string(array.type):
        starts, values, width = _starts(array), array.buffers()[2], 1
    elif pa.types.is_list(array.type):
        starts, values, width = _starts(array), array.values.buffers()[1], array.type.value_type.bit_width // 8
    else:
        if pa.types.is_timestamp(array.type):
            array = array.cast(pa.int64())
        return [_fixed(array.to_numpy())]
    return [_fixed(np.diff(starts)), (memoryview(values or b""), starts.astype(np.int64) * width)]


def _starts(array: Any) -> npt.NDArray[Any]:
    return np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, array.offset * 4)


def _fixed(values: npt.NDArray[Any]) -> tuple[memoryview, npt.NDArray[Any]]:
    return np.ascontiguousarray(values).data.cast("B"), np.arange(len(values) + 1) * values.itemsize
