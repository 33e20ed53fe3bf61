"""The warehouse, seen by reports: named views, read only. The one importer of clickhouse_connect on the read side.

Reads with the reader's credential where there is one, so that a report can do nothing that a dashboard could not.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.settings import Settings

# The driver also prints what it raises.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())

_UNKNOWN_TABLE, _UNKNOWN_DATABASE, _UNKNOWN_FUNCTION = 60, 81, 46


class WarehouseError(Exception):
    """The warehouse did not answer, or lacks what a report reads; the message says what to do."""


@dataclass(frozen=True)
class Table:
    """An answer: names of the columns, and rows of Python values (instants in UTC, NULL as None)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def named(self) -> tuple[dict[str, Any], ...]:
        """The rows, their values under the columns' names."""
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)


class Warehouse:
    """One ClickHouse database, read."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Table:
        """The answer to a SELECT over views; `{name:Type}` in it is filled by the server from `parameters`.

        Raises:
            WarehouseError: it failed.
        """
        try:
            answer = self._client.query(sql, parameters=dict(parameters or {}))
        except ClickHouseError as error:
            if error.code in {_UNKNOWN_TABLE, _UNKNOWN_DATABASE, _UNKNOWN_FUNCTION}:
                raise WarehouseError(
                    f"the warehouse lacks a view that this report reads: run adoption migrate\n{error}"
                ) from error
            raise WarehouseError(
                f"the warehouse gave no answer: {error}\nIf it took too long, narrow the report (--since) or raise "
                "ADOPTION_CLICKHOUSE_TIMEOUT"
            ) from error
        return Table(tuple(answer.column_names), tuple(tuple(row) for row in answer.result_rows))


@contextmanager
def connect(settings: Settings, *, as_writer: bool = False) -> Iterator[Warehouse]:
    """A connection of the reader's, closed on leaving; of the writer's for what readers may not see (dead letters).

    Raises:
        WarehouseError: nothing answers at the address, or it does not know the user.
    """
    reader = settings.clickhouse_reader_user is not None and not as_writer
    user = settings.clickhouse_reader_user if reader else settings.clickhouse_user
    password = settings.clickhouse_reader_password if reader else settings.clickhouse_password
    address = urlsplit(settings.clickhouse_url)
    try:
        client: Any = clickhouse_connect.get_client(
            host=address.hostname,
            port=address.port or (8443 if address.scheme == "https" else 8123),
            interface=address.scheme,
            username=user,
            password=password.get_secret_value(),
            database=settings.clickhouse_database,
            # FINAL works partition by partition (the partition is a function of the key); in a view it has no effect.
            settings={"do_not_merge_across_partitions_select_final": 1},
            connect_timeout=5,
            send_receive_timeout=settings.clickhouse_timeout,
            autogenerate_session_id=False,
            tz_mode="aware",
        )
    except ClickHouseError as error:
        raise WarehouseError(
            f"no ClickHouse answers at {settings.clickhouse_url} for user {user}: start the stack (adoption up), or "
            f"set ADOPTION_CLICKHOUSE_URL\n{error}"
        ) from error
    try:
        yield Warehouse(client)
    finally:
        client.close()
