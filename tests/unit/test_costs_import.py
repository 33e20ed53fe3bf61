"""`adoption costs import`: files of every shape, what is sent, and what is refused before anything is."""

from __future__ import annotations

import csv
import gzip
import io
import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from producers import client
from producers.costs.command import costs
from producers.sources.common import Rejected
from schemas import settings as settings_module
from schemas.costs import Cost, CostExport
from schemas.envelope import Event
from tests.support.bills import charge

DAY = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
ROWS = [charge("1.10", *DAY, tags={"service": "pay"}), charge("-0.3", *DAY, category="Credit")]
ALLOCATIONS = {
    "data": [
        {
            "__idle__": {
                "properties": {"cluster": "kitchen"},
                "window": {"start": DAY[0], "end": DAY[1]},
                "totalCost": 0.125,
            }
        }
    ]
}


class Kept(client.IngestClient):
    """A client that keeps what it would send."""

    sent: list[Event]

    def events(self, events: Sequence[Event]) -> client.Receipt:
        type(self).sent += events
        return client.Receipt("r", len(events), {}, {})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Event]]:
    monkeypatch.setattr(client, "IngestClient", Kept)
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path / "data"))
    settings_module.settings.cache_clear()
    Kept.sent = []
    yield Kept.sent
    settings_module.settings.cache_clear()


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(costs, ["import", *map(str, arguments)])


def csv_text(rows: Sequence[dict[str, Any]] = ROWS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def amounts(sent: Sequence[Event]) -> list[str]:
    return sorted(event.data.effective_cost for event in sent if isinstance(event.data, Cost))


def test_csv_gzip_and_parquet_are_told_by_their_first_bytes_and_say_the_same(sent: list[Event], tmp_path: Path) -> None:
    plain, packed, columns = (tmp_path / name for name in ("a", "b", "c"))
    plain.write_text("\ufeff" + csv_text())
    packed.write_bytes(gzip.compress(csv_text().encode()))
    typed = [
        row
        | {
            "effectivecost": Decimal(row["effectivecost"]),
            "chargeperiodstart": datetime.fromisoformat(row["chargeperiodstart"]),
            "tags": list(json.loads(row["tags"]).items()),
        }
        for row in ROWS
    ]
    schema = pa.schema(
        [
            (name, {"effectivecost": pa.decimal128(20, 4), "chargeperiodstart": pa.timestamp("us", tz="UTC"),
                    "tags": pa.map_(pa.string(), pa.string())}.get(name, pa.string()))
            for name in typed[0]
        ]
    )  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(typed, schema=schema), columns)

    identities = []
    for path in (plain, packed, columns):
        sent.clear()
        assert run(path).exit_code == 0
        assert amounts(sent) == ["-0.3", "1.1"]
        identities.append({event.id for event in sent if isinstance(event.data, Cost)})
    assert identities[0] == identities[1] == identities[2]


def test_parts_of_one_export_are_one_import_and_its_end_comes_last(sent: list[Event], tmp_path: Path) -> None:
    (tmp_path / "bill").mkdir()
    (tmp_path / "bill" / "part-1.csv").write_text(csv_text(ROWS[:1]))
    (tmp_path / "bill" / "part-2.csv.gz").write_bytes(gzip.compress(csv_text(ROWS[1:]).encode()))
    (tmp_path / "bill" / "Manifest.json").write_text("{}")
    result = run(tmp_path / "bill", "--exported-at", "2026-07-02", "--closed")
    export = sent[-1].data
    assert isinstance(export, CostExport)
    assert (export.lines, export.is_closed, export.exported_at) == (2, True, datetime(2026, 7, 2, tzinfo=UTC))
    assert result.output.strip() == (
        "4711, 2026-06-01 to 2026-07-01 (closed): 2 charges, 0.80 EUR effective cost, "
        "-0.30 without a tag that names a service"
    )


def test_json_is_opencost_and_its_numbers_stay_exact(sent: list[Event], tmp_path: Path) -> None:
    path = tmp_path / "allocation.json"
    path.write_text(json.dumps(ALLOCATIONS))
    assert run(path).exit_code == 0
    assert (sent[0].source, sent[0].data.kind, amounts(sent)) == ("//opencost", "cost", ["0.125"])


def test_a_dry_run_sends_nothing(sent: list[Event], tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text(csv_text())
    result = run(tmp_path / "bill.csv", "--dry-run")
    assert "2 charges" in result.output
    assert sent == []


def test_a_rate_table_makes_one_currency_of_several(sent: list[Event], tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text(csv_text([*ROWS, charge("2", *DAY, currency="USD")]))
    (tmp_path / "rates.csv").write_text("currency,rate,from\nUSD,0.5,2026-06-01\nUSD,9,2026-07-01\n")
    refused = run(tmp_path / "bill.csv")
    assert refused.exit_code == 1
    assert "expected one billing currency in an import, got EUR, USD" in refused.output
    assert sent == []
    assert run(tmp_path / "bill.csv", "--rates", tmp_path / "rates.csv", "--into", "EUR").exit_code == 0
    assert amounts(sent) == ["-0.3", "1", "1.1"]


@pytest.mark.parametrize(("content", "said"), [
    (csv_text().encode()[:-40], "is the file cut off?"),
    (gzip.compress(csv_text().encode())[:-20], "expected a bill, got EOFError"),
    (b"PAR1 and no more", "expected Parquet"),
    (b"", "expected the columns of FOCUS"),
    (b"a,b\n1,2\n", "lacks billingperiodstart"),
    (csv_text().encode().replace(b"1.10", b"1.10.0"), "line 2: expected effectivecost to be a number"),
    (b'{"data": [', "expected a bill, got JSONDecodeError"),
    (b"\xff\xfe\x00", "expected a bill, got UnicodeDecodeError"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_sends_nothing(sent: list[Event], tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "bill").write_bytes(content)
    result = run(tmp_path / "bill")
    assert (result.exit_code, sent) == (1, [])
    assert said in result.output


def test_an_address_is_read_like_a_file_and_its_secret_is_not_told(sent: list[Event]) -> None:
    class Bills(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.startswith("/bill?signature=secret")
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(gzip.compress(csv_text().encode()) if found else b"")

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Bills) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        assert run(f"{address}/bill?signature=secret").exit_code == 0
        refused = run(f"{address}/other?signature=secret")
        server.shutdown()
    assert amounts(sent) == ["-0.3", "1.1"]
    assert refused.exit_code == 1
    assert "404" in refused.output
    assert "secret" not in refused.output


@pytest.mark.parametrize("table", ["currency,rate\nUSD,x\n", "currency\nUSD\n", "currency,rate\nUSD,0\n"])
def test_a_rate_table_that_is_none_is_refused_by_its_line(tmp_path: Path, table: str) -> None:
    from producers.costs.files import rates

    (tmp_path / "rates.csv").write_text(table)
    with pytest.raises(Rejected, match="line 2"):
        rates(tmp_path / "rates.csv", "EUR")
