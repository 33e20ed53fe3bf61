"""Ids of several systems inside one service: equal ones are not one thing."""

from __future__ import annotations

from dataclasses import replace

from schemas.delivery import Repository
from stream_processors.resolve import Stored
from tests.histories import History, at


def elsewhere(event: Stored, history: History) -> None:
    """Let another system have told the event."""
    place = next(index for index, one in enumerate(history.events) if one.event is event)
    history.events[place] = replace(history.events[place], event=replace(event, source="//z.example"))


def test_a_deployment_of_another_system_with_the_same_id_is_another_deployment() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    elsewhere(history.deploy("1", 2, "v2", status="failure"), history)
    releases = history.releases()
    assert {name: one.is_failed for name, one in releases.items()} == {"1": 0, "1 of //z.example": 1}
    assert [one.deployment_id for one in history.facts().attempts] == ["1", "1 of //z.example"]


def test_an_id_that_one_system_uses_stays_as_it_is() -> None:
    history = History()
    elsewhere(history.deploy("1", 1, "v1"), history)
    history.deploy("2", 2, "v2")
    assert set(history.releases()) == {"1", "2"}


def test_incidents_of_two_systems() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.incident("7", 2)
    elsewhere(history.incident("7", 3, "resolved"), history)
    episodes = history.incidents()
    assert episodes["7"].resolved_at is None
    assert episodes["7 of //z.example"].at == at(3)


def test_incidents_of_two_repositories_of_one_system() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    for name, hour in (("left", 2), ("right", 4)):
        history.incident("7", hour, repository=Repository(name=f"t/{name}"))
        history.incident("7", hour + 1, "resolved", repository=Repository(name=f"t/{name}"))
    episodes = history.incidents()
    assert sorted((one.at, one.resolved_at) for one in episodes.values()) == [(at(2), at(3)), (at(4), at(5))]
    assert "7" in episodes


def test_a_reference_says_no_system_and_means_all() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    elsewhere(history.deploy("1", 2, "v2"), history)
    history.incident("7", 5, deployment_ids=("1",))
    elsewhere(history.incident("7", 6, deployment_ids=("1",)), history)
    history.deploy("3", 8, "v3", fixes=("7",))
    release = history.releases()["1 of //z.example"]  # the latest of those that are meant
    assert release.incidents == ("7", "7 of //z.example")
    assert (release.recovery_rule, release.recovered_by) == ("fix", "3")


def test_a_run_of_another_system_with_the_same_id_is_another_run() -> None:
    history = History()
    history.ci_run("1", 1, outcome="failure")
    elsewhere(history.ci_run("1", 2), history)
    assert all(one.counted for one in history.facts().evidence)
    assert [one.milestone for one in history.facts().milestones] == ["first_ci_run", "first_ci_success"]
