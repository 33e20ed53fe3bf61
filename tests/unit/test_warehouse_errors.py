"""What is waited out, and what ends the worker: absence and overload pass, a wrong statement does not."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError

from stream_processors.warehouse import is_transient


def answered(code: int, text: str = "") -> DatabaseError:
    """An error with the code that the server sent."""
    error = DatabaseError(text or f"Code: {code}. DB::Exception: …")
    error.code = code
    return error


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        # no answer
        (ConnectionRefusedError("refused"), True),
        (TimeoutError("timed out"), True),
        (OSError(28, "No space left on device"), True),
        (OperationalError("Error HTTPConnectionPool: Max retries exceeded"), True),
        # from a proxy in front of the server
        (DatabaseError("HTTP driver received HTTP status 503"), True),
        (DatabaseError("HTTP driver received HTTP status 429"), True),
        (DatabaseError("HTTP driver received HTTP status 404"), False),
        # the server is busy, full, read-only, or restarting
        (answered(159), True),
        (answered(202), True),
        (answered(241), True),
        (answered(243), True),
        (answered(252), True),
        (answered(999), True),
        # the server says no
        (answered(16), False),  # NO_SUCH_COLUMN_IN_TABLE
        (answered(60), False),  # UNKNOWN_TABLE
        (answered(62), False),  # SYNTAX_ERROR
        (answered(516), False),  # AUTHENTICATION_FAILED
        # ... whatever numbers its text holds
        (answered(60, "Code: 60. Table t_503 does not exist"), False),
        # ours
        (ProgrammingError("no such column"), False),
        (ValueError("not a timestamp"), False),
        (KeyError("unit"), False),
    ],
    ids=repr,
)
def test_what_waiting_can_mend(error: Exception, waits: bool) -> None:
    assert is_transient(error) is waits
