"""The engine itself: the one importer of chDB.

Every statement runs on a connection of its own (opening and closing one costs 0.25 ms). A connection remembers
settings, parameters, the current database and, after a failure, half an answer that the *next* statement would receive;
a connection that serves one statement can leak none of them. One connection is held for as long as the engine runs,
because the last one to close ends it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chdb import _chdb

from deploy.local.engine.config import SESSION
from deploy.local.engine.errors import BadArgumentsError, EngineError

# The extension itself: the public module imports pyarrow on the way, which costs half a second and 60 MB.
_connect: Callable[[str], Any] = _chdb.connect  # type: ignore[attr-defined]
_NO_STREAM = "Streaming query is not supported"


@dataclass(frozen=True)
class Counts:
    """What a statement touched: rows and bytes read from tables, rows and bytes written, seconds taken."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    elapsed: float = 0.0


class Session:
    """One connection for one statement and for what must be asked before it; used by one thread at a time."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def set(self, settings: Mapping[str, str]) -> None:
        """Applies settings to this connection. Raises EngineError for an unknown name or a bad value."""
        if settings:
            self.query("SET " + ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items()))

    def use(self, database: str) -> None:
        """Makes a database the current one."""
        self.query(f"USE {quoted(database, '`')}")

    def query(
        self, sql: str, fmt: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> tuple[bytes, Counts]:
        """Runs one statement to its end; returns the encoded answer and what it touched."""
        try:
            result = self._handle.query(sql, fmt, params=dict(params or {}))
        except RuntimeError as error:
            raise EngineError.from_engine(error) from error
        return result.bytes(), _counts(result)

    def stream(self, sql: str, fmt: str, params: Mapping[str, str]) -> Iterator[tuple[bytes, Counts]] | None:
        """Runs a select and hands out its answer in chunks; None when the statement is of a kind that has no stream."""
        try:
            stream = self._handle.send_query(sql, fmt, params=dict(params))
        except RuntimeError as error:
            if _NO_STREAM in str(error):
                return None
            raise EngineError.from_engine(error) from error
        return self._chunks(stream)

    def _chunks(self, stream: Any) -> Iterator[tuple[bytes, Counts]]:
        while True:
            try:
                chunk = self._handle.streaming_fetch_result(stream)
            except RuntimeError as error:
                raise EngineError.from_engine(error) from error
            yield chunk.bytes(), _counts(chunk)
            if not chunk.size():
                return

    def insert(self, head: str, fmt: str, data: bytes) -> Counts:
        """Inserts encoded rows; when it returns they are written, when it raises none of one part are."""
        handle = None
        try:
            handle = self._handle.send_insert(head, fmt)
            self._handle.insert_append(handle, data)
            return _counts(self._handle.insert_done(handle))
        except RuntimeError as error:
            raise EngineError.from_engine(error) from error

    def classify(self, sql: str) -> tuple[str, int]:
        """The engine's class of the text (READ_ONLY, MUTATING, CONTROL, UNKNOWN) and how many statements it holds."""
        found = self._handle.classify_query(sql)
        return found["query_class"].name, found["statement_count"]


class Engine:
    """The open data folder. A second process that opens it gets ``Code: 76 … Cannot lock file``."""

    def __init__(self, path: Path, config: Path) -> None:
        """Opens or creates the folder with the given engine configuration; raises EngineError when it is locked."""
        for given in (path, config):
            if "?" in str(given) or "&" in str(given):
                raise BadArgumentsError(f"the engine cannot open {given}: choose a path without '?' and '&'")
        self._path = f"{path}?{'&'.join(f'{name}={value}' for name, value in SESSION.items())}"
        try:
            self._keeper = _connect(f"{path}?config-file={config}")
        except RuntimeError as error:
            raise EngineError.from_engine(error) from error

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A fresh connection, closed at the end whatever happened on it."""
        try:
            handle = _connect(self._path)
        except RuntimeError as error:
            raise EngineError.from_engine(error) from error
        try:
            yield Session(handle)
        finally:
            handle.close()

    def close(self) -> None:
        """Ends the engine once the sessions have ended."""
        self._keeper.close()


def quoted(value: str, quote: str = "'") -> str:
    """The value as a SQL literal, or as a quoted identifier."""
    escaped = value.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return f"{quote}{escaped}{quote}"


def _counts(result: Any) -> Counts:
    return Counts(
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        result_rows=result.rows_read(),
        elapsed=result.elapsed(),
    )
