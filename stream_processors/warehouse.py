"""The warehouse, seen by the processors: Arrow inserts, reads, retries. The one importer of clickhouse_connect here.

Every call runs on one thread that owns one client (a sync client is never shared between threads), off the event loop.
Overload and absence are waited out, as nothing has been acknowledged yet; anything else ends the process: crash, don't
skip. An insert whose answer was lost is sent again: rows are keyed by identity, so twice is once.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar
from urllib.parse import urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import Error, OperationalError

from schemas.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")

SETTINGS: dict[str, Any] = {
    # Identity makes rows idempotent; block deduplication would swallow a re-insert that a merge then needs.
    "insert_deduplicate": 0,
    # An acknowledged insert is in a part, not in a buffer.
    "async_insert": 0,
    # FINAL may work partition by partition: the partition is a function of the key in every table read with FINAL.
    "do_not_merge_across_partitions_select_final": 1,
}

TRANSIENT = frozenset({
    159,  # TIMEOUT_EXCEEDED
    160,  # TOO_SLOW
    164,  # READONLY
    202,  # TOO_MANY_SIMULTANEOUS_QUERIES
    209,  # SOCKET_TIMEOUT
    210,  # NETWORK_ERROR
    241,  # MEMORY_LIMIT_EXCEEDED
    242,  # TABLE_IS_READ_ONLY
    243,  # NOT_ENOUGH_SPACE
    252,  # TOO_MANY_PARTS
    319,  # UNKNOWN_STATUS_OF_INSERT
    425,  # SYSTEM_ERROR
    999,  # KEEPER_EXCEPTION
})  # fmt: skip
"""ClickHouse error codes that pass by themselves, or once somebody mended the server."""

LONGEST_PAUSE = 15.0

PARAMETER_BYTES = 100_000
"""ClickHouse's HTTP interface refuses a parameter of more than 128 KiB (`http_max_field_value_size`)."""


def fitting(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in lists that each fit into one parameter of a statement."""
    part: list[T] = []
    size = 0
    for value in values:
        width = len(repr(value).encode()) + len(", ")
        if part and size + width > PARAMETER_BYTES:
            yield part
            part, size = [], 0
        part.append(value)
        size += width
    if part:
        yield part


_Call = tuple[Future[Any], Callable[[], Any]]


class WarehouseClosedError(Exception):
    """The worker stops while it waits for the warehouse."""


class Warehouse:
    """One ClickHouse database, written and read from one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Any = None
        self._closing = threading.Event()
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        # A daemon, so that a process which stops does not wait for a server that hangs: nothing of it is acknowledged.
        threading.Thread(target=self._run, name="warehouse", daemon=True).start()

    async def insert(self, table: str, rows: pa.Table) -> None:
        """Insert rows; returns when they are durable. An empty table is no call."""
        if rows.num_rows:
            await self._call(f"insert into {table}", lambda client: client.insert_arrow(table, rows))

    async def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that returns nothing."""
        # `command` puts its parameters into the address, where thousands of slices do not fit; this one posts a form.
        await self._call("command", lambda client: client.raw_query(sql, parameters=parameters))

    async def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        """All rows of a query, Python values."""
        return await self._call("query", lambda client: client.query(sql, parameters=parameters).result_rows)

    async def close(self) -> None:
        """Let the thread end: a wait for an absent server is cut short, a call under way ends within its time-out."""
        self._closing.set()
        self._calls.put(None)

    async def _call(self, what: str, call: Callable[[Any], T]) -> T:
        if self._closing.is_set():
            raise WarehouseClosedError(f"{what}: not begun, as the worker is stopping; nothing was acknowledged")
        answer: Future[T] = Future()
        self._calls.put((answer, lambda: self._until_done(what, call)))
        return await asyncio.wrap_future(answer)

    def _run(self) -> None:
        while (one := self._calls.get()) is not None:
            answer, call = one
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(call())
                except BaseException as error:  # noqa: BLE001 - handed to whoever waits for it
                    answer.set_exception(error)
        self._drop()

    def _until_done(self, what: str, call: Callable[[Any], T]) -> T:
        pause = 0.1
        while True:
            try:
                if self._client is None:
                    self._client = connect(self._settings)
                return call(self._client)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("%s: the warehouse is away or overloaded, again in %.1f s: %s", what, pause, _short(error))
                self._drop()
            if self._closing.wait(pause):
                raise WarehouseClosedError(f"{what}: not done, as the worker is stopping; nothing was acknowledged")
            pause = min(pause * 2, LONGEST_PAUSE)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def connect(settings: Settings, *, database: str | None = None) -> Any:
    """A client of the writer. `database` overrides the configured one (migrations begin before it exists)."""
    address = urlsplit(settings.clickhouse_url)
    return clickhouse_connect.get_client(
        host=address.hostname,
        port=address.port or 8123,
        interface=address.scheme,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
        database=settings.clickhouse_database if database is None else database,
        settings=SETTINGS,
        connect_timeout=5,
        send_receive_timeout=settings.clickhouse_timeout,
        # A session serialises its queries on the server, and one that was cut off stays locked.
        autogenerate_session_id=False,
        query_retries=0,
        # Instants with a zone, as everywhere in this code; the driver's default drops it.
        tz_mode="aware",
    )


def is_transient(error: Exception) -> bool:
    """True for absence and overload: what waiting can mend. Reads the error's code, not its prose."""
    if not isinstance(error, Error):
        return isinstance(error, OSError)
    if error.code is not None:
        return error.code in TRANSIENT
    # No code: no answer came (the driver's OperationalError), or it came from a proxy in front of the server.
    return isinstance(error, OperationalError) or bool(re.search(r"\b(408|429|500|502|503|504)\b", str(error)))


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
