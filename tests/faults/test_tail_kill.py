"""R1: the shipper is killed with SIGKILL at random moments while its log is rotated: each line counts exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.unit_server import UnitServer, unit_server

KILLS = 20
ROTATES = 0.03
"""Chance of a rotation after each write."""
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Writer(threading.Thread):
    """Writes lines as NGINX does, each with a time of its own, and rotates the log now and then."""

    def __init__(self, log: Path, seed: int) -> None:
        super().__init__(daemon=True)
        self.log = log
        self.times: list[datetime] = []
        self.rotations = 0
        self.finish = threading.Event()
        self.may_rotate = threading.Event()  # what was rotated before a shipper knew the log is not its business
        self._random = random.Random(seed)

    def run(self) -> None:
        file = self.log.open("ab", buffering=0)
        while not self.finish.is_set():
            text = b"".join(self._line() for _ in range(self._random.randint(1, 100)))
            middle = self._random.randrange(len(text))
            file.write(text[:middle])  # a reader may see half a line
            file.write(text[middle:])
            self.finish.wait(self._random.random() * 0.2)
            if self.may_rotate.is_set() and self._random.random() < ROTATES:
                self.rotations += 1
                self.log.rename(self.log.with_name(f"access.log.{self.rotations}"))
                file.write(self._line())  # NGINX writes to the old file until it is told
                file.close()
                file = self.log.open("ab", buffering=0)
        file.close()

    def _line(self) -> bytes:
        at = BEGAN + timedelta(milliseconds=len(self.times))
        self.times.append(at)
        return (
            f'{{"at":{at.timestamp():.3f},"service":"pay","method":"GET","path":"/v1/orders/{len(self.times)}",'
            f'"status":200,"seconds":0.012,"user_agent":"curl/8"}}\n'
        ).encode()


def start(log: Path, state: Path, url: str) -> subprocess.Popen[bytes]:
    program = "from producers.tail.command import tail; tail()"
    options = ["--format", "nginx-json", "--follow", "--from-start", "--state", str(state), str(log)]
    environ = {**os.environ, "ADOPTION_INGEST_URL": url, "ADOPTION_DATA_DIR": str(state)}
    return subprocess.Popen([sys.executable, "-c", program, *options], env=environ, stderr=subprocess.PIPE)


def wait_until(condition: Any, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.02)


@contextmanager
def ended(shipper: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The shipper, killed at the end if it is still there."""
    with shipper:
        try:
            yield shipper
        finally:
            shipper.kill()


def killed_at_random(server: UnitServer, shipper: subprocess.Popen[bytes], chance: random.Random) -> None:
    """Kill after a few more posts and a little while, so that every step gets its turn."""
    with ended(shipper):
        enough = server.posts + chance.randint(0, 3)
        wait_until(lambda: server.posts >= enough or shipper.poll() is not None, 60, f"{server.posts} posts, then none")
        threading.Event().wait(chance.random() * 0.2)
        if shipper.poll() is not None:
            assert shipper.stderr is not None
            pytest.fail(f"the shipper ended by itself: {shipper.stderr.read().decode()}")


@pytest.mark.timeout(900)  # 21 starts of a process that imports Arrow and Polars
def test_killed_at_random_while_the_log_is_written_and_rotated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    log, state, chance = tmp_path / "access.log", tmp_path / "state", random.Random(seed)
    writer = Writer(log, seed)
    with unit_server(seed, refusals=0.2) as server:
        writer.start()
        for _ in range(KILLS):
            killed_at_random(server, start(log, state, server.url), chance)
            if server.posts:
                writer.may_rotate.set()
        writer.finish.set()
        writer.join()
        with ended(start(log, state, server.url)) as shipper:
            missing = f"seed {seed}: not all of {len(writer.times):,} lines came; state: {state}"
            wait_until(lambda: server.counted().total() >= len(writer.times), 300, missing)
            shipper.send_signal(signal.SIGTERM)
            _, said = shipper.communicate(timeout=60)
    with capsys.disabled():
        sys.stdout.write(
            f"\n[seed {seed}: {len(writer.times):,} lines, {KILLS} kills, {writer.rotations} rotations, "
            f"{server.posts} posts of {len(server.units)} units] "
        )

    assert shipper.returncode == 0, said
    assert server.counted() == Counter(writer.times), f"seed {seed}"
    assert server.conflicts == [], f"seed {seed}"


def test_told_to_stop_while_the_service_is_away_it_stops_and_sends_later(tmp_path: Path) -> None:
    log, state = tmp_path / "access.log", tmp_path / "state"
    writer = Writer(log, seed=1)
    log.write_bytes(b"".join(writer._line() for _ in range(30_000)))
    with unit_server(seed=1, refusals=1.0) as server:
        with ended(start(log, state, server.url)) as shipper:
            wait_until(lambda: server.posts >= 2, 60, "nothing was posted")
            shipper.send_signal(signal.SIGTERM)
            _, said = shipper.communicate(timeout=60)
        assert shipper.returncode == 0, said
        assert b"the next start sends the rest" in said
        server.refusals = 0.0
        with ended(start(log, state, server.url)) as shipper:
            wait_until(lambda: server.counted().total() >= len(writer.times), 60, "the rest is missing")
            shipper.send_signal(signal.SIGTERM)
            _, said = shipper.communicate(timeout=60)

    assert shipper.returncode == 0, said
    assert server.counted() == Counter(writer.times)
    assert server.conflicts == []
