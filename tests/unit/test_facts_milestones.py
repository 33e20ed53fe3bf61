"""Milestones: the first of each kind, moved earlier by a late earlier event."""

from __future__ import annotations

from tests.histories import History, at, commit


def reached(history: History) -> dict[str, object]:
    return {one.milestone: one.at for one in history.facts().milestones}


def test_the_way_of_a_service() -> None:
    history = History()
    history.push(1, "c1", before=None)
    history.ci_run("r1", 2, state="started", outcome=None)
    history.ci_run("r1", 3, outcome="failure")
    history.ci_run("r1", 4, attempt=2)
    history.deploy("1", 5, "v1", environment="staging", status="failure")
    history.deploy("2", 6, "v1", environment="staging")
    history.deploy("3", 7, "v1", status="failure")
    history.deploy("4", 8, "v1")
    assert reached(history) == {
        "first_commit": at(0.5),
        "first_ci_run": at(3),
        "first_ci_success": at(4),
        "first_nonprod_deployment": at(6),
        "first_production_deployment": at(8),
    }


def test_what_was_not_observed_is_not_there() -> None:
    assert reached(History()) == {}


def test_a_late_earlier_event_moves_it() -> None:
    history = History()
    history.deploy("2", 8, "v1")
    history.deploy("1", 4, "v0")
    (milestone,) = history.facts().milestones
    assert milestone.at == at(4)
    assert history.evidence(history.events[1].event).event == milestone.event


def test_commits_of_others_in_the_repository_are_not_ours() -> None:
    history = History()
    history.push(1, "c1", "c2", before=None, rule="path", own=["c2"], commits=(commit("c1", 0), commit("c2", 0.5)))
    history.push(0.1, "c0", before=None, rule="context", own=[])
    assert reached(history) == {"first_commit": at(0.5)}


def test_a_commit_without_a_time_counts_when_it_was_pushed() -> None:
    history = History()
    history.push(3, before=None, commits=(commit("c1"),))
    assert reached(history) == {"first_commit": at(3)}
