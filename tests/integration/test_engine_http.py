"""The HTTP interface itself: who is let in, formats, headers, limits. A bare HTTP client stands for curl."""

import json
from collections.abc import Iterator

import httpx
import pytest

from deploy.local.engine import hello
from deploy.local.engine.process import EngineProcess


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with EngineProcess.start(tmp_path_factory.mktemp("engine")) as running:
        yield running


@pytest.fixture(scope="module")
def http(engine: EngineProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=engine.url, auth=engine.writer, timeout=30) as client:
        yield client


def test_ping_needs_no_credential(engine: EngineProcess) -> None:
    assert httpx.get(f"{engine.url}/ping").text == "Ok.\n"


def test_three_ways_to_say_who_one_is(engine: EngineProcess) -> None:
    user, password = engine.reader
    asked = {"query": "SELECT 1"}
    by_basic = httpx.get(engine.url, params=asked, auth=(user, password))
    by_header = httpx.get(engine.url, params=asked, headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password})
    by_query = httpx.get(engine.url, params={**asked, "user": user, "password": password})
    assert [answer.text for answer in (by_basic, by_header, by_query)] == ["1\n"] * 3


@pytest.mark.parametrize(
    "auth", [None, ("reader", "guess"), ("writer", ""), ("default", ""), ("", ""), ("reader", "é")]
)
def test_anyone_else_is_refused(engine: EngineProcess, auth: tuple[str, str] | None) -> None:
    answer = httpx.post(engine.url, content="SELECT 1", auth=auth)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert "AUTHENTICATION_FAILED" in answer.text


@pytest.mark.parametrize("path", ["/", "/ping"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1.example:80"},
        {"Host": "localhost@example"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
    ],
)
def test_a_web_page_gets_nowhere(http: httpx.Client, path: str, headers: dict[str, str]) -> None:
    answer = http.get(path, params={"query": "SELECT 1"}, headers=headers)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "497")


def test_formats(http: httpx.Client) -> None:
    ask = "SELECT 1 AS a, 'x' AS b"
    assert http.get("/", params={"query": ask}).text == "1\tx\n"
    assert http.post("/", content=ask + " FORMAT CSV").text == '1,"x"\n'
    assert http.post("/?default_format=JSONEachRow", content=ask).text == '{"a":1,"b":"x"}\n'
    assert http.post("/", content=ask, headers={"X-ClickHouse-Format": "CSV"}).text == '1,"x"\n'
    whole = http.post("/?default_format=JSON", content=ask)
    assert whole.json()["data"] == [{"a": 1, "b": "x"}]
    assert whole.headers["Content-Type"].startswith("application/json")
    assert whole.headers["X-ClickHouse-Format"] == "JSON"


def test_statement_split_over_query_string_and_body(http: httpx.Client) -> None:
    assert http.post("/", params={"query": "SELECT 1 +"}, content="2").text == "3\n"


def test_headers_tell_what_happened(http: httpx.Client) -> None:
    answer = http.post(
        "/?query_id=mine&wait_end_of_query=1", content="SELECT count() FROM numbers(1000) WHERE number % 2"
    )
    assert answer.text == "500\n"
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Server-Display-Name"]
    assert answer.headers["X-ClickHouse-Timezone"]
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("1000", "1")
    assert int(summary["elapsed_ns"]) > 0


@pytest.mark.parametrize("wanted", ["a%0d%0aSet-Cookie:x", "%C3%A9", "x" * 200])
def test_an_id_that_does_not_fit_a_header_is_replaced(http: httpx.Client, wanted: str) -> None:
    answer = http.post(f"/?query_id={wanted}", content="SELECT 1")
    assert answer.text == "1\n"
    assert "Set-Cookie" not in answer.headers
    assert len(answer.headers["X-ClickHouse-Query-Id"]) == 36


