"""One HTTP request, read: who asks, for which statement, with which data, settings and answer format."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from deploy.local.engine import settings, wire
from deploy.local.engine.config import DATABASE, Limits
from deploy.local.engine.credentials import Credentials, Role
from deploy.local.engine.errors import AccessDeniedError, AuthenticationError, BadArgumentsError
from deploy.local.engine.statement import Insert, answer_format, split_insert

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True)
class Asked:
    """A request ready to run.

    Attributes:
        role: whose credential it came with.
        sql: the statement; for an insert with data, empty.
        insert: the insert whose rows follow, or None.
        data: the encoded rows of that insert.
        format: the format of the answer.
        database: the database that unqualified names mean.
        whole: the answer is to be complete before its first byte leaves, with its counts in a header.
        safe: the method was GET: nothing may change.
        query_id: the caller's name for this statement.
        encoding: the content encoding of the answer, or None.
        transport: the interface's own words in the query string.
        params: values of ``{name:Type}``.
        settings: settings of the engine for this statement.
    """

    role: Role
    sql: str
    insert: Insert | None = None
    data: bytes = b""
    format: str = "TabSeparated"
    database: str = DATABASE
    whole: bool = False
    safe: bool = False
    query_id: str = ""
    encoding: str | None = None
    transport: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuses what a web page could make a browser send: a foreign Host (DNS rebinding) or any Origin.

    Raises:
        AccessDeniedError: with the header that was wrong.
    """
    host = headers.get("host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.lower() not in _LOOPBACK:
        raise AccessDeniedError(f"expected a Host of this machine ({', '.join(sorted(_LOOPBACK))}), got {host!r}")
    if "origin" in headers:
        raise AccessDeniedError("requests from web pages are refused: send no Origin header")


def authenticated(headers: Mapping[str, str], query: Mapping[str, str], credentials: Credentials) -> Role:
    """The role of the caller, by basic authentication, X-ClickHouse-User and -Key, or ?user= and ?password=.

    Raises:
        AuthenticationError: none of them, or a wrong one.
    """
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise AuthenticationError("the Authorization header is not base64 of user:password") from error
    elif "x-clickhouse-user" in headers:
        user, password = headers["x-clickhouse-user"], headers.get("x-clickhouse-key", "")
    else:
        user, password = query.get("user", ""), query.get("password", "")
    role = credentials.role_of(user, password)
    if role is None:
        raise AuthenticationError(
            f"{user or '(no user)'}: Authentication failed: expected writer or reader with the password of the "
            "credentials file in the data folder"
        )
    return role


def parse(role: Role, method: str, query: str, headers: Mapping[str, str], body: bytes, limits: Limits) -> Asked:  # noqa: PLR0917
    """Reads a request that came to ``/``, once its caller is known.

    Raises:
        EngineError: one of its kinds, for whatever is wrong with it.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    body = wire.decoded(body, headers.get("content-encoding", ""), limits.decoded_bytes)
    if headers.get("content-type", "").startswith("multipart/form-data"):
        pairs += wire.form_fields(body, headers["content-type"])
        body = b""
    words = settings.sort(pairs, role)
    transport = words.transport
    default = transport.get("default_format") or headers.get("x-clickhouse-format") or "TabSeparated"
    if not default.isalnum():
        raise BadArgumentsError(f"expected the name of a format, got {default!r}")
    sql, insert, data = _statement(transport.get("query", "").encode(), body)
    compressed = transport.get("enable_http_compression") in {"1", "true"}
    return Asked(
        role=role,
        sql=sql,
        insert=insert,
        data=data,
        format=answer_format(sql, default),
        database=transport.get("database") or headers.get("x-clickhouse-database") or DATABASE,
        whole=transport.get("wait_end_of_query") == "1",
        safe=method == "GET",
        query_id=transport.get("query_id", ""),
        encoding=wire.chosen_encoding(headers.get("accept-encoding", "")) if compressed else None,
        transport=transport,
        params=words.params,
        settings=words.settings,
    )


def _statement(text: bytes, body: bytes) -> tuple[str, Insert | None, bytes]:
    """The statement, or the insert and its rows; it may begin in the query string and end in the body."""
    try:
        insert = split_insert(text or body)
        if insert is not None:
            return "", insert, text[insert.data_at :] + body if text else body[insert.data_at :]
        sql = b"\n".join(part for part in (text, body) if part).decode()
    except UnicodeDecodeError as error:
        raise BadArgumentsError(f"expected a statement in UTF-8: {error}") from error
    if "\0" in sql:
        raise BadArgumentsError("expected a statement without zero bytes")
    return sql, None, b""
