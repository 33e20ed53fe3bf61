"""clickhouse-connect, unmodified, against the engine: what works against a ClickHouse server works here."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import clickhouse_connect
import httpx
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from deploy.local.engine.process import EngineProcess

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with EngineProcess.start(tmp_path_factory.mktemp("engine")) as running:
        yield running


@contextmanager
def connected(engine: EngineProcess, role: tuple[str, str], **options: Any) -> Iterator[Client]:
    user, password = role
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=engine.port, username=user, password=password, database="adoption", **options
    )
    try:
        yield client
    finally:
        client.close()


@pytest.fixture(scope="module")
def client(engine: EngineProcess) -> Iterator[Client]:
    with connected(engine, engine.writer) as writer:
        yield writer


@pytest.fixture
def table(client: Client) -> Iterator[str]:
    client.command("CREATE TABLE runs (id UInt64, name String, at DateTime64(3)) ENGINE = MergeTree ORDER BY id")
    yield "runs"
    client.command("DROP TABLE runs")


def test_a_client_is_created_and_knows_the_server(client: Client) -> None:
    assert client.ping()
    assert client.server_version.split(".")[0].isdigit()


def test_insert_and_query_round_trip(client: Client, table: str) -> None:
    rows = [(1, "build", NOON), (2, "déploiement 'a'\t\\", NOON)]
    summary = client.insert(table, rows, column_names=["id", "name", "at"])
    assert summary.written_rows == 2
    result = client.query("SELECT * FROM runs ORDER BY id")
    assert [(number, name) for number, name, _ in result.result_rows] == [(1, "build"), (2, "déploiement 'a'\t\\")]
    assert result.summary["read_rows"] == "2"


def test_arrow_in_and_out(client: Client, table: str) -> None:
    given = pa.table({"id": pa.array([7, 8], pa.uint64()), "name": ["a", "b"], "at": pa.array([NOON] * 2)})
    assert client.insert_arrow(table, given).written_rows == 2
    read = client.query_arrow("SELECT id, name FROM runs ORDER BY id")
    assert read.to_pydict() == {"id": [7, 8], "name": ["a", "b"]}


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_compression_both_ways(engine: EngineProcess, table: str, compress: str | bool) -> None:
    with connected(engine, engine.writer, compress=compress) as client:
        client.insert(table, [(n, f"name {n}", NOON) for n in range(1000)], column_names=["id", "name", "at"])
        client.insert_arrow(table, pa.table({"id": pa.array([1000], pa.uint64()), "name": ["last"], "at": [NOON]}))
        assert client.query("SELECT count(), max(name) FROM runs").result_rows == [(1001, "name 999")]


def test_parameters_short_and_long(client: Client) -> None:
    short = client.query("SELECT {s:String} AS s, {n:UInt8} AS n", parameters={"s": "it's\ta tab", "n": 5})
    assert short.result_rows == [("it's\ta tab", 5)]
    # Past the length of a query string the client sends a form.
    long = client.query(
        "SELECT lengthUTF8({s:String}), {ids:Array(String)}[2]", parameters={"s": "é" * 100_000, "ids": ["a", "b'"]}
    )
    assert long.result_rows == [(100_000, "b'")]


def test_settings_of_one_query_do_not_outlive_it(client: Client) -> None:
    ask = "SELECT getSetting('max_threads')"
    before = client.query(ask).result_rows
    assert client.query(ask, settings={"max_threads": 1}).result_rows == [(1,)]
    assert client.query(ask).result_rows == before


def test_every_connection_carries_the_settings_of_idempotent_tables(client: Client) -> None:
    names = ("do_not_merge_across_partitions_select_final", "async_insert", "deduplicate_insert")
    values = client.query("SELECT " + ", ".join(f"getSetting('{name}')" for name in names)).result_rows
    assert values == [(True, False, "disable")]


def test_a_table_is_fsynced_unless_it_says_otherwise(client: Client) -> None:
    found = client.query("SELECT name, value FROM system.merge_tree_settings WHERE name LIKE 'fsync%' ORDER BY name")
    assert found.result_rows == [("fsync_after_insert", "1"), ("fsync_part_directory", "1")]


def test_errors_are_typed(client: Client) -> None:
    for statement, code, name in [
        ("SELECT nothing", 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT * FROM nowhere", 60, "UNKNOWN_TABLE"),
        ("SELECT FROM WHERE", 62, "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", 62, "SYNTAX_ERROR"),
        ("SELECT throwIf(1)", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ]:
        with pytest.raises(DatabaseError) as caught:
            client.query(statement)
        assert (caught.value.code, caught.value.name) == (code, name)


def test_a_failed_insert_leaves_no_row(client: Client, engine: EngineProcess, table: str) -> None:
    with httpx.Client(base_url=engine.url, auth=engine.writer) as http:
        answer = http.post(
            "/", params={"query": "INSERT INTO runs FORMAT TSV"}, content=b"1\ta\t2026-03-01\nbroken\tb\t2026-03-01\n"
        )
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "27")
    assert client.query("SELECT count() FROM runs").result_rows == [(0,)]


def test_a_big_answer_streams(client: Client) -> None:
    total = 0
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(500000)") as blocks:
        for block in blocks:
            total += len(block)
    assert total == 500_000


def test_a_stream_that_fails_on_the_way_raises_the_engines_error(client: Client) -> None:
    rows = 0
    with pytest.raises(StreamFailureError, match="throwIf"):  # noqa: PT012, SIM117
        with client.query_row_block_stream("SELECT throwIf(number = 3000000) FROM numbers(9000000)") as blocks:
            for block in blocks:
                rows += len(block)
    assert rows < 9_000_000


def test_half_an_answer_never_reaches_the_next_question(client: Client) -> None:
    """On one connection of the engine, what a failed statement had produced is the beginning of the next answer."""
    for _ in range(20):
        with pytest.raises(DatabaseError):
            client.query("SELECT number, throwIf(number = 400000) FROM numbers(1000000) SETTINGS max_block_size = 1000")
        assert client.query("SELECT 'clean'").result_rows == [("clean",)]


def test_concurrent_callers_each_get_their_own_answer(engine: EngineProcess) -> None:
    def ask(number: int) -> int:
        with httpx.Client(base_url=engine.url, auth=engine.reader, timeout=60) as http:
            answer = http.post("/", content=f"SELECT {number}, sum(number) * 0 FROM numbers(1000000)")
            return int(answer.text.split("\t")[0])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(40))) == list(range(40))


def test_an_insert_of_one_block_is_one_part(client: Client, table: str) -> None:
    rows = 100_000
    block = pa.table({"id": pa.array(range(rows), pa.uint64()), "name": ["x"] * rows, "at": [NOON] * rows})
    client.insert_arrow(table, block)
    parts = client.query("SELECT count(), sum(rows) FROM system.parts WHERE table = 'runs' AND active AND level = 0")
    assert parts.result_rows == [(1, rows)]


def test_the_reader_reads_with_the_same_client(engine: EngineProcess, client: Client, table: str) -> None:
    client.insert(table, [(1, "build", NOON)], column_names=["id", "name", "at"])
    with connected(engine, engine.reader) as reader:
        assert reader.query("SELECT id, name FROM runs").result_rows == [(1, "build")]
        assert reader.query_arrow("SELECT id FROM runs WHERE id = {i:UInt64}", parameters={"i": 1}).num_rows == 1
        with pytest.raises(DatabaseError) as caught:
            reader.insert(table, [(2, "no", NOON)], column_names=["id", "name", "at"])
        assert caught.value.code == 164
