"""Bills over the real line: command, ingest service, Apache Kafka, worker, ClickHouse, views; again and corrected.

Real bills of public projects go the same way where they are at hand; what they sum up to is read here by other means.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from producers.http.serve import server_of
from schemas.catalog import Resource
from schemas.gateway import GatewayRequest
from tests.support import traffic, views
from tests.support.bills import charge
from tests.support.ingest_service import TOKEN, default_access
from tests.support.line import event
from tests.support.plant import Plant, messages

pytestmark = pytest.mark.kafka

ROOT = Path(os.environ.get("ADOPTION_SHARED") or Path(__file__).parents[3] / "shared") / "fixtures" / "payloads"
REAL = sorted([*(ROOT / "focus").glob("*.csv"), *(ROOT / "opencost").glob("*.json")])
PAY = {"service": "pay"}
DAYS = ("2026-06-01T00:00:00Z", "2026-06-03T00:00:00Z")


@contextmanager
def ingest(plant: Plant) -> Iterator[str]:
    """The ingest service before the plant's Kafka."""
    access = plant.folder / "access.json"
    access.write_text(json.dumps(default_access()))
    server = server_of(plant.settings.model_copy(update={"ingest_access_file": access}), port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def adoption(plant: Plant, url: str, *arguments: str) -> str:
    """`adoption costs import …` as an operator runs it; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "costs", "import", *arguments],
        env={**plant.environment(), "ADOPTION_INGEST_URL": url, "ADOPTION_INGEST_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list({name: None for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def daily(plant: Plant) -> dict[tuple[str, str], Decimal]:
    rows = plant.rows("SELECT service, allocation, toString(day), sum(cost) FROM adoption.costs_daily "
                      "WHERE currency = 'EUR' GROUP BY ALL")  # fmt: skip
    return {(service or allocation, day): cost for service, allocation, day, cost in rows}


def billed(path: Path) -> Decimal:
    """What a real file's effective costs sum up to, read without the product."""
    if path.suffix == ".json":
        sets = json.loads(path.read_text(), parse_float=Decimal)["data"]
        return sum((Decimal(one["totalCost"]) for each in sets for one in each.values()), Decimal(0))
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum((Decimal(re.sub(r"[$, ]", "", row["EffectiveCost"])) for row in csv.DictReader(file)), Decimal(0))


def test_bills_over_kafka_are_exact_again_and_corrected(real_plant: Plant) -> None:
    plant = real_plant
    views.pin_clock(plant, "2026-07-20 00:00:00")
    plant.start_all()
    at = datetime(2026, 6, 1, 10, tzinfo=UTC)
    unit = [
        GatewayRequest(unit=f"{1:032x}", at=at + timedelta(seconds=n), service="pay", status=200, outcome="ok")
        for n in range(4)
    ]
    plant.send([traffic.message([unit])])
    plant.send(messages([event(Resource(resource="k8s/shop", service="cart"), at)]))
    first = [
        charge("10", *DAYS, tags=PAY),
        charge("10", *DAYS, tags=PAY),
        charge("-2", *DAYS, category="Credit", tags=PAY),
        charge("3", *DAYS, resourceid="k8s/shop/deployment/cart"),
        charge("0.01", *DAYS, category="Tax"),
    ]
    with ingest(plant) as url:
        bill = write(plant.folder / "bill.csv", first)
        for _ in range(2):
            said = adoption(plant, url, bill, "--exported-at", "2026-07-02")
            assert "5 charges, 21.01 EUR effective cost" in said
        plant.settle()
        assert daily(plant) == {
            ("pay", "2026-06-01"): 9, ("pay", "2026-06-02"): 9,
            ("cart", "2026-06-01"): Decimal("1.5"), ("cart", "2026-06-02"): Decimal("1.5"),
            ("unallocated", "2026-06-01"): Decimal("0.005"), ("unallocated", "2026-06-02"): Decimal("0.005"),
        }  # fmt: skip
        assert plant.rows(
            "SELECT service, numerator, denominator, value, cost_without_transactions "
            "FROM adoption.cost_per_transaction(from = '2026-06-01', to = '2026-07-01', grain = 'month') ORDER BY 1"
        ) == [("cart", 0, 0, None, 3), ("pay", 9, 4, 2.25, 9)]

        # Corrected: one line less, another amount; the worker is killed while the lines are on their way.
        corrected = write(plant.folder / "bill.csv", [charge("12", *DAYS, tags=PAY), *first[2:]])
        adoption(plant, url, corrected, "--exported-at", "2026-07-09", "--closed")
        plant.workers[0].kill()
        plant.start("delivery")
        plant.settle()
        assert daily(plant)["pay", "2026-06-01"] == 5
        adoption(plant, url, bill, "--exported-at", "2026-07-09", "--closed")
        plant.settle()
        assert plant.rows(
            "SELECT billed, unallocated, difference, is_provisional FROM adoption.cost_reconciliation"
        ) == [(Decimal("13.01"), Decimal("0.01"), 0, 0)]

        for path in REAL:
            arguments = (str(path), "--source", f"//real/{path.name}", "--account", "real", "--currency", "USD")
            said = adoption(plant, url, *arguments, "--exported-at", "2026-07-15")
            # An hour that does not exist refuses a whole bill, in words.
            assert ("expected chargeperiodend to be a day that exists" in said) == ("purchase_scenario_3" in path.name)
        plant.settle()
        sums = dict(plant.rows("SELECT source, sum(billed) FROM adoption.cost_reconciliation GROUP BY source"))
        for path in REAL:
            if "purchase_scenario_3" not in path.name:
                assert sums[f"//real/{path.name}"] == billed(path), path.name
        assert plant.rows("SELECT DISTINCT difference FROM adoption.cost_reconciliation") == [(0,)]


def test_real_bills_are_at_hand() -> None:
    if not REAL and not os.environ.get("CI"):
        pytest.skip(f"no bills in {ROOT}: only a machine that has them runs these")
    assert len(REAL) == 17, f"expected the shared payloads in {ROOT}; set ADOPTION_SHARED"
