"""Attempts: statuses of one deployment are one attempt, decided by its first success, else its first failure."""

from __future__ import annotations

import pytest

from tests.histories import History, at


def test_repeats_and_later_statuses_change_nothing() -> None:
    history = History()
    history.deploy("1", 1, status="queued")
    history.deploy("1", 2, status="started")
    decides = history.deploy("1", 3, status="success")
    again = history.deploy("1", 4, status="success")
    superseded = history.deploy("1", 5, status="inactive")
    broken = history.deploy("1", 6, status="failure")
    (attempt,) = history.attempts().values()
    assert (attempt.status, attempt.finished_at, attempt.failed_at) == ("success", at(3), None)
    assert (attempt.started_at, attempt.at) == (at(2), at(3))
    (release,) = history.releases().values()
    assert (release.finished_at, release.is_failed) == (at(3), 0)
    assert history.evidence(decides).fact == "1"
    assert history.evidence(again).reason == "duplicate_state"
    assert history.evidence(superseded).reason == "superseded_status"
    assert history.evidence(broken).reason == "failure_after_success"


def test_a_retry_that_succeeds_is_one_success() -> None:
    history = History()
    first = history.deploy("1", 1, status="failure")
    history.deploy("1", 2, status="success")
    (release,) = history.releases().values()
    assert (release.finished_at, release.is_failed) == (at(2), 0)
    assert history.evidence(first).reason == "retry_of_same_deployment"


def test_a_failure_counts_from_the_first() -> None:
    history = History()
    history.deploy("1", 1, status="error")
    history.deploy("1", 2, status="failure")
    (attempt,) = history.attempts().values()
    assert (attempt.status, attempt.finished_at, attempt.failed_at) == ("failure", None, at(1))
    (release,) = history.releases().values()
    assert (release.at, release.failed_at, release.failure_reasons) == (at(1), at(1), ("ended_in_failure",))


@pytest.mark.parametrize("status", ["cancelled", "skipped"])
def test_cancelled_and_skipped_are_no_attempts(status: str) -> None:
    history = History()
    history.deploy("1", 1, status="started")
    ended = history.deploy("1", 2, status=status)
    assert history.attempts() == {}
    assert history.releases() == {}
    assert history.evidence(ended).reason == status


def test_who_deployed_is_whom_the_first_status_that_says_it_names() -> None:
    history = History()
    history.deploy("1", 1, status="started")
    history.deploy("1", 2, status="success", deployer="acme-deployer")
    history.deploy("1", 3, status="inactive", deployer="another")
    (attempt,) = history.attempts().values()
    assert (attempt.provider, attempt.deployer) == ("t", "acme-deployer")


def test_an_unfinished_deployment_is_open_and_no_release() -> None:
    history = History()
    history.deploy("1", 1, status="queued")
    history.deploy("1", 2, status="started")
    (attempt,) = history.attempts().values()
    assert (attempt.status, attempt.at, attempt.release) == ("open", at(1), "")
    assert history.releases() == {}


def test_the_same_id_on_another_environment_is_another_attempt() -> None:
    history = History()
    history.deploy("1", 1, environment="staging")
    history.deploy("1", 2, environment="production")
    assert {(one.environment, one.tier, one.at) for one in history.facts().attempts} == {
        ("staging", "nonprod", at(1)),
        ("production", "production", at(2)),
    }


def test_a_status_without_environment_is_of_the_only_one_known() -> None:
    history = History()
    history.deploy("1", 1, environment="production", status="started")
    history.deploy("1", 2, environment=None, status="success")
    (attempt,) = history.facts().attempts
    assert (attempt.environment, attempt.status) == ("production", "success")


def test_nonprod_and_unknown_environments_are_rows_but_no_releases() -> None:
    history = History()
    staging = history.deploy("1", 1, environment="staging")
    again = history.deploy("2", 2, environment="staging")
    canary = history.deploy("3", 3, environment="canary")
    nowhere = history.deploy("4", 4, environment=None)
    assert history.releases() == {}
    assert {name: one.tier for name, one in history.attempts().items()} == {
        "1": "nonprod",
        "2": "nonprod",
        "3": "unknown",
        "4": "unknown",
    }
    assert history.evidence(staging).counted  # the milestone of the first one rests on it
    assert history.evidence(again).reason == "nonprod_environment"
    assert history.evidence(canary).reason == history.evidence(nowhere).reason == "unknown_environment"


def test_of_contradicting_values_the_earliest_stands() -> None:
    history = History()
    history.deploy("1", 2, "v2", status="success")
    history.deploy("1", 1, "v1", status="started")
    (release,) = history.releases().values()
    assert release.version == "v1"


def test_an_event_that_came_twice_counts_once_with_its_greatest_version() -> None:
    from dataclasses import replace

    history = History()
    history.deploy("1", 1, status="failure")
    known = history.events[0]
    newer = known.event.data.model_copy(update={"status": "success"})
    history.events.append(replace(known, event=replace(known.event, version=2, data=newer)))
    history.events.reverse()
    (attempt,) = history.facts().attempts
    assert attempt.status == "success"
    assert len(history.facts().evidence) == 1
