"""The reports on the command line, read with the reader's credential, from the golden history's facts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deploy.local.engine.process import EngineProcess
from reports.cli import config, report
from schemas import settings as settings_module
from tests.integration.views.golden_rows import golden
from tests.integration.views.warehouse_rows import Warehouse
from tests.support.bills import bill, charge, table

Run = Callable[..., Result]


@pytest.fixture
def environment(engine: EngineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADOPTION_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_URL", engine.url)
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_READER_USER", engine.reader[0])
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_READER_PASSWORD", engine.reader[1])
    monkeypatch.setenv("COLUMNS", "220")
    settings_module.settings.cache_clear()


@pytest.fixture
def run(environment: None) -> Run:
    def call(*arguments: str) -> Result:
        result = CliRunner().invoke(report, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return call


def parts(result: Result) -> list[list[dict[str, Any]]]:
    return [part["rows"] for part in json.loads(result.stdout)["parts"]]


JUNE: Sequence[str] = ("--since", "2026-06-01", "--until", "2026-07-01")


def test_velocity_of_the_golden_history(warehouse: Warehouse, run: Run) -> None:
    golden(warehouse)
    services, teams, _ = parts(run("velocity", *JUNE, "--format", "json"))
    cart, pay = services
    assert (pay["service"], pay["team"], pay["deployments"], pay["deployments_per_day"]) == ("pay", "payments", 6, 0.2)
    assert (pay["lead_time_p50_seconds"], pay["commits"]) == (38 * 3600, 23)
    assert (pay["failed"], pay["attempts"], pay["change_fail_ratio"]) == (1, 6, 1 / 6)
    assert (pay["recovery_p50_seconds"], pay["rework_ratio"]) == (3600, 2 / 6)
    assert (cart["change_fail_ratio"], cart["change_fail_null_reason"]) == (None, "below_n_min")
    assert [row["team"] for row in teams] == ["checkout", "payments"]


def test_filters_narrow_every_part(warehouse: Warehouse, run: Run) -> None:
    golden(warehouse)
    services, teams, _ = parts(run("velocity", *JUNE, "--team", "checkout", "--format", "json"))
    assert [row["service"] for row in services] == ["cart"]
    assert [row["team"] for row in teams] == ["checkout"]
    services, teams, _ = parts(run("velocity", *JUNE, "--service", "pay", "--format", "json"))
    assert ([row["service"] for row in services], teams) == (["pay"], [])
    medians, stages, services = parts(run("time-to-production", *JUNE, "--team", "payments", "--format", "json"))
    assert [row["service"] for row in services] == ["pay"]
    assert {row["n"] for row in medians} == {row["n"] for row in stages if row["n"]} == {1}


def test_pipelines_of_a_window_stand_under_velocity(warehouse: Warehouse, run: Run) -> None:
    """In June three runs of 1, 2 and 10 minutes, queued 10 s each; one failed, and passed when it was run again."""
    warehouse.now("2026-07-10")
    warehouse.owner("pay", "payments", "2026-01-01")

    def ci_run(run_id: str, day: str, minutes: int, outcome: str, attempt: int = 1) -> dict[str, Any]:
        at = {"at": f"{day} 10:{minutes:02}", "finished_at": f"{day} 10:{minutes:02}", "told_at": f"{day} 10:00"}
        times = {"queued_at": f"{day} 09:59:50", "started_at": f"{day} 10:00", **at}
        known = {"source": "//ci", "name": "build", "commit": run_id, "outcome": outcome}
        return {"run_id": run_id, "attempt": attempt, **known, **times}

    runs = [
        ci_run("1", "2026-06-01", 1, "failure"),
        ci_run("1", "2026-06-02", 2, "success", attempt=2),
        ci_run("2", "2026-06-03", 10, "success"),
        ci_run("3", "2026-05-31", 50, "failure"),
    ]
    warehouse.facts("pay", ci_runs=[*runs, ci_run("4", "2026-05-30", 50, "failure") | {"commit": ""}])
    *_, pipelines = parts(run("velocity", *JUNE, "--format", "json"))
    (pay,) = pipelines
    assert (pay["service"], pay["team"], pay["runs"], pay["success_ratio"]) == ("pay", "payments", 3, 2 / 3)
    assert (pay["duration_p50_seconds"], pay["duration_p90_seconds"]) == (120.0, 504.0)  # 120 + 0.8 x 480
    assert (pay["queue_time_p50_seconds"], pay["flaky"], pay["flaky_ratio"]) == (10.0, 1, 0.5)
    text = run("velocity", *JUNE).stdout
    assert "Pipelines, 2026-06-01 to 2026-07-01" in text
    assert "missing_commit" not in text.replace(" ", "_"), "the run without a commit was in May"
    assert "missing_commit" in run("velocity", "--since", "2026-05-01", "--until", "2026-06-01").stdout.replace(
        " ", "_"
    )


def test_time_to_production_of_the_golden_history(warehouse: Warehouse, run: Run) -> None:
    golden(warehouse)
    medians, stages, services = parts(run("time-to-production", "--format", "json"))
    assert [(row["start"], row["cohort"], row["n_done"], row["n_open"]) for row in medians] == [
        ("onboarded", "all", 2, 0),
        ("onboarded", "2026-06", 2, 0),
        ("first_commit", "all", 2, 0),
        ("first_commit", "2026-06", 2, 0),
    ]
    assert {row["service"]: row["value_seconds"] for row in services} == {"pay": 694_800.0, "cart": 785_100.0}
    # Both were committed to; neither ran CI.
    assert [(row["stage"], row["n"]) for row in stages][:2] == [
        ("onboarded_to_first_commit", 2),
        ("first_commit_to_first_ci_run", 0),
    ]


def adopted(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-16 12:00")
    warehouse.platform("auth")
    warehouse.team("a", "b", "c", "d")
    warehouse.traffic("auth", "2026-06-02 10:00", {"team": "a", "requests": 5}, {"team": "b"})
    warehouse.traffic("auth", "2026-06-09 10:00", {"team": "a", "requests": 2}, {"team": "c"}, {"consumer": "stranger"})
    warehouse.traffic("auth", "2026-06-16 10:00", {"team": "a"})


def test_adoption_by_week_and_by_team(warehouse: Warehouse, run: Run) -> None:
    adopted(warehouse)
    lasting, weeks, teams = parts(run("adoption", "--format", "json"))
    (auth,) = lasting
    assert (auth["sustained_ratio"], auth["null_reason"], auth["population"]) == (None, "too_few_periods", "all")
    assert (auth["ever_tried"], auth["active_now"], auth["denominator"]) == (3, 2, 4)
    assert [(row["period_start"], row["numerator"], row["denominator"], row["adoption_ratio"]) for row in weeks] == [
        ("2026-06-01", 2, 4, 0.5),
        ("2026-06-08", 2, 4, 0.5),
        ("2026-06-15", 1, 4, 0.25),
    ]
    second, third = weeks[1], weeks[2]
    assert (second["new"], second["retained"], second["churned"], second["outside_teams"]) == (2, 1, 1, ["unknown"])
    assert (third["is_partial"], third["churned"], third["quick_null_reason"]) == (1, None, "period_open")
    assert [(row["team"], row["uses"]) for row in teams] == [("a", 8), ("b", 1), ("c", 1), ("unknown", 1)]
    lasting, weeks, teams = parts(run("adoption", "--team", "c", "--format", "json"))
    assert [row["service"] for row in lasting] == ["auth"]
    assert [row["period_start"] for row in weeks] == ["2026-06-08"]
    assert [row["team"] for row in teams] == ["c"]


@pytest.mark.parametrize("family", ["adoption", "time-to-production", "velocity"])
@pytest.mark.parametrize("format_", ["table", "markdown"])
def test_people_see_freshness_and_coverage_under_every_report(
    warehouse: Warehouse, run: Run, family: str, format_: str
) -> None:
    golden(warehouse)
    warehouse.platform("auth")
    warehouse.traffic("auth", "2026-06-29 10:00", {"consumer": "stranger"})
    text = run(family, "--format", format_).output
    assert "As of 2026-07-01 00:00 UTC" in text
    assert "gateway until 2026-06-29 10:00 (38.0 h behind)" in text
    reason = {"adoption": "unknown owner 1", "time-to-production": "nothing of the input", "velocity": "missing commit"}
    assert reason[family] in text


def test_a_table_writes_units_and_says_why_a_value_is_missing(warehouse: Warehouse, run: Run) -> None:
    golden(warehouse)
    # The 90th percentile of 23 lead times lies at 19.8 from the first: 126 h + 0.8 * 14 h = 137.2 h.
    lines = [line for line in run("velocity", *JUNE).output.splitlines() if "cart" in line or "pay " in line]
    assert [text.strip() for text in lines[1].split("│")[1:-1]] == [
        "pay", "payments", "6", "0.20", "38.0 h", "5.7 d", "23", "16.7%", "1", "6", "1.0 h", "0", "33.3%",
    ]  # fmt: skip
    assert "n < 5" in lines[0]
    assert "none failed" in lines[0]


def test_csv_is_one_table_and_the_rest_goes_to_the_standard_error(warehouse: Warehouse, run: Run) -> None:
    golden(warehouse)
    result = run("velocity", *JUNE, "--format", "csv")
    cart, pay = csv.DictReader(io.StringIO(result.stdout))
    assert (pay["service"], pay["deployments"], pay["lead_time_p50_seconds"]) == ("pay", "6", "136800.0")
    assert (cart["change_fail_ratio"], cart["change_fail_null_reason"]) == ("", "below_n_min")
    assert "As of" in result.stderr


@pytest.mark.parametrize("family", ["adoption", "time-to-production", "velocity", "cost"])
def test_without_data_a_report_says_so_and_what_to_do(warehouse: Warehouse, run: Run, family: str) -> None:
    assert "clock has not ticked" in run(family).output
    warehouse.now("2026-07-01")
    text = " ".join(run(family).output.split())
    assert "There is data of: nothing yet" in text
    assert any(command in text for command in ("adoption backfill git", "adoption tail", "adoption costs import"))


def test_a_window_that_ends_before_it_begins_is_refused(warehouse: Warehouse, environment: None) -> None:
    golden(warehouse)
    result = CliRunner().invoke(report, ["velocity", "--since", "2026-07-01", "--until", "2026-06-01"])
    assert result.exit_code == 1
    assert "expected --since before --until" in result.output


def test_an_absent_warehouse_is_a_clear_word(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADOPTION_CLICKHOUSE_URL", "http://127.0.0.1:9")
    settings_module.settings.cache_clear()
    result = CliRunner().invoke(report, ["velocity"])
    assert result.exit_code == 1
    assert "no ClickHouse answers at http://127.0.0.1:9" in result.output
    assert "adoption up" in result.output


def test_config_masks_secrets(environment: None, engine: EngineProcess) -> None:
    result = CliRunner().invoke(config, [])
    assert result.exit_code == 0
    assert engine.reader[1] not in result.output
    assert json.loads(result.output)["clickhouse_url"] == engine.url


def test_cost_of_services_and_where_the_bill_went(warehouse: Warehouse, run: Run) -> None:
    warehouse.now("2026-07-20")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.traffic("pay", "2026-06-02 10:00", {"requests": 3000})
    days = ("2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z")
    rows = [charge("1.236", *days, tags={"service": "pay"}), charge("0.5", *days, category="Tax")]
    warehouse.client.insert_arrow("cost_events", table(bill(rows)))
    services, bills = parts(run("cost", *JUNE, "--format", "json"))
    (pay,) = services
    assert (pay["service"], pay["team"], pay["denominator"], pay["value"]) == ("pay", "payments", 3000, 0.000412)
    assert pay["cost"] == "1.236000000000000000"
    assert [(one["account"], one["unallocated_ratio"], one["difference"]) for one in bills] == [
        ("4711", 0.5 / 1.736, "0.000000000000000000")
    ]
    line = next(line for line in run("cost", *JUNE).output.splitlines() if "pay " in line)
    assert [text.strip() for text in line.split("│")[1:-1]] == [
        "pay", "payments", "1.24", "EUR", "3,000", "request", "0.000412", "0.00", "",
    ]  # fmt: skip
    assert parts(run("cost", *JUNE, "--team", "checkout", "--format", "json")) == [[], []]
