"""The process: start, stop in time, one owner of a folder, and what a crash leaves."""

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from deploy.local.engine.process import EngineProcess, EngineStartError


def run(engine: EngineProcess, statement: str, **params: str) -> str:
    answer = httpx.post(engine.url, content=statement, params=params, auth=engine.writer, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_folder_outlives_the_process(tmp_path: Path) -> None:
    with EngineProcess.start(tmp_path) as first:
        run(first, "CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        run(first, "INSERT INTO t VALUES (1)")
        assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600
    assert first.process.returncode == 0
    with EngineProcess.start(tmp_path) as second:
        assert (second.writer, second.reader) == (first.writer, first.reader), "made once per install"
        assert run(second, "SELECT a FROM t") == "1\n"


def test_credentials_differ_between_installs_and_roles(tmp_path: Path) -> None:
    with EngineProcess.start(tmp_path / "a") as a, EngineProcess.start(tmp_path / "b") as b:
        assert len({a.writer[1], a.reader[1], b.writer[1], b.reader[1]}) == 4


def test_a_second_engine_on_the_folder_is_told_why_not(tmp_path: Path) -> None:
    with (
        EngineProcess.start(tmp_path) as first,
        pytest.raises(EngineStartError, match="Does another engine run on it"),
    ):
        EngineProcess.start(tmp_path)
    assert first.process.returncode == 0


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EngineStartError, match=rf"(?s)ended with .*expected port {port} to be free") as said:
            EngineProcess.start(tmp_path, port=port)
    assert "Traceback" not in str(said.value)


def test_a_stop_does_not_wait_for_a_long_statement(tmp_path: Path) -> None:
    engine = EngineProcess.start(tmp_path)
    failed = threading.Event()

    def ask() -> None:
        try:
            run(engine, "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)")
        except httpx.HTTPError:
            failed.set()

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 20
    while "sipHash64(number)) FROM numbers" not in run(
        engine, "SELECT query FROM system.processes WHERE elapsed > 0.1"
    ):
        assert time.monotonic() < deadline
    begun = time.monotonic()
    assert engine.stop() == 0
    assert time.monotonic() - begun < 5
    asking.join(10)
    assert failed.is_set()


def test_acknowledged_inserts_survive_kill_9(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for attempt in range(3):
        engine = EngineProcess.start(tmp_path)
        run(engine, "CREATE TABLE IF NOT EXISTS t (block UInt32) ENGINE = MergeTree ORDER BY block")

        def insert(engine: EngineProcess = engine, attempt: int = attempt) -> None:
            with httpx.Client(base_url=engine.url, auth=engine.writer, timeout=30) as http:
                for number in range(attempt * 10_000, (attempt + 1) * 10_000):
                    try:
                        answer = http.post("/", content=f"INSERT INTO t FORMAT TSV\n{number}\n")
                    except httpx.HTTPError:
                        return
                    assert answer.status_code == 200, answer.text
                    acknowledged.append(number)

        inserting = threading.Thread(target=insert)
        before = len(acknowledged)
        inserting.start()
        deadline = time.monotonic() + 30
        while len(acknowledged) < before + 20:
            assert time.monotonic() < deadline
            inserting.join(0.01)
        engine.kill()
        inserting.join(30)
    with EngineProcess.start(tmp_path) as engine:
        kept = {int(line) for line in run(engine, "SELECT block FROM t").split()}
    assert len(acknowledged) >= 60
    assert kept.issuperset(acknowledged)
    assert len(kept) <= len(acknowledged) + 3, "at most the insert under way at each kill"


def test_the_engine_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    """Without this, an orphan would hold the lock of the folder and the next start would fail."""
    script = (
        "import pathlib, sys, time\n"
        "from deploy.local.engine.process import EngineProcess\n"
        "engine = EngineProcess.start(pathlib.Path(sys.argv[1]))\n"
        "print(engine.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _runs(orphan):
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
    with EngineProcess.start(tmp_path) as engine:
        assert run(engine, "SELECT 1") == "1\n"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        # A process whose parent is gone may stay as a zombie until it is reaped.
        return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
