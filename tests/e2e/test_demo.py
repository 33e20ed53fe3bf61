"""The demo, short: everything that was sent is in the views, each once, and the planted stories can be read there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from deploy.local.demo import organisation
from deploy.local.demo.driver import Driver, Summary, progress_bar, write_access_log
from deploy.local.demo.history import History, generate
from deploy.local.stack import Stack
from stream_processors.warehouse import connect

DAYS = 60


@dataclass
class Shown:
    history: History
    summary: Summary
    client: Any

    def one(self, sql: str) -> Any:
        return self.client.query(sql).result_rows[0][0]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("demo")
    history = generate(7, datetime.now(UTC) - timedelta(minutes=5), DAYS)
    log: Future[Any] = Future()
    log.set_result(write_access_log(history, folder))
    with Stack.start(folder) as stack, progress_bar(Console(quiet=True)) as progress:
        summary = Driver(stack.settings, stack.access, stack.lag, folder, progress, log).run(history)
        client = connect(stack.settings)
        yield Shown(history, summary, client)
        client.close()


def test_every_event_is_there_once(shown: Shown) -> None:
    opened_or_resolved = {
        (alert["fingerprint"], alert["startsAt"], state)
        for notification in shown.history.alerts
        for alert in notification.payload["alerts"]
        for state in ("opened", notification.payload["status"])
        if state != "firing"
    }
    expected = len(shown.history.webhooks) + len(opened_or_resolved)
    assert shown.one("SELECT uniqExact(source, id) FROM delivery_events") == expected
    assert shown.one("SELECT count() FROM dead_letters") == 0


def test_every_request_counts_once(shown: Shown) -> None:
    kong = sum(len(array.records) for array in shown.history.kong_arrays())
    assert shown.one("SELECT sum(requests) FROM gateway_hours") == shown.summary.lines + kong


def test_every_release_is_in_the_views(shown: Shown) -> None:
    for life in shown.history.lives:
        sql = f"SELECT countIf(isNotNull(finished_at)) FROM deployments WHERE service = '{life.service.name}'"
        assert shown.one(sql) == len(life.deployed), life.service.name


def test_the_rollback_can_be_read(shown: Shown) -> None:
    service, day = organisation.ROLLED_BACK
    since = shown.history.year.moment(day)
    sql = (
        "SELECT count() FROM deployments WHERE is_failed = 1 AND has(failure_reasons, 'rolled_back') "
        f"AND service = '{service}' AND at >= fromUnixTimestamp({int(since.timestamp())})"
    )
    assert shown.one(sql) >= 1


def test_the_renamed_team_has_what_the_old_one_had(shown: Shown) -> None:
    old, new, _ = organisation.RENAMED
    sql = "SELECT team FROM catalog_ownership WHERE name = 'insight-feed' ORDER BY valid_from"
    owners = [team for (team,) in shown.client.query(sql).result_rows]
    assert list(dict.fromkeys(owners)) == [old, new]


def test_ten_services_are_on_their_way(shown: Shown) -> None:
    sql = "SELECT countIf(status != 'done') FROM time_to_production WHERE is_headline = 1 AND is_left_truncated = 0"
    assert shown.one(sql) == 10
