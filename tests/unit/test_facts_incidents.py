"""Incidents: which deployment they are laid at, and by which rule; episodes; references across services."""

from __future__ import annotations

from datetime import timedelta

from stream_processors.facts import FactsConfig
from tests.histories import History, at, commit, failed

MOMENT = 1 / 3_600_000_000  # a microsecond in hours


def laid(history: History, name: str = "i") -> tuple[str, str]:
    one = history.incidents()[name]
    return one.release, one.rule


# by reference


def test_a_named_deployment_comes_first() -> None:
    history = History()
    history.deploy("1", 1, "v1", commits=(commit("c1", 0),))
    history.deploy("2", 2, "v2")
    history.incident("i", 3, deployment_ids=("1",), commits=("c1",), version="v2")
    assert laid(history) == ("1", "deployment")
    assert failed(history.releases()) == ["1"]


def test_a_commit_is_laid_at_the_latest_success_before_that_holds_it() -> None:
    history = History()
    history.deploy("1", 1, "v1", commit="c1", commits=(commit("c1", 0),))
    history.deploy("2", 2, "v2")
    history.deploy("3", 3, "v1", commit="c1", commits=())
    history.deploy("4", 9, "v4", commit="c1", commits=())
    history.incident("i", 5, commits=("c1",))
    assert laid(history) == ("3", "commit")


def test_else_at_the_earliest_that_holds_it() -> None:
    history = History()
    history.deploy("1", 6, "v1", commits=(commit("c1", 0),))
    history.deploy("2", 7, "v2", commits=(commit("c1", 0),))
    history.incident("i", 5, commits=("c1",))
    assert laid(history) == ("1", "commit")


def test_a_commit_of_an_attempt_that_ended_in_failure() -> None:
    history = History()
    history.deploy("1", 1, "v1", status="failure", commit="c1")
    history.incident("i", 5, commits=("c1",))
    assert laid(history) == ("1", "commit")


def test_a_version_names_its_latest_success_before() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2")
    history.deploy("3", 3, "v1")
    history.incident("i", 2.5, version="v1")
    assert laid(history) == ("1", "version")


def test_a_region_that_is_named_is_laid_at_its_release() -> None:
    history = History()
    history.deploy("us", 1, "v1", environment="prod-us")
    history.deploy("eu", 2, "v1", environment="prod-eu")
    history.incident("i", 3, deployment_ids=("eu",))
    assert laid(history) == ("us", "deployment")


# by time


def test_the_latest_deployment_in_the_window() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2")
    history.deploy("3", 2.5, "v3", status="failure")
    history.incident("i", 3)
    assert laid(history) == ("2", "window")


def test_exactly_the_window_counts_and_a_moment_more_does_not() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("exact", 25)
    history.incident("late", 25 + MOMENT)
    assert laid(history, "exact") == ("1", "window")
    assert laid(history, "late") == ("", "unattributed")
    assert failed(history.releases()) == ["1"]


def test_the_window_is_a_setting() -> None:
    history = History(FactsConfig(attribution_window=timedelta(hours=1)))
    history.deploy("1", 1, "v1")
    history.incident("i", 2.5)
    assert laid(history) == ("", "unattributed")


def test_strictly_before() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 3, "v2")
    history.incident("i", 3)
    assert laid(history) == ("1", "window")


def test_the_environment_where_the_incident_names_one() -> None:
    history = History()
    history.deploy("us", 1, "v1", environment="prod-us")
    history.deploy("eu", 2, "v2", environment="prod-eu")
    history.incident("i", 3, environment="Prod-US")
    history.incident("j", 3, environment="staging")
    history.incident("k", 3)
    assert laid(history, "i") == ("us", "window")
    assert laid(history, "j") == ("", "unattributed")
    assert laid(history, "k") == ("eu", "window")


def test_when_it_began_is_what_the_source_says() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 5, "v2")
    history.incident("i", 6, opened_at=at(4))  # reported after the second deployment
    assert laid(history) == ("1", "window")
    assert history.incidents()["i"].at == at(4)


def test_nonprod_deployments_are_no_causes() -> None:
    history = History()
    history.deploy("1", 1, "v1", environment="staging")
    history.incident("i", 2, deployment_ids=("1",))
    assert laid(history) == ("", "unattributed")


def test_many_incidents_and_commits_are_one_failure() -> None:
    history = History()
    history.deploy("1", 1, "v1", commits=(commit("c1", 0), commit("c2", 0)))
    history.incident("i", 2, commits=("c1", "c2"))
    history.incident("j", 3)
    history.incident("k", 4, deployment_ids=("1",))
    (release,) = history.releases().values()
    assert (release.is_failed, release.incidents) == (1, ("i", "j", "k"))


# across services


def test_a_reference_outside_the_service_is_ignored_and_remarked() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    event = history.incident("i", 2, deployment_ids=("of-cart",), service="pay")
    assert laid(history) == ("1", "window")
    row = history.evidence(event)
    assert (row.counted, row.reason) == (1, "foreign_reference")


# episodes


def test_a_reopening_is_a_new_episode_that_is_laid_at_nothing() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("i", 2)
    history.incident("i", 3, "acknowledged")
    history.incident("i", 4, "resolved")
    history.incident("i", 4.5, "resolved")
    history.incident("i", 5, "reopened")
    history.incident("i", 6, "resolved")
    first, second = history.facts().incidents
    assert (first.episode, first.at, first.resolved_at, first.release) == (0, at(2), at(4), "1")
    assert (second.episode, second.at, second.resolved_at, second.rule) == (1, at(5), at(6), "unattributed")
    (release,) = history.releases().values()
    assert (release.recovered_at, release.incidents) == (at(4), ("i",))


def test_opened_again_later_is_a_reopening_and_told_twice_is_not() -> None:
    history = History()
    history.incident("i", 2, url="https://one.example")
    again = history.incident("i", 2.1, opened_at=at(2), url="https://two.example")
    history.incident("i", 4, "resolved")
    history.incident("i", 5)
    assert [(one.at, one.resolved_at) for one in history.facts().incidents] == [(at(2), at(4)), (at(5), None)]
    assert history.evidence(again).reason == "duplicate_state"


def test_opened_and_resolved_at_the_same_instant() -> None:
    history = History()
    history.incident("i", 2, "resolved")
    history.incident("i", 2, "opened")
    (episode,) = history.facts().incidents
    assert (episode.at, episode.resolved_at) == (at(2), at(2))


def test_only_the_resolution_is_known() -> None:
    history = History()
    history.incident("i", 4, "resolved", opened_at=at(2))
    (episode,) = history.facts().incidents
    assert (episode.at, episode.resolved_at) == (at(2), at(4))
