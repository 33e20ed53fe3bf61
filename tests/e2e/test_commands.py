"""The commands beside a running stack, as a user types them: the numbers that come out are what was done, each once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from schemas.dead_letters import DeadLetter, to_kafka
from schemas.delivery import Deployment
from schemas.envelope import Event
from schemas.envelope import to_kafka as event_to_kafka
from schemas.streams import DEAD_LETTERS, DELIVERY
from tests.support.clone import Clone
from tests.support.commands import Said, adoption
from tests.support.embedded import Embedded, descendants, is_running
from tests.support.ingest_service import deployment_status
from tests.support.plant import until

HOUR = 3_600_000_000
EMITTED = [
    ("deployment", "--version", "1.0", "--at", "2026-03-02T10:00:00+00:00", "--environment", "production"),
    ("deployment", "--version", "1.1", "--at", "2026-03-02T12:00:00+01:00", "--environment", "production"),
    ("deployment", "--version", "1.2", "--at", "2026-03-02T11:30:00+00:00", "--environment", "staging"),
    ("incident", "--incident-id", "I1", "--version", "1.1", "--at", "2026-03-02T11:05:00+00:00",
     "--environment", "production"),
    ("incident", "--incident-id", "I1", "--version", "1.1", "--at", "2026-03-02T11:35:00+00:00",
     "--environment", "production", "--state", "resolved"),
]  # fmt: skip
"""Two releases of pay, the second with an incident of half an hour; one to staging, which is none."""
DESCRIPTORS = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: pay
  annotations:
    adoption/aliases: gw-pay
spec: {type: service, lifecycle: production, owner: group:default/payments}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments, title: Payments}
spec: {type: team, children: []}
"""
CALLS = {("shop", 200): 30, ("shop", 503): 4, ("till", 200): 6}
"""(consumer, status) -> requests of each of two hours in the access log."""
SEEN = {
    "deployments": "SELECT * FROM adoption.deployments ORDER BY ALL",
    "commits": "SELECT * FROM adoption.commits ORDER BY ALL",
    "incidents": "SELECT * FROM adoption.incidents ORDER BY ALL",
    "gateway": "SELECT * FROM adoption.gateway_hours ORDER BY ALL",
    "services": "SELECT * FROM adoption.catalog_services ORDER BY ALL",
    "owners": "SELECT * FROM adoption.catalog_ownership ORDER BY ALL",
    "evidence": "SELECT * FROM adoption.evidence ORDER BY ALL",
}


