"""The reader's gate: decides, before a statement runs, whether a reader may run it.

``readonly=1`` alone is no sandbox: it lets ``file('/etc/passwd')``, ``INTO OUTFILE``, ``KILL QUERY`` and
``system.processes`` through. So the engine is asked what the text is (one read-only statement), then for its two trees,
and both are held against lists. The syntax tree covers every kind of statement but leaves out what ``COLUMNS(…) APPLY``
does; the query tree is what the analyser starts from, so nothing of a SELECT can be missing there. Rules look at single
names and not at where they stand: a line break inside a quoted alias can add lines to a tree, never remove one, so it
can only make the gate refuse more.
"""

import re
from dataclasses import dataclass

from deploy.local.engine.config import DATABASE
from deploy.local.engine.connection import Session, quoted
from deploy.local.engine.errors import AccessDeniedError, ReadOnlyError
from schemas.clickhouse import NOT_FOR_READERS

_MAY = "a reader may SELECT, DESCRIBE and SHOW TABLES"
_SELECTS = ("SelectWithUnionQuery", "SelectIntersectExceptQuery")
_OTHERS = ("DescribeQuery", "ShowTables")
# What clients ask about the tables they are to read: clickhouse-connect's hello, Grafana's query builder.
_SYSTEM_TABLES = frozenset(
    f"system.{name}" for name in ("settings", "databases", "tables", "columns", "functions", "one", "numbers")
)
_SAFE_TABLE_FUNCTIONS = frozenset({"numbers", "numbers_mt", "generateseries", "generate_series", "values", "view"})
_UNSAFE_FUNCTIONS = frozenset(
    {
        "catboostevaluate",
        "currentrequesturl",
        "file",
        "filesystemavailable",
        "filesystemcapacity",
        "filesystemunreserved",
        "fuzzquery",
        "getclienthttpheader",
        "getmacro",
        "getoskernelversion",
        "getserversetting",
        "hascolumnintable",
        "joinget",
        "joingetornull",
        "reversednsquery",
        "serveruuid",
        "showcertificate",
        "sleep",
        "sleepeachrow",
    }
)
_SYNTAX = re.compile(r"^ *(Function|TableIdentifier|Identifier|ColumnsApplyTransformer)(?: ([^\s,]+))?", re.MULTILINE)
_QUERY = re.compile(r"\b(table_function_name|function_name|identifier): ([^\s,]+)")
# chDB looks the argument up among the variables of this process, even to explain the statement, and imports pandas for
# that (seconds, 90 MB): so before anything is asked of the engine.
_PYTHON = re.compile(r"\bpython[`\"\s]*\(", re.IGNORECASE)
# The clause that would encode the query tree. Nothing but the last clause is cut: what is cut is never looked at.
_FORMAT = re.compile(r"\bFORMAT\s+\w+\s*;?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Gate:
    """The lists a statement is held against; names of functions in lower case.

    Attributes:
        functions: functions no reader may call.
        table_functions: functions that stand for a table a reader may not read.
    """

    functions: frozenset[str]
    table_functions: frozenset[str]

    @classmethod
    def of(cls, session: Session) -> "Gate":
        """Builds the lists from the engine's own catalogue, so that what a new version adds is refused at first."""
        plain = _column(session, "SELECT lower(name) FROM system.functions")
        unsafe = _column(
            session,
            "SELECT lower(name) FROM system.functions WHERE categories IN "
            "('AI', 'Introspection', 'Embedded Dictionary', 'Machine Learning')",
        )
        tables = _column(session, "SELECT lower(name) FROM system.table_functions")
        return cls(
            functions=_UNSAFE_FUNCTIONS | unsafe,
            table_functions=tables - plain - _SAFE_TABLE_FUNCTIONS,
        )

    def check(self, session: Session, sql: str, params: dict[str, str]) -> None:
        """Lets the statement pass, or raises. The session should be read-only already.

        Raises:
            ReadOnlyError: not exactly one read-only statement.
            AccessDeniedError: it reaches for a function, a table or a database that is not the reader's.
            EngineError: the engine cannot parse it.
        """
        if _PYTHON.search(sql):
            raise AccessDeniedError("function python is not available to a reader")
        kind, statements = session.classify(sql)
        if statements > 1:
            raise ReadOnlyError(f"a reader sends one statement at a time, got {statements}")
        if kind not in {"READ_ONLY", "UNKNOWN"}:
            raise ReadOnlyError(f"Cannot execute query in readonly mode: {_MAY}")
        # Text that does not parse is UNKNOWN; this raises the engine's own message about it.
        syntax = session.query(f"EXPLAIN AST {sql}", "TSVRaw", params)[0].decode(errors="replace")
        if kind == "UNKNOWN" or not syntax.startswith(_SELECTS + _OTHERS):
            raise AccessDeniedError(f"{_MAY}, got {syntax.split(' ')[0]}")
        dotted = self.check_syntax(syntax)
        if syntax.startswith(_SELECTS):
            bare = _FORMAT.sub("", sql)
            tree = session.query(f"EXPLAIN QUERY TREE run_passes = 0 {bare}", "TSVRaw", params)[0]
            dotted |= self.check_query(tree.decode(errors="replace"), self._views_with_parameters(session, tree))
        if dotted:
            # alias.column, unless the first part is a database: then it is a table on the right side of IN.
            names = ", ".join(quoted(name) for name in sorted(dotted))
            for name in _column(session, f"SELECT name FROM system.databases WHERE name IN ({names})"):
                raise AccessDeniedError(f"a reader reads the database {DATABASE}, not {name}")

    def check_syntax(self, tree: str) -> set[str]:
        """Holds the output of ``EXPLAIN AST`` against the lists.

        Returns the first parts of dotted names that are not ours; raises AccessDeniedError at the first name refused.
        """
        dotted = set()
        for kind, name in _SYNTAX.findall(tree):
            if kind == "ColumnsApplyTransformer":
                raise AccessDeniedError("COLUMNS(…) APPLY is not available to a reader: name the columns")
            if kind == "Function":
                self._check_function(name, self.functions | self.table_functions)
                # A view with parameters of another database, which DESCRIBE would show.
                dotted |= self._check_identifier(name) if "." in name else set()
            elif kind == "TableIdentifier" and "." in name and not _is_open(name):
                raise AccessDeniedError(f"a reader reads the database {DATABASE}, not {name}")
            else:
                dotted |= self._check_identifier(name)
        return dotted

    def _views_with_parameters(self, session: Session, tree: bytes) -> frozenset[str]:
        """Names of the product's views that are called like table functions: ``velocity_range(from = …, to = …)``."""
        if b"table_function_name" not in tree:
            return frozenset()
        views = _column(
            session,
            f"SELECT name FROM system.tables WHERE database = {quoted(DATABASE)} "
            "AND notEmpty(parameterized_view_parameters)",
        )
        # A bare name that is also a table function's means the function; after the database it can only be the view.
        bare = {name for name in views if name.lower() not in self.table_functions}
        return frozenset(bare | {f"{DATABASE}.{name}" for name in views})

    def check_query(self, tree: str, views: frozenset[str] = frozenset()) -> set[str]:
        """Holds the output of ``EXPLAIN QUERY TREE`` against the lists; returns and raises likewise.

        Args:
            tree: the output.
            views: names that may stand where a table function stands.
        """
        if not tree.startswith(("QUERY id: 0", "UNION id: 0")):
            raise AccessDeniedError("the statement could not be examined: put FORMAT last, and after it no SETTINGS")
        dotted = set()
        for kind, name in _QUERY.findall(tree):
            if kind == "table_function_name" and name.lower() not in _SAFE_TABLE_FUNCTIONS and name not in views:
                raise AccessDeniedError(f"table function {name} is not available to a reader")
            if kind == "function_name":
                self._check_function(name, self.functions)
            if kind == "identifier":
                dotted |= self._check_identifier(name)
        return dotted

    def _check_function(self, name: str, refused: frozenset[str]) -> None:
        if name.lower() in refused:
            raise AccessDeniedError(f"function {name} is not available to a reader")

    def _check_identifier(self, name: str) -> set[str]:
        if not NOT_FOR_READERS.isdisjoint(name.split(".")):
            raise AccessDeniedError(f"{name} holds records as they came, which a reader may not read")
        if "." not in name:
            # arrayMap(file, …) names a function without calling it.
            self._check_function(name, self.functions)
            return set()
        return set() if _is_open(name) else {name.split(".", maxsplit=1)[0]}


def _is_open(name: str) -> bool:
    parts = name.split(".")
    return parts[0] == DATABASE or ".".join(parts[:2]) in _SYSTEM_TABLES


def _column(session: Session, sql: str) -> frozenset[str]:
    return frozenset(session.query(sql, "TSVRaw")[0].decode().split("\n")[:-1])
