"""CI runs: the states of an attempt are one row; the earliest report of its end stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stream_processors.facts import CiRunRow, FactsConfig, facts
from stream_processors.facts.ci_runs import _system
from tests.histories import History, at

MINUTE = 1 / 60


def runs(history: History) -> list[CiRunRow]:
    return list(history.facts().ci_runs)


def test_three_states_of_an_attempt_are_one_row() -> None:
    history = History()
    told = history.ci_run("7", 1, state="queued", outcome=None, name="build", ref="main")
    history.ci_run("7", 1 + 2 * MINUTE, state="started", outcome=None)
    ended = history.ci_run("7", 1 + 10 * MINUTE, outcome="failure", commit="c" * 40, template="acme/ci")
    (row,) = runs(history)
    assert (row.run_id, row.attempt, row.name, row.ref, row.template) == ("7", 1, "build", "main", "acme/ci")
    assert (row.queued_at, row.started_at, row.finished_at) == (told.time, at(1) + timedelta(minutes=2), ended.time)
    assert (row.outcome, row.told_at, row.at, row.event) == ("failure", told.time, ended.time, ended.id)


def test_the_earliest_report_of_the_end_stands_and_a_re_run_is_an_attempt_of_its_own() -> None:
    history = History()
    history.ci_run("7", 3, outcome="success")
    first = history.ci_run("7", 2, outcome="failure")
    history.ci_run("7", 4, outcome="success", attempt=2)
    assert [(row.attempt, row.outcome) for row in runs(history)] == [(1, "failure"), (2, "success")]
    assert runs(history)[0].finished_at == first.time


def test_a_run_that_is_not_finished_has_no_outcome() -> None:
    history = History()
    running = history.ci_run("7", 2, state="started", outcome=None)
    (row,) = runs(history)
    assert (row.outcome, row.finished_at, row.at, row.event) == ("", None, running.time, running.id)
    assert row.queued_at is None


def test_a_report_of_the_end_alone_says_when_it_was_queued_and_started() -> None:
    history = History()
    history.ci_run("7", 2, queued_at=at(1), started_at=at(1.5))
    (row,) = runs(history)
    assert (row.queued_at, row.started_at, row.finished_at) == (at(1), at(1.5), at(2))


def test_runs_of_no_service_are_kept_with_the_reason() -> None:
    history = History()
    history.ci_run("7", 2)
    found = facts("", history.events, FactsConfig())
    assert [(row.run_id, row.rule) for row in found.ci_runs] == [("7", "repository")]


@pytest.mark.parametrize(
    ("source", "system"),
    [("//github.com", "github.com"), ("//gitlab.acme.example/group", "gitlab.acme.example"), ("//adoption/emit", "p")],
)
def test_the_system_is_the_host_else_the_provider(source: str, system: str) -> None:
    assert _system(source, "p") == system
