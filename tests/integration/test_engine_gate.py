"""The reader's credential: what it opens, and a list of ways in that stay shut."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from deploy.local.engine.config import Limits
from deploy.local.engine.process import EngineProcess

SECRET = "the content of a file outside the database"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("engine")
    limits = Limits(reader_seconds=2, reader_memory=200 << 20)
    with EngineProcess.start(folder, limits=limits) as running:
        with httpx.Client(base_url=running.url, auth=running.writer, timeout=30) as writer:
            for statement in (
                "CREATE TABLE t (a UInt32, b String) ENGINE = ReplacingMergeTree ORDER BY a",
                "INSERT INTO t VALUES (1, 'one'), (2, 'two')",
                "CREATE VIEW v AS SELECT a, b FROM adoption.t FINAL",
                "CREATE VIEW of AS SELECT a, b, {who:String} AS who FROM adoption.t FINAL WHERE a < {top:UInt32}",
                "CREATE VIEW url AS SELECT a, {who:String} AS who FROM adoption.t FINAL",
                "CREATE VIEW URL AS SELECT a, {who:String} AS who FROM adoption.t FINAL",
                "CREATE TABLE dead_letters (value String) ENGINE = ReplacingMergeTree ORDER BY value",
                "CREATE VIEW dead_letter_records AS SELECT value FROM adoption.dead_letters FINAL",
                "CREATE VIEW dead_letter_list AS SELECT length(value) AS size FROM adoption.dead_letters FINAL",
                "INSERT INTO dead_letters VALUES ('token')",
                "CREATE DATABASE other",
                "CREATE TABLE other.private (a UInt32) ENGINE = MergeTree ORDER BY a",
                "INSERT INTO other.private VALUES (1)",
                "CREATE VIEW other.of AS SELECT a, {who:String} AS who FROM other.private",
            ):
                answer = writer.post("/", content=statement)
                assert answer.status_code == 200, answer.text
        yield running


@pytest.fixture(scope="module")
def reader(engine: EngineProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=engine.url, auth=engine.reader, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def secret(engine: EngineProcess) -> Path:
    path = engine.path / "clickhouse" / "user_files" / "secret.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SECRET)
    return path


HOSTILE = [
    # Files, as a function under every spelling.
    "SELECT file('{secret}')",
    "SELECT FILE('{secret}')",
    "SELECT `file`('{secret}')",
    "SELECT \"file\"('{secret}')",
    "SELECT `fi\\x6ce`('{secret}')",
    "SELECT /* */ file /* */ ( '{secret}' )",
    "WITH (x -> file(x)) AS f SELECT f('{secret}')",
    "WITH content AS (SELECT file('{secret}') AS c) SELECT c FROM content",
    "WITH file('{secret}') AS c SELECT c",
    "SELECT arrayMap(x -> file(x), ['{secret}'])",
    "SELECT arrayMap(file, ['{secret}'])",
    "SELECT arrayMap(`file`, ['{secret}'])",
    "SELECT COLUMNS('p') APPLY(file) FROM (SELECT '{secret}' AS p)",
    "SELECT COLUMNS('p') APPLY(x -> file(x)) FROM (SELECT '{secret}' AS p)",
    "SELECT * APPLY(x -> x IN system.processes) FROM (SELECT '1' AS p)",
    "SELECT * REPLACE (file('{secret}') AS b) FROM t",
    "SELECT a FROM t WHERE b = file('{secret}')",
    "SELECT a FROM t ORDER BY file('{secret}')",
    "SELECT a FROM t ORDER BY a WITH FILL INTERPOLATE (b AS file('{secret}'))",
    "SELECT count() OVER w FROM t WINDOW w AS (PARTITION BY file('{secret}'))",
    "SELECT count() OVER (PARTITION BY file('{secret}')) FROM t",
    "SELECT a FROM t LIMIT length(file('{secret}'))",
    "SELECT 1 UNION ALL SELECT length(file('{secret}'))",
    "SELECT (SELECT file('{secret}'))",
    "SELECT if(1, file('{secret}'), '')",
    "SELECT CAST(file('{secret}') AS String)",
    "SELECT 1 AS `x\n  y`, file('{secret}')",
    "SELECT file('{secret}') -- FORMAT Null",
    "SELECT 'FORMAT a SETTINGS', file('{secret}')",
    "SELECT 1 -- FORMAT b SETTINGS \n , file('{secret}')",
    "SELECT file('{secret}') FORMAT Parquet",
    "SELECT file('{secret}') FORMAT JSON SETTINGS max_threads = 1",
    # Files and networks, as a table.
    "SELECT * FROM `{secret}`",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM default.`{secret}`",
    "DESCRIBE `{secret}`",
    "FROM file('{secret}', 'LineAsString')",
    "SELECT * FROM file('{secret}', 'LineAsString')",
    "SELECT * FROM fileCluster('c', '{secret}', 'LineAsString')",
    "SELECT * FROM `url`('http://127.0.0.1/', 'LineAsString')",
    "SELECT * FROM URL('http://127.0.0.1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1/b/k', 'CSV')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM cluster('default', system.processes)",
    "SELECT * FROM mysql('127.0.0.1:3306', 'd', 't', 'u', 'p')",
    "SELECT * FROM sqlite('{secret}', 't')",
    "SELECT * FROM executable('id', 'TSV', 'x String')",
    "SELECT * FROM python('os')",
    "SELECT * FROM `Python` (os)",
    "SELECT * FROM python/**/(os)",
    "SELECT * FROM input('x String')",
    "SELECT * FROM filesystem('/')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM view(SELECT file('{secret}'))",
    "DESCRIBE TABLE file('{secret}')",
    "DESCRIBE url('http://127.0.0.1/')",
    "SELECT 1 IN (SELECT file('{secret}'))",
    # Other databases.
    "SELECT * FROM system.processes",
    "SELECT * FROM `system`.`processes`",
    "SELECT * FROM SYSTEM.processes",
    "SELECT query FROM t, system.processes",
    "SELECT * FROM merge('system', 'processes')",
    "SELECT * FROM merge(system, 'processes')",
    "SELECT * FROM view(SELECT * FROM system.processes)",
    "SELECT 1 IN system.processes",
    "SELECT (SELECT count() FROM system.processes)",
    "SELECT EXISTS(SELECT 1 FROM system.server_settings)",
    "SELECT a FROM t WHERE a IN (SELECT a FROM other.private)",
    "SELECT 1 IN other.private",
    "SELECT * FROM information_schema.tables",
    "SELECT joinGet('other.private', 'a', 1)",
    "SELECT hasColumnInTable('system', 'processes', 'query')",
    "SELECT * FROM mergeTreeIndex('other', 'private')",
    "DESCRIBE TABLE system.processes",
    "SHOW PROCESSLIST",
    "SHOW CREATE TABLE other.private",
    "SHOW GRANTS",
    "EXPLAIN SELECT file('{secret}')",
    "EXPLAIN SELECT COLUMNS('p') APPLY(x -> file(x)) FROM (SELECT '{secret}' AS p)",
    "USE system",
    # Views with parameters: what is given to them is looked at, and only the product's own are open.
    "SELECT * FROM of(who = file('{secret}'), top = 2)",
    "SELECT * FROM of(who = 'x', top = length(file('{secret}')))",
    "SELECT * FROM of(who = (SELECT file('{secret}')), top = 2)",
    "SELECT * FROM adoption.of(who = (SELECT file('{secret}')), top = 2)",
    "SELECT * FROM `adoption`.`of`(who = (SELECT * FROM file('{secret}', 'LineAsString')), top = 2)",
    "WITH (SELECT file('{secret}')) AS content SELECT * FROM of(who = content, top = 2)",
    "SELECT * FROM view(SELECT * FROM of(who = (SELECT file('{secret}')), top = 2))",
    "SELECT * FROM of(who = (SELECT query FROM system.processes LIMIT 1), top = 2)",
    "SELECT * FROM of(who = (SELECT toString(a) FROM other.private), top = 2)",
    "SELECT * FROM of(who = (SELECT * FROM url('http://127.0.0.1/', 'LineAsString')), top = 2)",
    "SELECT * FROM of(who = toString(sleep(3)), top = 2)",
    "SELECT * FROM other.of(who = 'x')",
    "SELECT * FROM `other`.`of`(who = 'x')",
    "SELECT * FROM `other.of`(who = 'x')",
    "DESCRIBE other.of(who = 'x')",
    "DESCRIBE TABLE of(who = (SELECT file('{secret}')), top = 2)",
    "SELECT * FROM url(who = 'x')",
    "SELECT * FROM URL(who = 'x')",
    # Records as they came.
    "SELECT * FROM dead_letters",
    "SELECT value FROM adoption.dead_letters FINAL",
    "SELECT * FROM `dead_letter_records`",
    "SELECT * FROM t, adoption.`dead_letter_records` AS d",
    "SELECT 'token' IN dead_letters",
    "SELECT 'token' IN (SELECT value FROM adoption.dead_letter_records)",
    "SELECT * FROM of(who = (SELECT value FROM dead_letters LIMIT 1), top = 2)",
    "SELECT * FROM merge('adoption', 'dead_letters')",
    "DESCRIBE dead_letter_records",
    # Changes.
    "INSERT INTO t VALUES (3, 'three')",
    "INSERT INTO t FORMAT TSV\n3\tthree\n",
    "INSERT INTO t SELECT 3, 'three'",
    "INSERT INTO FUNCTION file('{secret}') SELECT 1",
    "CREATE TABLE u (a UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE u (a UInt8)",
    "CREATE FUNCTION g AS x -> x",
    "ALTER TABLE t DELETE WHERE 1",
    "DELETE FROM t WHERE 1",
    "TRUNCATE TABLE t",
    "DROP TABLE t",
    "RENAME TABLE t TO u",
    "OPTIMIZE TABLE t FINAL",
    "DETACH TABLE t",
    "ATTACH DATABASE other",
    "SYSTEM STOP MERGES",
    "KILL QUERY WHERE 1",
    "BACKUP TABLE t TO File('{secret}.zip')",
    "SELECT 1 INTO OUTFILE '{secret}.out'",
    "SET readonly = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_execution_time = 1000",
    "SELECT 1 FORMAT JSON SETTINGS readonly = 0",
    "SELECT * FROM t SETTINGS additional_table_filters = {'t': 'file(1)'}",
    # More than one.
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE t",
    "SELECT 1 /* ; */; /* */ DROP TABLE t -- ;",
    # Time.
    "SELECT sleep(3)",
    "SELECT sleepEachRow(3) FROM t",
]


@pytest.mark.parametrize("statement", HOSTILE)
def test_hostile_statements_are_refused_with_a_typed_error(reader: httpx.Client, secret: Path, statement: str) -> None:
    answer = reader.post("/?wait_end_of_query=1", content=statement.replace("{secret}", str(secret)))
    assert answer.status_code == 403, answer.text
    assert answer.headers["X-ClickHouse-Exception-Code"] in {"164", "497"}, answer.text
    assert answer.text.startswith("Code: ")
    assert SECRET not in answer.text
    assert sorted(secret.parent.iterdir()) == [secret], "nothing was written beside it"


def test_tables_are_as_they_were_after_all_that(engine: EngineProcess, reader: httpx.Client) -> None:
    assert reader.post("/", content="SELECT * FROM t ORDER BY a").text == "1\tone\n2\ttwo\n"


@pytest.mark.parametrize("database", ["adoption", "default"])
def test_a_file_is_not_a_table(reader: httpx.Client, tmp_path: Path, database: str) -> None:
    """The engine's own ``default`` database is an overlay of the file system: a path is a table of it."""
    bare = tmp_path / "secret"
    bare.write_text(SECRET)
    answer = reader.post(f"/?database={database}", content=f"SELECT * FROM `{bare}`")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "60", "no such table, whatever the database"


