"""Rollbacks: an earlier version comes back; what came after its last time is rolled back, and failed."""

from __future__ import annotations

import pytest

from tests.histories import History, at, failed, sequence


@pytest.mark.parametrize(
    ("versions", "rollback", "rolled_back"),
    [
        (("v1", "v2"), [], []),
        (("v1", "v1"), [], []),
        (("v1", "v2", "v2", "v3"), [], []),
        (("v1", "v2", "v1"), ["d3"], ["d2"]),
        (("v1", "v2", "v3", "v1"), ["d4"], ["d2", "d3"]),
        (("v1", "v2", "v1", "v3", "v1"), ["d3", "d5"], ["d2", "d4"]),
        (("v1", "v2", "v1", "v2"), ["d3"], ["d2"]),  # a roll-forward
        (("v1", "v2", "v3", "v1", "v3"), ["d4"], ["d2", "d3"]),
        (("v1", "v2", "v1", "v2", "v1"), ["d3", "d5"], ["d2", "d4"]),
        (("v1", "v2", "v1", "v3", "v2"), ["d3", "d5"], ["d2", "d3", "d4"]),
        (("v1", "v2", "v3", "v2", "v1"), ["d4", "d5"], ["d2", "d3", "d4"]),
        (("v1", "v2", "v1", "v1", "v2"), ["d3", "d5"], ["d2", "d3", "d4"]),
    ],
)
def test_sequences(versions: tuple[str, ...], rollback: list[str], rolled_back: list[str]) -> None:
    releases = sequence(*versions).releases()
    assert [name for name, one in releases.items() if one.is_rollback] == rollback
    assert [name for name, one in releases.items() if "rolled_back" in one.failure_reasons] == rolled_back
    assert failed(releases) == rolled_back


def test_it_names_what_rolled_it_back() -> None:
    attempts = sequence("v1", "v2", "v3", "v1").attempts()
    assert {name: one.rolled_back_by for name, one in attempts.items()} == {"d1": "", "d2": "d4", "d3": "d4", "d4": ""}


def test_failures_are_no_part_of_the_sequence() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2", status="failure")
    history.deploy("3", 3, "v1")
    assert not any(one.is_rollback for one in history.releases().values())
    assert failed(history.releases()) == ["2"]


def test_another_environment_has_its_own_sequence() -> None:
    history = History()
    history.deploy("1", 1, "v1", environment="prod-us")
    history.deploy("2", 2, "v2", environment="prod-eu")
    history.deploy("3", 3, "v1", environment="prod-eu")
    assert not any(one.is_rollback for one in history.releases().values())


def test_a_rollback_over_regions_counts_once() -> None:
    history = History()
    for number, version in enumerate(["v1", "v2", "v1"]):
        history.deploy(f"us{number}", number, version, environment="prod-us")
        history.deploy(f"eu{number}", number + 0.1, version, environment="prod-eu")
    releases = history.releases()
    assert [name for name, one in releases.items() if one.is_rollback] == ["us2"]
    assert failed(releases) == ["us1"]


def test_an_announced_rollback_to_something_unknown_undoes_the_one_before() -> None:
    history = History()
    history.deploy("1", 1, "v7")
    history.deploy("2", 2, "v8")
    history.deploy("3", 3, "v6", is_rollback=True)
    releases = history.releases()
    assert releases["3"].is_rollback
    assert failed(releases) == ["2"]


def test_an_announced_rollback_that_fails_is_a_rollback_and_undoes_nothing() -> None:
    """METRICS 3: "rollback when the event says so"; it was made because of an incident, so it is rework too."""
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2")
    history.deploy("3", 3, "v1", is_rollback=True, status="failure")
    releases = history.releases()
    assert [name for name, one in releases.items() if one.is_rollback] == ["3"]
    assert releases["3"].rework_rule == "rollback"
    assert failed(releases) == ["3"]


def test_commits_stand_in_for_versions() -> None:
    history = History()
    for name, hours, head in (("1", 1, "a1"), ("2", 2, "a2"), ("3", 3, "a1")):
        history.deploy(name, hours, commit=head)
    assert history.releases()["3"].is_rollback
    assert failed(history.releases()) == ["2"]


def test_a_deployment_that_says_it_was_rolled_back() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v2")
    status = history.deploy("2", 3, "v2", status="rolled_back")
    release = history.releases()["2"]
    assert release.failure_reasons == ("rolled_back",)
    assert (release.failed_at, release.recovered_at, release.recovery_rule) == (at(2), at(3), "rollback")
    assert history.evidence(status).fact == "2"


def test_rolled_back_before_any_success_is_a_failure() -> None:
    history = History()
    history.deploy("1", 1, "v1", status="rolled_back")
    assert history.releases()["1"].failure_reasons == ("ended_in_failure",)
