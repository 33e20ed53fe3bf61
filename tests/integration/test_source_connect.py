"""A source connected as its user does it: secret made, first delivery refused, then taken, seen by who waits for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.broker import EmbeddedBroker
from schemas.streams import STREAMS
from tests.integration.test_ingest_server import Running, ingest
from tests.support.ingest_service import TOKEN, deployment_status, signature

HEADERS = {"content-type": "application/json", "x-github-event": "deployment_status"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with (
        EmbeddedBroker.start([(stream.topic, stream.partitions) for stream in STREAMS]) as broker,
        ingest(tmp_path, broker.bootstrap) as running,
    ):
        yield running


def test_a_source_is_connected_and_its_first_event_seen(service: Running, tmp_path: Path) -> None:
    environment = os.environ | {
        "ADOPTION_INGEST_URL": service.url,
        "ADOPTION_INGEST_TOKEN": TOKEN,
        "ADOPTION_INGEST_ACCESS_FILE": str(tmp_path / "access.json"),
    }
    command = [sys.executable, "-m", "deploy.cli", "source", "add", "github", "--rotate", "--write", "--wait"]
    with subprocess.Popen(
        [*command, "--timeout", "60"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said = told_until_waiting(process)
            secret = re.search(r"Secret +(\w+)", said)
            assert secret
            assert f"{service.url}/v1/webhooks/github" in said
            raw = json.dumps(deployment_status()).encode()
            assert post(service, raw, "wrong").status_code == 401
            deadline = time.monotonic() + 20  # the service looks at its access file once a second
            while post(service, raw, secret[1]).status_code != 202:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "refused" in out
    assert re.search(r"accepted: 1 adoption\.deployment\.v1, the latest of 2026-03-01T10:00:00\+00:00", out)


def told_until_waiting(process: subprocess.Popen[str]) -> str:
    """What it printed when it says that it waits."""
    assert process.stdout
    assert process.stderr
    assert "waiting for github" in process.stderr.readline()
    lines: list[str] = []
    while not lines or "in force" not in lines[-1]:
        lines.append(process.stdout.readline())
    return "".join(lines)


def post(service: Running, raw: bytes, secret: str) -> httpx.Response:
    return httpx.post(f"{service.url}/v1/webhooks/github", content=raw, headers=HEADERS | signature(raw, secret))