def test_database_by_query_string_and_header(http: httpx.Client) -> None:
    ask = "SELECT currentDatabase()"
    assert http.post("/", content=ask).text == "adoption\n"
    assert http.post("/?database=system", content=ask).text == "system\n"
    assert http.post("/", content=ask, headers={"X-ClickHouse-Database": "system"}).text == "system\n"
    missing = http.post("/?database=missing", content=ask)
    assert (missing.status_code, missing.headers["X-ClickHouse-Exception-Code"]) == (404, "81")


def test_get_changes_nothing(http: httpx.Client) -> None:
    for statement in ("CREATE TABLE g (a UInt8) ENGINE = Memory", "INSERT INTO g FORMAT TSV", "SYSTEM STOP MERGES"):
        answer = http.get("/", params={"query": statement})
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "164")


def test_insert_by_values_by_rows_and_by_select(http: httpx.Client) -> None:
    http.post("/", content="CREATE TABLE i (a UInt8) ENGINE = MergeTree ORDER BY a")
    http.post("/", content="INSERT INTO i VALUES (1), (2)").raise_for_status()
    http.post("/", content="INSERT INTO i FORMAT CSV\n3\n4\n").raise_for_status()
    http.post("/", params={"query": "INSERT INTO i (a) FORMAT JSONEachRow"}, content='{"a":5}\n').raise_for_status()
    http.post("/", content="INSERT INTO i SELECT {n:UInt8}", params={"param_n": "6"}).raise_for_status()
    assert http.post("/", content="SELECT groupArray(a) FROM (SELECT a FROM i ORDER BY a)").text == "[1,2,3,4,5,6]\n"


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip"])
def test_answers_are_compressed_only_when_asked(http: httpx.Client, encoding: str) -> None:
    ask = "SELECT number FROM numbers(10)"
    accepts = {"Accept-Encoding": encoding}
    assert "Content-Encoding" not in http.post("/", content=ask, headers=accepts).headers
    with http.stream("POST", "/?enable_http_compression=1", content=ask, headers=accepts) as answer:
        assert answer.headers["Content-Encoding"] == encoding


@pytest.mark.parametrize(
    ("query", "headers", "body", "says"),
    [
        ("", {}, b"", "expected a statement"),
        ("compress=1", {}, b"SELECT 1", "Accept-Encoding"),
        ("decompress=1", {}, b"SELECT 1", "Content-Encoding"),
        ("a-b=1", {}, b"SELECT 1", "name of a setting"),
        ("", {"Content-Encoding": "br"}, b"SELECT 1", "lz4, zstd, gzip"),
        ("", {"Content-Encoding": "gzip"}, b"SELECT 1", "not gzip"),
        ("", {"Content-Type": "multipart/form-data"}, b"SELECT 1", "boundary"),
        ("default_format=CSV%0d%0aSet-Cookie:x", {}, b"SELECT 1", "name of a format"),
        ("", {}, b"SELECT '\xff'", "UTF-8"),
        ("", {}, b"INSERT INTO \xff FORMAT CSV\n1", "UTF-8"),
        ("", {}, b"SELECT 1\0, 2", "zero bytes"),
    ],
)
def test_a_request_that_cannot_be_understood(
    http: httpx.Client, query: str, headers: dict[str, str], body: bytes, says: str
) -> None:
    answer = http.post(f"/?{query}", content=body, headers=headers)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "36")
    assert says in answer.text


def test_an_unknown_setting_is_the_engines_error(http: httpx.Client) -> None:
    answer = http.post("/?max_threds=1", content="SELECT 1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "115")


def test_a_body_above_the_limit_is_refused_before_it_is_sent(http: httpx.Client) -> None:
    answer = http.post("/", content=b" " * ((64 << 20) + 1))
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (413, "307")


def test_the_go_driver_is_greeted_with_revision_0(http: httpx.Client) -> None:
    ask = "SELECT displayName(), version(), revision(), timezone()"
    greeted = http.post("/?client_protocol_version=54479&default_format=Native", content=ask)
    name, version, _, zone = http.post("/", content=ask).text.rstrip("\n").split("\t")
    assert greeted.content == hello.answer(name, version, zone)
