"""What a worker fetched while a rebalance held it back is read again, also when its group has committed nothing yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from confluent_kafka import Producer

from deploy.local.broker import EmbeddedBroker
from schemas.streams import GATEWAY
from tests.support.plant import until


def test_the_first_records_of_a_group_are_not_lost(tmp_path: Path) -> None:
    seen, log = tmp_path / "seen", tmp_path / "log"
    with EmbeddedBroker.start([(GATEWAY.topic, 1)]) as broker, log.open("wb") as out:
        producer = Producer({"bootstrap.servers": broker.bootstrap})
        command = [sys.executable, "-m", "tests.support.held_back_worker", broker.bootstrap, str(seen)]
        worker = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=out, stderr=out)
        try:
            for number in range(20):
                producer.produce(GATEWAY.topic, str(number).encode())
                producer.flush()
            until(lambda: seen.exists() and b"19" in seen.read_bytes().split(), 60, log.read_text)
            assert {int(value) for value in seen.read_bytes().split()} == set(range(20))
        finally:
            worker.kill()
            worker.wait()