def test_an_expression_without_select_is_not_a_statement(reader: httpx.Client, secret: Path) -> None:
    answer = reader.post("/", content=f"file('{secret}')")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "62"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("readonly=0", "164"),
        ("output_format_schema=/tmp/x", "164"),
        ("format_template_row=/etc/passwd", "164"),
        ("user_files_path=/", "164"),
        ("database=system", "497"),
        ("database=other", "497"),
    ],
)
def test_the_query_string_opens_nothing_either(reader: httpx.Client, query: str, code: str) -> None:
    answer = reader.post(f"/?{query}", content="SELECT 1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, code)


@pytest.mark.parametrize("table", ["system.processes", "other.private", "dead_letters", "adoption.dead_letter_records"])
@pytest.mark.parametrize("statement", ["SELECT * FROM {t:Identifier}", "SELECT 1 IN {t:Identifier}"])
def test_a_table_named_by_a_parameter_is_seen(reader: httpx.Client, statement: str, table: str) -> None:
    answer = reader.post("/", params={"param_t": table}, content=statement)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "497"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1", "1\n"),
        ("SELECT 1;", "1\n"),
        ("SELECT b FROM t WHERE a = 1", "one\n"),
        ("SELECT x.b FROM adoption.v AS x WHERE x.a IN (1, 7)", "one\n"),
        ("SELECT b FROM t WHERE a IN (SELECT a FROM v WHERE b LIKE 'tw%')", "two\n"),
        ("WITH big AS (SELECT max(a) AS m FROM t) SELECT b FROM t, big WHERE a = m", "two\n"),
        ("SELECT sum(number) FROM numbers(10)", "45\n"),
        ("SELECT b, who FROM of(who = 'x', top = 2)", "one\tx\n"),
        ("SELECT b FROM adoption.of(who = (SELECT max(b) FROM t), top = (SELECT max(a) FROM t))", "one\n"),
        ("SELECT count() FROM adoption.url(who = 'x')", "2\n"),
        ("SELECT size FROM dead_letter_list", "5\n"),
        ("SELECT arrayMap(x -> x + 1, [1, 2])", "[2,3]\n"),
        ("SELECT 'python' IN ('python')", "1\n"),
        ("SELECT 'file(1)', 'system.processes'", "file(1)\tsystem.processes\n"),
        ("SELECT name FROM system.tables WHERE database = 'adoption' AND name IN ('t', 'v') ORDER BY name", "t\nv\n"),
        ("SELECT name FROM system.columns WHERE database = 'adoption' AND table = 'v' ORDER BY name", "a\nb\n"),
        ("SELECT name FROM system.databases WHERE name = 'adoption'", "adoption\n"),
        ("SELECT count() > 1000 FROM system.settings", "1\n"),
        ("SHOW TABLES LIKE '%t'", "dead_letter_list\nt\n"),
        ("DESCRIBE TABLE t", "a\tUInt32\t\t\t\t\t\nb\tString\t\t\t\t\t\n"),
        ("(SELECT 1) INTERSECT (SELECT 1) FORMAT CSV", "1\n"),
        ("SELECT a FROM t ORDER BY a FORMAT JSONEachRow", '{"a":1}\n{"a":2}\n'),
    ],
)
def test_what_reports_and_dashboards_need_passes(reader: httpx.Client, statement: str, expected: str) -> None:
    answer = reader.post("/", content=statement)
    assert (answer.status_code, answer.text) == (200, expected)