@dataclass
class Work:
    """What a user did beside the stack.

    Attributes:
        commands: to do it all again.
        said: what each said the first time.
        shas: commits of the clone, oldest first.
        seen: what the views showed then.
    """

    commands: dict[str, Callable[[], list[Said]]]
    said: dict[str, list[Said]]
    shas: list[str]
    seen: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def work(stack: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Everything done once, and settled."""
    home = tmp_path_factory.mktemp("home")
    shas = make_clone(home / "ledger")
    write_log(home / "access.log")
    (home / "catalog-info.yaml").write_text(DESCRIPTORS)

    def run(*arguments: str | Path) -> Said:
        return adoption(stack.folder, *arguments)

    commands: dict[str, Callable[[], list[Said]]] = {
        "emit": lambda: [run("emit", "--strict", kind, "--service", "pay", *rest) for kind, *rest in EMITTED],
        "backfill": lambda: [run("backfill", "git", home / "ledger", "--service", "ledger", "--release-tags", "v*")],
        "tail": lambda: [run("tail", "--once", "--format", "nginx-json", home / "access.log")],
        "catalog": lambda: [run("catalog", "import", home / "catalog-info.yaml")],
    }
    said = {name: command() for name, command in commands.items()}
    failed = [one for all_ in said.values() for one in all_ if one.status]
    assert not failed, failed
    stack.settle()
    return Work(commands, said, shas, seen(stack))


def seen(stack: Embedded) -> dict[str, list[tuple[Any, ...]]]:
    return {name: stack.rows(sql) for name, sql in SEEN.items()}


def make_clone(path: Path) -> list[str]:
    """Commits at 10, 11 and 14 h; releases at 13 and 15 h."""
    clone = Clone(path, "git@github.com:Acme/Ledger.git")
    shas = [clone.commit("Begin"), clone.commit("Book")]
    clone.hours += 2
    clone.tag("v1.0", "First")
    shas.append(clone.commit("Fix"))
    clone.hours += 1
    clone.tag("v1.1", "Second")
    return shas


def write_log(path: Path) -> None:
    """Two hours of one service's access log."""
    with path.open("w") as file:
        for hour in range(2):
            for (consumer, status), count in CALLS.items():
                for number in range(count):
                    at = datetime(2026, 3, 2, 10 + hour, tzinfo=UTC) + timedelta(seconds=number)
                    line = {"at": at.timestamp(), "service": "gw-pay", "route": "/pay/{id}", "method": "GET"}
                    more = {"path": f"/pay/{number}", "status": status, "seconds": 0.02, "consumer": consumer}
                    file.write(json.dumps(line | more) + "\n")


def test_emitted_deployments_and_incidents_are_releases_with_their_recovery(stack: Embedded, work: Work) -> None:
    assert all(" taken, receipt " in said.out for said in work.said["emit"])
    rows = stack.rows(
        "SELECT version, at, is_failed, failure_reasons, recovered_at FROM adoption.deployments "
        "WHERE service = 'pay' ORDER BY at"
    )
    assert rows == [
        ("1.0", datetime(2026, 3, 2, 10, tzinfo=UTC), 0, [], None),
        ("1.1", datetime(2026, 3, 2, 11, tzinfo=UTC), 1, ["incident"], datetime(2026, 3, 2, 11, 35, tzinfo=UTC)),
    ]
    staged = "SELECT at FROM adoption.milestones WHERE service = 'pay' AND milestone = 'first_nonprod_deployment'"
    assert stack.rows(staged) == [(datetime(2026, 3, 2, 11, 30, tzinfo=UTC),)]


def test_a_clones_tags_are_releases_and_its_commits_have_lead_times(stack: Embedded, work: Work) -> None:
    (said,) = work.said["backfill"]
    assert "3 commits and 2 release tags read; sent 3 pushes, 2 deployments" in said.out
    releases = stack.rows("SELECT version, at, commits FROM adoption.deployments WHERE service = 'ledger' ORDER BY at")
    assert releases == [
        ("v1.0", datetime(2026, 1, 5, 13, tzinfo=UTC), 2),
        ("v1.1", datetime(2026, 1, 5, 15, tzinfo=UTC), 1),
    ]
    commits = stack.rows(
        "SELECT sha, lead_time_us, is_first FROM adoption.commits WHERE service = 'ledger' ORDER BY committed_at"
    )
    first, second, third = work.shas
    assert commits == [(first, 3 * HOUR, 1), (second, 2 * HOUR, 1), (third, 1 * HOUR, 0)]


def test_a_log_is_requests_by_hour_and_caller(stack: Embedded, work: Work) -> None:
    (said,) = work.said["tail"]
    assert said.out.startswith("80 requests of 80 lines")
    rows = stack.rows(
        "SELECT toHour(hour), consumer, status, sum(requests) FROM adoption.gateway_hours "
        "WHERE service = 'pay' AND gateway_service = 'gw-pay' GROUP BY ALL"
    )
    told = {(hour, consumer, status): requests for hour, consumer, status, requests in rows}
    assert told == {(hour, *call): count for hour in (10, 11) for call, count in CALLS.items()}


def test_a_catalog_gives_services_their_owners(stack: Embedded, work: Work) -> None:
    (said,) = work.said["catalog"]
    assert said.out.startswith("1 files: 3 new or changed facts, 0 as before, 0 closed")
    assert stack.rows("SELECT DISTINCT name, team FROM adoption.catalog_ownership") == [("pay", "payments")]
    teams = stack.rows("SELECT DISTINCT service, team FROM adoption.deployments ORDER BY service")
    assert teams == [("ledger", "unknown"), ("pay", "payments")]


def test_the_report_has_what_was_done(stack: Embedded, work: Work) -> None:
    said = adoption(
        stack.folder,
        "report",
        "velocity",
        "--service",
        "pay",
        "--since",
        "2026-03-01",
        "--until",
        "2026-04-01",
        "--format",
        "json",
    )
    assert said.status == 0, said
    (row,) = json.loads(said.out)["parts"][0]["rows"]
    told = {"service": "pay", "team": "payments", "deployments": 2, "failed": 1, "recovery_p50_seconds": 35 * 60}
    assert told.items() <= row.items()


def test_config_shows_the_running_stack_and_masks_its_secrets(stack: Embedded) -> None:
    said = adoption(stack.folder, "config")
    assert said.status == 0, said
    shown = json.loads(said.out)
    assert shown["ingest_url"] == stack.settings.ingest_url
    stored = json.loads((stack.folder / "stack.json").read_text())
    secrets = [value for name, value in stored.items() if name.endswith(("password", "token", "salt"))]
    assert len(secrets) >= 3
    assert not [secret for secret in (*secrets, *stack.secrets.values()) if secret in said.out + said.err]
    assert {shown[name] for name in stored if name.endswith(("password", "token", "salt"))} == {"**********"}


def test_the_same_commands_again_change_nothing(stack: Embedded, work: Work) -> None:
    again = {name: command() for name, command in work.commands.items()}
    assert not [one for all_ in again.values() for one in all_ if one.status]
    assert again["tail"][0].out.startswith("0 requests of 0 lines")
    assert again["catalog"][0].out.startswith("1 files: 0 new or changed facts, 3 as before, 0 closed")
    stack.settle()
    assert seen(stack) == work.seen


def test_dead_letters_are_listed_and_sent_again(stack: Embedded, work: Work) -> None:
    """Two that a worker and a mapper of an older version could not read, and one that nothing will ever read."""
    good = Deployment(provider="test", service="late", deployment_id="d1", environment="production", status="success")
    event = Event(id="late-1", source="//tests", time=datetime(2026, 3, 3, 10, tzinfo=UTC), data=good)
    key, value, headers = event_to_kafka(event)
    hook = (("content-type", b"application/json"), ("x-github-event", b"deployment_status"))
    letters = [
        DeadLetter(DELIVERY.topic, 0, 7, "contract_violation", "an old reason", key, value, tuple(headers)),
        DeadLetter("http:/v1/webhooks/github", 0, 0, "mapper_failed", "an old defect", b"h",
                   json.dumps(deployment_status()).encode(), hook),
        DeadLetter(DELIVERY.topic, 1, 8, "not_json", "broken", b"b", b"{broken", tuple(headers)),
    ]  # fmt: skip
    producer = Producer({"bootstrap.servers": stack.settings.kafka_bootstrap, "partitioner": "murmur2_random"})
    for letter in letters:
        key, value, headers = to_kafka(letter)
        producer.produce(DEAD_LETTERS.topic, key=key, value=value, headers=headers)
    assert producer.flush(30) == 0
    stack.settle()

    said = adoption(stack.folder, "dead-letters", "list")
    assert said.status == 0, said
    assert said.out.rstrip().endswith("3 of 3 dead letters: contract_violation 1, mapper_failed 1, not_json 1.")
    assert "an old defect" in said.out

    said = adoption(stack.folder, "dead-letters", "replay", "--all")
    assert (said.status, said.out) == (0, "sent 3 dead letters again\n"), said
    stack.settle()
    assert stack.rows("SELECT deployment_ids FROM adoption.deployments WHERE service = 'late'") == [(["d1"],)]
    hooked = "SELECT count() FROM adoption.delivery_events FINAL WHERE source = '//github.com'"
    assert stack.rows(hooked) == [(1,)]
    left = json.loads(adoption(stack.folder, "dead-letters", "list", "--format", "json").out)
    assert [letter["reason"] for letter in left] == ["not_json"]


def test_a_second_stack_on_the_same_folder_is_refused(stack: Embedded) -> None:
    said = adoption(stack.folder, "up", "--data-dir", stack.folder, "--ingest-port", "0", "--clickhouse-port", "0")
    assert said.status == 1
    assert f"a stack is already running on {stack.folder}" in said.err
    assert "--data-dir" in said.err
    assert "Traceback" not in said.err
    with stack.client() as client:
        assert client.get("/readyz").status_code == 200


def test_ctrl_c_leaves_no_process_and_the_next_start_finds_the_data(stack: Embedded, work: Work) -> None:
    before = seen(stack)
    processes = descendants(stack.process.pid)
    assert len(processes) >= 5
    assert stack.stop() == 0, stack.report()
    until(lambda: not any(map(is_running, processes)), 10)
    logs = [stack.folder / "up.log", stack.folder / "engine" / "engine.log", *(stack.folder / "logs").iterdir()]
    assert not [log.name for log in logs if "Traceback" in log.read_text()], stack.report()
    assert not (stack.folder / "stack.json").exists()

    next_one = Embedded.start(stack.folder)
    try:
        assert next_one.secrets == stack.secrets
        next_one.settle()
        assert seen(next_one) == before
    finally:
        assert next_one.stop() == 0, next_one.report()
