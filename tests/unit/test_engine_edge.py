"""The pure parts of the engine's HTTP edge: what a statement is, what a request asks for, what is refused unread."""

import asyncio
import gzip
import stat
import zlib
from collections.abc import Mapping
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd

from deploy.local.engine import credentials, hello, settings, wire
from deploy.local.engine.config import Limits
from deploy.local.engine.credentials import Credentials
from deploy.local.engine.errors import (
    AccessDeniedError,
    AuthenticationError,
    BadArgumentsError,
    EngineError,
    ReadOnlyError,
    TooBusyError,
    TooLargeError,
)
from deploy.local.engine.lanes import Lane
from deploy.local.engine.request import authenticated, check_origin, parse
from deploy.local.engine.statement import Insert, answer_format, split_insert

KNOWN = Credentials(writer="w", reader="r")


@pytest.mark.parametrize(
    ("text", "head", "fmt", "data"),
    [
        (b"INSERT INTO t FORMAT TSV\n1\t2\n", "INSERT INTO t ", "TSV", b"1\t2\n"),
        (b"insert into t (`a b`, c) format Native\r\n\x00\xff", "insert into t (`a b`, c) ", "Native", b"\x00\xff"),
        (b'INSERT INTO t FORMAT JSONEachRow {"a":1}', "INSERT INTO t ", "JSONEachRow", b'{"a":1}'),
        (
            b"INSERT INTO t SETTINGS async_insert = 0 FORMAT CSV\n\n1",
            "INSERT INTO t SETTINGS async_insert = 0 ",
            "CSV",
            b"\n1",
        ),
        (
            b"-- FORMAT of old\nINSERT INTO t /* FORMAT */ FORMAT CSV",
            "-- FORMAT of old\nINSERT INTO t /* FORMAT */ ",
            "CSV",
            b"",
        ),
        (b'INSERT INTO `FORMAT x` ("FORMAT") FORMAT CSV\n1', 'INSERT INTO `FORMAT x` ("FORMAT") ', "CSV", b"1"),
        (b"INSERT INTO t (format, a) FORMAT CSV\n1", "INSERT INTO t (format, a) ", "CSV", b"1"),
    ],
)
def test_an_insert_is_split_from_its_rows(text: bytes, head: str, fmt: str, data: bytes) -> None:
    insert = split_insert(text)
    assert insert == Insert(head, fmt, len(text) - len(data))
    assert text[insert.data_at :] == data


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"SELECT 1 FORMAT TSV",
        b"INSERT INTO t VALUES (1)",
        b"INSERT INTO t FORMAT Values (1)",
        b"INSERT INTO t SELECT 1 FORMAT TSV",
        b"INSERT INTO t (a) WITH 1 AS x SELECT x",
        b"INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        b"INSERT INTO t; SELECT 1 FORMAT CSV",
        b"INSERT INTO t FORMAT",
    ],
)
def test_what_the_engine_must_take_whole_is_not_split(text: bytes) -> None:
    assert split_insert(text) is None


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "TabSeparated"),
        ("SELECT 1 FORMAT Native", "Native"),
        ("select 1 format JSON settings max_threads = 1", "JSON"),
        ("SELECT 1\n FORMAT CSV ;\n", "CSV"),
        ("SELECT 'FORMAT CSV'", "TabSeparated"),
        ("SELECT format FROM t", "TabSeparated"),
    ],
)
def test_the_format_of_an_answer(sql: str, expected: str) -> None:
    assert answer_format(sql, "TabSeparated") == expected


def test_a_query_string_is_sorted() -> None:
    asked = settings.sort([("database", "d"), ("param_x", "1"), ("max_threads", "2"), ("query_id", "q")], "writer")
    assert asked.transport == {"database": "d", "query_id": "q"}
    assert (asked.params, asked.settings) == ({"x": "1"}, {"max_threads": "2"})


def test_a_reader_sets_what_shapes_an_answer_and_no_more() -> None:
    asked = settings.sort([("session_timezone", "UTC"), ("max_execution_time", "60")], "reader")
    assert asked.settings == {"session_timezone": "UTC"}
    with pytest.raises(ReadOnlyError, match="output_format_schema"):
        settings.sort([("output_format_schema", "/tmp/x")], "reader")


@pytest.mark.parametrize("name", ["a b", "x;y", "x'", "", "a.b", "x=1, readonly"])
def test_a_setting_has_the_name_of_one(name: str) -> None:
    with pytest.raises(BadArgumentsError, match="name of a setting"):
        settings.sort([(name, "1")], "writer")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8123", "localhost:1", "[::1]:8123", "[::1]", "LOCALHOST"])
def test_hosts_of_this_machine(host: str) -> None:
    check_origin({"host": host})


@pytest.mark.parametrize(
    "headers",
    [{}, {"host": ""}, {"host": "evil.example"}, {"host": "127.0.0.1.evil"}, {"host": "localhost", "origin": "null"}],
)
def test_other_hosts_and_any_origin_are_refused(headers: Mapping[str, str]) -> None:
    with pytest.raises(AccessDeniedError):
        check_origin(headers)