@pytest.mark.parametrize(
    "setting", ["max_execution_time=600", "max_threads=4", "log_comment=panel", "max_rows_to_read=1"]
)
def test_limits_that_dashboards_send_are_dropped(reader: httpx.Client, setting: str) -> None:
    assert reader.post(f"/?{setting}", content="SELECT b FROM t WHERE a = 2").text == "two\n"


def test_settings_that_shape_the_answer_are_kept(reader: httpx.Client) -> None:
    answer = reader.post(
        "/?session_timezone=Asia/Kolkata&output_format_json_quote_64bit_integers=1",
        content="SELECT toString(toDateTime(0)) AS t, toUInt64(1) AS n FORMAT JSONEachRow",
    )
    assert answer.text == '{"t":"1970-01-01 05:30:00","n":"1"}\n'


def test_a_long_statement_ends_at_the_readers_time_limit(reader: httpx.Client) -> None:
    answer = reader.post("/?max_execution_time=600", content="SELECT sum(sipHash64(number)) FROM numbers(100000000000)")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (408, "159")


def test_a_greedy_statement_ends_at_the_readers_memory_limit(reader: httpx.Client) -> None:
    answer = reader.post("/", content="SELECT length(groupArray(toString(number))) FROM numbers(100000000)")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "241"


def test_callers_that_do_not_fetch_do_not_keep_their_slots(engine: EngineProcess, reader: httpx.Client) -> None:
    with ExitStack() as stalled:
        for _ in range(Limits.readers):
            client = stalled.enter_context(httpx.Client(base_url=engine.url, auth=engine.reader, timeout=30))
            ask = client.stream("POST", "/", content="SELECT number, toString(number) FROM numbers(1000000000)")
            assert stalled.enter_context(ask).status_code == 200
        assert reader.post("/", content="SELECT 1").text == "1\n"


def test_callers_that_leave_give_their_slots_back(engine: EngineProcess, reader: httpx.Client) -> None:
    for _ in range(2 * Limits.readers):
        with (
            httpx.Client(base_url=engine.url, auth=engine.reader, timeout=30) as client,
            client.stream("POST", "/", content="SELECT number FROM numbers(1000000000)") as answer,
        ):
            assert answer.status_code == 200
    assert reader.post("/", content="SELECT 1").text == "1\n"


def test_the_writer_has_no_gate(engine: EngineProcess) -> None:
    with httpx.Client(base_url=engine.url, auth=engine.writer) as writer:
        assert writer.post("/", content="SELECT count() > 0 FROM system.processes").text == "1\n"
