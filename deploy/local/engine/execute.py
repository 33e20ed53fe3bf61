"""Runs one request against the engine: settings, gate, then the statement, on a connection of its own.

Everything here blocks and runs on a thread of a lane. An answer is either whole, with its counts, or a stream of
chunks whose connection stays open until the caller closes it.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain

from deploy.local.engine import hello
from deploy.local.engine.config import DATABASE, Limits
from deploy.local.engine.connection import Counts, Engine, Session
from deploy.local.engine.errors import AccessDeniedError, BadArgumentsError, EngineError, ReadOnlyError
from deploy.local.engine.gate import Gate
from deploy.local.engine.request import Asked
from deploy.local.engine.statement import CONCATENABLE


@dataclass(frozen=True)
class Answer:
    """What goes back: a body with its counts, or a first chunk and the rest of a stream.

    Attributes:
        body: the whole answer, or its first chunk.
        counts: what the statement touched, when the answer is whole.
        rest: further chunks, or None when the body is all.
    """

    body: bytes
    counts: Counts | None
    rest: Iterator[bytes] | None = None


class Executor:
    """Runs requests of both roles."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        with engine.session() as session:
            session.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
            self._gate = Gate.of(session)
            identity = session.query("SELECT displayName(), version(), timezone()", "TSVRaw")[0]
        self.name, self.version, self.timezone = identity.decode().rstrip("\n").split("\t")

    def run(self, asked: Asked, resources: ExitStack) -> Answer:
        """Runs one request until its answer is whole, or its first chunk is there.

        The connection is put on ``resources``; the caller closes it after the last chunk.

        Raises:
            EngineError: refused, or failed in the engine.
        """
        if asked.insert is None and not asked.sql.strip():
            raise BadArgumentsError("expected a statement in ?query= or in the body, got none")
        if asked.insert is None and hello.is_hello(asked.sql, asked.transport):
            return Answer(hello.answer(self.name, self.version, self.timezone), Counts())
        session = resources.enter_context(self._engine.session())
        session.use(_database(asked))
        session.set(asked.settings)
        self._permit(session, asked)
        if asked.insert is not None:
            return Answer(b"", session.insert(asked.insert.head, asked.insert.format, asked.data))
        if not asked.whole and asked.format in CONCATENABLE:
            stream = session.stream(asked.sql, asked.format, asked.params)
            if stream is not None:
                return _begun(stream)
        return Answer(*session.query(asked.sql, asked.format, asked.params))

    def _permit(self, session: Session, asked: Asked) -> None:
        """Holds the statement against what its caller may do; leaves a reader's session read-only and limited."""
        if asked.role == "reader":
            if asked.insert is not None:
                raise ReadOnlyError("Cannot execute query in readonly mode: a reader cannot INSERT")
            session.set(self._limits.reader_settings())
            self._gate.check(session, asked.sql, asked.params)
            return
        kind, statements = ("MUTATING", 1) if asked.insert else session.classify(asked.sql)
        if statements > 1:
            # The engine would run them; a ClickHouse server would not, and both should behave alike.
            raise EngineError(62, "SYNTAX_ERROR", f"Multi-statements are not allowed: expected one, got {statements}")
        if asked.safe and kind not in {"READ_ONLY", "UNKNOWN"}:
            raise ReadOnlyError("Cannot execute query in readonly mode: over GET nothing is changed, use POST")


def _database(asked: Asked) -> str:
    if asked.role == "writer":
        return asked.database
    # Clients name "default" when nothing is configured. In process it is an overlay of the file system, where any path
    # is a table, so a reader never gets there.
    if asked.database not in {DATABASE, "default"}:
        raise AccessDeniedError(f"a reader reads the database {DATABASE}, not {asked.database}")
    return DATABASE


def _begun(stream: Iterator[tuple[bytes, Counts]]) -> Answer:
    """Reads two chunks ahead: most answers are one chunk and an end, and can carry their counts after all."""
    body, counts = next(stream)
    second, more = next(stream, (b"", Counts()))
    if second:
        return Answer(body, None, chain([second], (chunk for chunk, _ in stream)))
    return Answer(body, replace(counts, read_rows=counts.read_rows + more.read_rows))
