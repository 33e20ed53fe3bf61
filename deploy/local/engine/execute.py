"""Runs one request against the engine: settings, gate, then the statement, on a connection of its own.

Everything here blocks and runs on a thread of a lane. An answer is either whole, with its counts, or a stream of chunks
whose connection stays open until it is closed.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from deploy.local.engine import hello
from deploy.local.engine.config import DATABASE, Limits
from deploy.local.engine.connection import Counts, Engine, Session
from deploy.local.engine.errors import AccessDeniedError, BadArgumentsError, ReadOnlyError
from deploy.local.engine.gate import Gate
from deploy.local.engine.request import Asked
from deploy.local.engine.statement import CONCATENABLE

# The client's own database does not exist before the first migration has made it.
_ALWAYS_THERE = "default"


@dataclass
class Answer:
    """What goes back: a body with its counts, or a first chunk and the rest of a stream.

    Attributes:
        body: the whole answer, or its first chunk.
        counts: what the statement touched, when the answer is whole.
        rest: further chunks, or None when the body is all.
        resources: the connection, to be closed after the last chunk.
    """

    body: bytes
    counts: Counts | None
    rest: Iterator[bytes] | None
    resources: ExitStack


class Executor:
    """Runs requests of both roles."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        with engine.session() as session:
            self._gate = Gate.of(session)
            identity = session.query("SELECT displayName(), version(), timezone()", "TSVRaw")[0]
        self.name, self.version, self.timezone = identity.decode().rstrip("\n").split("\t")

    def run(self, asked: Asked) -> Answer:
        """Runs one request until its answer is whole, or its first chunk is there.

        Raises:
            EngineError: refused, or failed in the engine.
        """
        if asked.insert is None and not asked.sql.strip():
            raise BadArgumentsError("expected a statement in ?query= or in the body, got none")
        if asked.insert is None and hello.is_hello(asked.sql, asked.transport):
            return Answer(hello.answer(self.name, self.version, self.timezone), Counts(), None, ExitStack())
        with ExitStack() as resources:
            session = resources.enter_context(self._engine.session())
            answer = self._answer(session, asked)
            answer.resources = resources.pop_all()
            return answer

    def _answer(self, session: Session, asked: Asked) -> Answer:
        self._prepare(session, asked)
        if asked.insert is not None:
            counts = session.insert(asked.insert.head, asked.insert.format, asked.data)
            return Answer(b"", counts, None, ExitStack())
        if not asked.whole and asked.format in CONCATENABLE:
            stream = session.stream(asked.sql, asked.format, asked.params)
            if stream is not None:
                return _begun(stream)
        body, counts = session.query(asked.sql, asked.format, asked.params)
        return Answer(body, counts, None, ExitStack())

    def _prepare(self, session: Session, asked: Asked) -> None:
        database = asked.database
        if asked.role == "reader" and database not in {DATABASE, _ALWAYS_THERE}:
            raise AccessDeniedError(f"a reader reads the database {DATABASE}, not {database}")
        if database != _ALWAYS_THERE and not self._is_missing(session, database):
            session.use(database)
        session.set(asked.settings)
        if asked.role == "reader":
            session.set(self._limits.reader_settings())
            if asked.insert is not None:
                raise ReadOnlyError("Cannot execute query in readonly mode: a reader cannot INSERT")
            self._gate.check(session, asked.sql, asked.params)
        elif asked.safe and (asked.insert is not None or session.classify(asked.sql)[0] == "MUTATING"):
            raise ReadOnlyError(
                "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly"
            )

    def _is_missing(self, session: Session, database: str) -> bool:
        # Any other name is an error of the caller, and the engine says so at USE.
        return database == DATABASE and session.query(f"EXISTS DATABASE {DATABASE}")[0] == b"0\n"


def _begun(stream: Iterator[tuple[bytes, Counts]]) -> Answer:
    """Reads two chunks ahead: most answers are one chunk and an end, and can carry their counts after all."""
    body, counts = next(stream)
    second, more = next(stream, (b"", Counts()))
    if second:
        return Answer(body, None, (chunk for chunk in _then(second, stream)), ExitStack())
    return Answer(body, replace(counts, read_rows=counts.read_rows + more.read_rows), None, ExitStack())


def _then(second: bytes, stream: Iterator[tuple[bytes, Counts]]) -> Iterator[bytes]:
    yield second
    for chunk, _ in stream:
        yield chunk
