"""Failures and their recovery: the earliest of rollback, linked fix, end of the incidents, next success."""

from __future__ import annotations

from datetime import datetime

from tests.histories import History, at


def recovery(history: History, name: str = "1") -> tuple[datetime | None, str, str]:
    one = history.releases()[name]
    return one.recovered_at, one.recovery_rule, one.recovered_by


def test_what_did_not_fail_is_not_recovered() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2", fixes=("i",))
    release = history.releases()["1"]
    assert (release.is_failed, release.failed_at, release.recovered_at) == (0, None, None)


def test_ended_in_failure_is_recovered_by_the_next_success_on_its_environment() -> None:
    history = History()
    history.deploy("1", 1, "v1", status="failure")
    history.deploy("2", 2, "v2", environment="prod-eu")
    history.deploy("3", 3, "v3", status="failure")
    history.deploy("4", 4, "v1")
    assert recovery(history) == (at(4), "next_success", "4")
    assert recovery(history, "3") == (at(4), "next_success", "4")
    assert history.releases()["1"].failed_at == at(1)


def test_of_several_environments_that_ended_in_failure_the_last_counts() -> None:
    history = History()
    history.deploy("1", 1, "v1", environment="prod-us", status="failure")
    history.deploy("2", 2, "v1", environment="prod-eu", status="failure")
    history.deploy("3", 3, "v2", environment="prod-us")
    assert recovery(history) == (None, "", "")
    history.deploy("4", 4, "v2", environment="prod-eu")
    assert recovery(history) == (at(4), "next_success", "4")


def test_a_success_with_an_incident_is_not_recovered_by_just_any_next_success() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("i", 2)
    history.deploy("2", 3, "v2")
    assert recovery(history) == (None, "", "")
    assert history.releases()["1"].failure_reasons == ("incident",)


def test_a_linked_fix() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("i", 2)
    history.deploy("2", 3, "v2", fixes=("i",), status="failure")
    history.deploy("3", 4, "v3", fixes=("i",))
    history.deploy("4", 5, "v4", fixes=("i",))
    history.incident("i", 6, "resolved")
    assert recovery(history) == (at(4), "fix", "3")


def test_the_latest_of_the_resolutions_and_none_while_one_is_open() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("i", 2)
    history.incident("j", 3)
    history.incident("i", 4, "resolved")
    assert recovery(history) == (None, "", "")
    history.incident("j", 5, "resolved")
    assert recovery(history) == (at(5), "incidents", "j")


def test_a_rollback_comes_before_a_later_resolution() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2")
    history.incident("i", 3, deployment_ids=("2",))
    history.deploy("3", 4, "v1")
    history.incident("i", 5, "resolved")
    assert recovery(history, "2") == (at(4), "rollback", "3")
    assert history.releases()["2"].failure_reasons == ("rolled_back", "incident")


def test_at_the_same_instant_the_rollback_is_named() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2")
    history.incident("i", 3, deployment_ids=("2",))
    history.incident("i", 4, "resolved")
    history.deploy("3", 4, "v1")
    assert recovery(history, "2") == (at(4), "rollback", "3")


def test_an_incident_that_was_over_before_the_deployment_takes_no_time() -> None:
    history = History()
    history.incident("i", 1, deployment_ids=("1",))
    history.incident("i", 2, "resolved")
    history.deploy("1", 3, "v1")
    assert recovery(history) == (at(3), "incidents", "i")


def test_a_retry_in_the_same_instant_is_ordered_by_native_id() -> None:
    history = History()
    history.deploy("a", 1, "v1", status="failure")
    history.deploy("b", 1, "v2")
    assert recovery(history, "a") == (at(1), "next_success", "b")
    history = History()
    history.deploy("b", 1, "v1", status="failure")
    history.deploy("a", 1, "v2")
    assert recovery(history, "b") == (None, "", "")


def test_a_success_in_another_region_leaves_the_failure_where_it_is() -> None:
    history = History()
    history.deploy("1", 1, "v1", region="eu", status="failure")
    history.deploy("2", 2, "v1", region="us")
    assert recovery(history, "2") == (None, "", "")
    history.deploy("3", 3, "v2", region="us")
    assert recovery(history, "2") == (None, "", "")
    history.deploy("4", 4, "v2", region="eu")
    assert recovery(history, "2") == (at(4), "next_success", "4")


def test_what_names_no_region_is_all_of_the_environment() -> None:
    history = History()
    history.deploy("1", 1, "v1", region="eu", status="failure")
    history.deploy("2", 2, "v2")
    assert recovery(history) == (at(2), "next_success", "2")
    history = History()
    history.deploy("1", 1, "v1", status="failure")
    history.deploy("2", 2, "v2", region="us")
    assert recovery(history) == (at(2), "next_success", "2")
