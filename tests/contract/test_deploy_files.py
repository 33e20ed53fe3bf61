"""What is deployed says what the code says: compose, image, ClickHouse's users, Grafana's dashboards.

No container engine is needed: files are read as data, names are compared with the code's own, and every query of a
dashboard runs on the ClickHouse engine, as a reader, against the real views.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
import yaml

from deploy import credentials
from deploy.cli import main
from deploy.clickhouse import generate as reader_role
from deploy.grafana import generate as dashboards
from deploy.kafka.registry import specs
from deploy.local.engine.process import EngineProcess
from schemas import clickhouse
from schemas.settings import Settings
from schemas.streams import STREAMS
from stream_processors.app import ROLES

DEPLOY = Path(credentials.__file__).parent
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "adoption"}
USERS = ET.parse(DEPLOY / "clickhouse/users.d/adoption.xml").getroot()
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
}
PANELS = [
    pytest.param(board, panel, id=f"{name}-{panel['id']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
]


@pytest.fixture(scope="module")
def reader(engine: EngineProcess, warehouse: Any) -> Iterator[Any]:
    """A reader of an engine with all views and no rows."""
    user, password = engine.reader
    client = clickhouse_connect.get_client(dsn=engine.url, username=user, password=password)
    client.database = warehouse.database
    yield client
    client.close()


# --- compose


def test_images_are_pinned_and_nothing_listens_beyond_this_machine() -> None:
    for name, service in SERVICES.items():
        if name not in OURS:
            assert re.search(r":\d+\.\d+", service["image"]), f"{name}: pin {service['image']}"
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port}"


def test_the_parts_of_the_product_are_all_there() -> None:
    commands = [service["command"] for service in OURS.values()]
    assert {command[1] for command in commands if command[0] == "worker"} == set(ROLES)
    assert [command for command in commands if command[0] != "worker"] == [["kafka", "topics"], ["migrate"], ["ingest"]]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_adoption_has(name: str) -> None:
    group: Any = main
    for word in OURS[name]["command"]:
        found = group.get_command(None, word) if hasattr(group, "get_command") else None
        if found is None:  # an argument, not a command
            choices = next(param.type.choices for param in group.params if hasattr(param.type, "choices"))
            assert word in choices
        else:
            group = found


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one_that_the_code_reads(name: str) -> None:
    known = {f"ADOPTION_{field.upper()}" for field in Settings.model_fields}
    assert set(OURS[name].get("environment", {})) <= known


def test_the_topics_are_those_of_the_registry() -> None:
    made = {spec.name: (spec.partitions, spec.config["max.message.bytes"]) for spec in specs()}
    assert made == {stream.topic: (stream.partitions, str(stream.max_message_bytes)) for stream in STREAMS}
    assert not [topic for topic in made if topic in json.dumps(COMPOSE)], "the registry alone names topics"
    largest = max(stream.max_message_bytes for stream in STREAMS)
    assert int(SERVICES["kafka"]["environment"]["KAFKA_MESSAGE_MAX_BYTES"]) >= largest


def test_versions_are_those_that_were_measured() -> None:
    import chdb

    pom = (DEPLOY / "kafka/pom.xml").read_text()
    kafka = SERVICES["kafka"]["image"].partition(":")[2]
    assert f"<version>{kafka}</version>" in pom or f">{kafka}<" in pom
    engine = str(chdb.query("SELECT version()")).strip().strip('"')
    assert engine.startswith(SERVICES["clickhouse"]["image"].partition(":")[2] + ".")


def test_every_part_waits_for_what_it_needs() -> None:
    for name, service in OURS.items():
        if service["command"][0] == "worker":
            assert set(service["depends_on"]) == {"topics", "migrate"}, name
    assert SERVICES["topics"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    assert SERVICES["migrate"]["depends_on"]["clickhouse"]["condition"] == "service_healthy"


def test_no_secret_is_in_the_file_and_all_are_made() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    wanted = set(re.findall(r"\$\{(\w+):\?", text))
    assert wanted == {*credentials.PASSWORDS, "ADOPTION_UID"}
    optional = set(re.findall(r"\$\{(\w+):-", text))
    assert optional == {"ADOPTION_TIME_ZONE"}
    for line in text.splitlines():
        name, _, value = line.strip().partition(": ")
        if name.isupper() and ("PASSWORD" in name or "SALT" in name or "TOKEN" in name):
            assert value.startswith("${"), name


def test_credentials_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    told = "\n".join(credentials.make(tmp_path))
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert set(made) == {".env", "access.json"}
    assert all(stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600 for name in made)
    access = json.loads(made["access.json"])
    assert access["tokens"][0]["sha256"] not in told
    assert access["github"]["secrets"][0] in told
    assert all("kept" in line for line in credentials.make(tmp_path))
    assert made == {path.name: path.read_text() for path in tmp_path.iterdir()}


def test_the_access_file_is_one_that_the_ingest_service_reads(tmp_path: Path) -> None:
    from producers.http.auth import Access

    credentials.make(tmp_path)
    (token,) = Access(tmp_path / "access.json").file.tokens
    assert token.name == "compose"


def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], check=False).returncode:
        pytest.skip("Docker Compose is not on this machine; the other tests read the file as data")
    credentials.make(tmp_path)
    compose = ["docker", "compose", "--env-file", str(tmp_path / ".env"), "-f", str(DEPLOY / "compose.yaml")]
    done = subprocess.run([*compose, "config", "-q"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_image_holds_every_package() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    for package in ("schemas", "producers", "stream_processors", "reports", "deploy"):
        assert f"COPY {package} {package}" in text
        assert f"!{package}" in ignored
    assert "USER adoption" in text


def test_the_image_is_built_with_the_same_uv() -> None:
    (version,) = re.findall(r"UV_VERSION := (\S+)", (DEPLOY.parent / "Makefile").read_text())
    assert f"FROM ghcr.io/astral-sh/uv:{version} AS uv" in (DEPLOY / "Dockerfile").read_text()


# --- ClickHouse's users


def test_nobody_is_anonymous_and_nobody_is_an_administrator() -> None:
    users = {user.tag: user for user in USERS.find("users") or ()}
    assert users.pop("default").get("remove") == "remove"
    environment = SERVICES["clickhouse"]["environment"]
    for name, user in users.items():
        password = user.find("password")
        assert password is not None, name
        assert password.get("from_env") in environment, name
        assert user.find("access_management") is None, name
    assert environment["CLICKHOUSE_SKIP_USER_SETUP"] == "1"


def test_readers_have_limits_and_cannot_lift_them() -> None:
    for name in ("adoption_reader", "adoption_grafana"):
        assert USERS.findtext(f"users/{name}/profile") == "adoption_reader"
        assert USERS.findtext(f"users/{name}/quota") == "adoption_reader"
    profile = USERS.find("profiles/adoption_reader")
    assert profile is not None
    assert profile.findtext("readonly") == "2"
    constrained = {setting.tag for setting in profile.find("constraints") or ()}
    assert {"readonly", "max_execution_time", "max_memory_usage", "max_result_rows", "max_rows_to_read"} <= constrained


def test_readers_read_the_views_that_there_are_and_no_table() -> None:
    expected = reader_role.reader_role([view.name for view in clickhouse.views()])
    assert reader_role.FILE.read_text() == expected, "run python -m deploy.clickhouse.generate"
    assert "adoption.dead_letter_list<" in expected
    for name in clickhouse.NOT_FOR_READERS:
        assert f"adoption.{name}<" not in expected
    tables = {name for migration in clickhouse.migrations() for name in _tables(migration.template)}
    granted = re.findall(r"GRANT SELECT ON adoption\.(\w+)", expected)
    assert tables
    assert not tables & set(granted)


def _tables(sql: str) -> list[str]:
    return re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", sql)


def test_every_setting_of_a_profile_exists_in_the_engine(reader: Any) -> None:
    named = {
        setting.tag
        for profile in USERS.find("profiles") or ()
        for setting in profile.iter()
        if setting is not profile
        and setting.tag not in {"constraints", "max", "min", "const"}
        and setting.tag != "!--"
        and isinstance(setting.tag, str)
    }
    known = {name for (name,) in reader.query("SELECT name FROM system.settings").result_rows}
    assert named - known == set()


def test_every_grant_is_one_that_the_engine_can_read() -> None:
    import chdb

    roles = USERS.findall(".//query") + ET.parse(reader_role.FILE).getroot().findall(".//query")
    for query in roles:
        assert query.text is not None
        chdb.query(f"EXPLAIN AST {query.text} TO somebody")


# --- Grafana


def test_dashboards_are_as_generated() -> None:
    for name, text in dashboards.files().items():
        assert (dashboards.FOLDER / name).read_text() == text, "run python -m deploy.grafana.generate"
    assert {path.name for path in dashboards.FOLDER.iterdir()} == set(dashboards.files())


def test_there_is_one_dashboard_for_each_family() -> None:
    from reports.families import FAMILIES

    assert set(BOARDS) == set(FAMILIES)
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_their_own_ids_and_places(name: str) -> None:
    panels = BOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_shows_a_view_as_it_is(board: dict[str, Any], panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["noValue"] == "no data"
    assert panel["description"]
    (target,) = panel["targets"]
    shape = re.fullmatch(r"SELECT ([\w, ]+) FROM (\w+) WHERE (.+?)(?: ORDER BY [\w, ]+)?", target["rawSql"])
    assert shape, target["rawSql"]
    columns, view, where = shape.groups()
    assert view in {one.name for one in clickhouse.views()}
    assert not re.search(r"\b(join|group by|union|having|select)\b", where + columns, re.IGNORECASE)
    declared = {variable["name"] for variable in board["templating"]["list"]} | {"__fromTime", "__toTime"}
    used = set(re.findall(r"\$\{?(\w+)", target["rawSql"] + panel["title"]))
    assert used <= declared


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_runs_on_the_engine(reader: Any, board: dict[str, Any], panel: dict[str, Any]) -> None:
    (target,) = panel["targets"]
    described = reader.query(f"DESCRIBE TABLE ({_filled(target['rawSql'])})").result_rows
    columns = {name for name, *_ in described}
    overrides = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
    assert overrides <= columns
    if panel["type"] == "timeseries":
        assert described[0][:2] == ("time", "Date")
    reader.query(_filled(target["rawSql"]))


@pytest.mark.parametrize("name", BOARDS)
def test_variables_run_on_the_engine(reader: Any, name: str) -> None:
    for variable in BOARDS[name]["templating"]["list"]:
        reader.query(variable["query"]["rawSql"])
        assert any(variable["name"] in str(panel) for panel in BOARDS[name]["panels"]), variable["name"]


def _filled(sql: str) -> str:
    """What Grafana makes of a panel's text."""
    sql = sql.replace("$__fromTime", "toDateTime(1700000000)").replace("$__toTime", "toDateTime(1800000000)")
    sql = sql.replace("${focus:singlequote}", "'pay'")  # one may be chosen
    return re.sub(r"\$\{\w+:singlequote\}", "'pay','cart'", sql)


def test_grafana_reads_as_a_reader() -> None:
    provisioned = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/clickhouse.yaml").read_text())
    (source,) = provisioned["datasources"]
    assert source["jsonData"]["username"] == "adoption_grafana"
    assert source["uid"] == "adoption"
    assert source["secureJsonData"] == {"password": "$ADOPTION_GRAFANA_PASSWORD"}
    assert "ADOPTION_GRAFANA_PASSWORD" in SERVICES["grafana"]["environment"]
    assert all(
        target["datasource"]["uid"] == source["uid"]
        for board in BOARDS.values()
        for panel in board["panels"]
        for target in panel["targets"]
    )