def test_roles() -> None:
    assert authenticated({"authorization": "Basic d3JpdGVyOnc="}, {}, KNOWN) == "writer"
    assert authenticated({"x-clickhouse-user": "reader", "x-clickhouse-key": "r"}, {}, KNOWN) == "reader"
    assert authenticated({}, {"user": "reader", "password": "r"}, KNOWN) == "reader"
    for headers in ({}, {"authorization": "Basic !"}, {"authorization": "Bearer w"}, {"x-clickhouse-user": "writer"}):
        with pytest.raises(AuthenticationError):
            authenticated(headers, {}, KNOWN)


def test_a_wrong_header_is_not_saved_by_a_right_query_string() -> None:
    with pytest.raises(AuthenticationError):
        authenticated({"x-clickhouse-user": "writer"}, {"user": "writer", "password": "w"}, KNOWN)


def test_an_insert_with_the_statement_in_the_query_string_keeps_its_body() -> None:
    asked = parse("writer", "POST", "query=INSERT+INTO+t+FORMAT+Arrow&database=d", {}, b"ARROW1", Limits())
    assert asked.insert is not None
    assert (asked.insert.format, asked.data, asked.database) == ("Arrow", b"ARROW1", "d")


def test_a_form_carries_statement_and_parameters() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {a:String}\r\n'
        b'--x\r\nContent-Disposition: form-data; name="param_a"\r\n\r\nline\r\n--y\r\n--x--\r\n'
    )
    asked = parse("reader", "POST", "", {"content-type": "multipart/form-data; boundary=x"}, body, Limits())
    assert (asked.sql, asked.params) == ("SELECT {a:String}", {"a": "line\r\n--y"})


def test_a_file_in_a_form_is_refused() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n1\r\n--x--\r\n'
    with pytest.raises(BadArgumentsError, match="got a file"):
        wire.form_fields(body, "multipart/form-data; boundary=x")


@pytest.mark.parametrize("encoding", wire.ENCODINGS)
def test_what_is_encoded_decodes(encoding: str) -> None:
    encoder = wire.compressor(encoding)
    encoded = encoder.compress(b"one") + encoder.compress(b"two" * 1000) + encoder.flush()
    assert wire.decoded(encoded, encoding, 1 << 20) == b"one" + b"two" * 1000
    empty = wire.compressor(encoding)
    assert wire.decoded(empty.compress(b"") + empty.flush(), encoding, 1 << 20) == b""


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("lz4", lz4.frame.compress), ("zstd", zstd.compress), ("gzip", gzip.compress), ("deflate", zlib.compress)],
)
def test_decoding_is_bounded_and_whole(encoding: str, compress: object) -> None:
    assert callable(compress)
    bomb = compress(bytes(10_000_000))
    with pytest.raises(TooLargeError):
        wire.decoded(bomb, encoding, 1_000_000)
    with pytest.raises(BadArgumentsError, match="cut on the way"):
        wire.decoded(compress(b"rows" * 1000)[:-6], encoding, 1 << 20)
    assert wire.decoded(compress(b"a") + compress(b"b"), encoding, 1 << 20) == b"ab", "frames may follow each other"


def test_the_cheapest_encoding_offered_is_chosen() -> None:
    assert wire.chosen_encoding("gzip, deflate, zstd;q=0.5, br") == "zstd"
    assert wire.chosen_encoding("lz4,zstd,gzip") == "lz4"
    assert wire.chosen_encoding("br") is None


def test_engine_text_becomes_a_typed_error() -> None:
    error = EngineError.from_engine(
        RuntimeError("Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE) (version 26.9.2.1)")
    )
    assert (error.code, error.name, error.status) == (60, "UNKNOWN_TABLE", 404)
    assert error.body() == "Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE)\n"
    assert EngineError.from_engine(RuntimeError("what?")).code == 1002


def test_the_greeting_of_the_go_driver_byte_by_byte() -> None:
    assert hello.answer("me", "26.9", "UTC") == (
        b"\x01\x00\x02\xff\xff\xff\xff\x00"  # BlockInfo
        b"\x04\x01"  # four columns, one row
        b"\x0ddisplayName()\x06String\x00\x02me"
        b"\x09version()\x06String\x00\x0426.9"
        b"\x0arevision()\x06UInt32\x00\x00\x00\x00\x00"
        b"\x0atimezone()\x06String\x00\x03UTC"
    )
    ask = "SELECT displayName(), version(), revision(), timezone()"
    assert hello.is_hello(ask, {"client_protocol_version": "54479"})
    assert not hello.is_hello(ask, {})
    assert not hello.is_hello("SELECT version()", {"client_protocol_version": "54479"})


def test_credentials_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "credentials.json"
    made = credentials.load_or_create(path)
    assert credentials.load_or_create(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.writer != made.reader
    assert made.role_of("writer", made.writer) == "writer"
    assert made.role_of("writer", made.reader) is None


def test_a_spoilt_credentials_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match="remove it to make new ones"):
        credentials.load_or_create(path)


def test_a_full_lane_refuses_at_once() -> None:
    async def scenario() -> None:
        lane = Lane("reader", slots=1, waiting=1)
        with lane.place(), lane.place(), pytest.raises(TooBusyError), lane.place():
            pass
        with lane.place():
            assert await lane.run(lambda: 7) == 7

    asyncio.run(scenario())
