"""Regions and environments of one release are one deployment; within one environment nothing collapses."""

from __future__ import annotations

from tests.histories import History, at


def test_regions_collapse_and_the_first_success_is_when_it_finished() -> None:
    history = History()
    history.deploy("1", 10, "v1", environment="prod-us")
    history.deploy("2", 12, "v1", environment="prod-eu")
    (release,) = history.releases().values()
    assert (release.release, release.finished_at) == ("1", at(10))
    assert release.environments == ("prod-eu", "prod-us")
    assert release.deployment_ids == ("1", "2")
    assert {one.release for one in history.facts().attempts} == {"1"}


def test_regions_of_one_environment_collapse_too() -> None:
    history = History()
    history.deploy("1", 10, "v1", region="us")
    history.deploy("2", 11, "v1", region="eu")
    assert list(history.releases()) == ["1"]


def test_exactly_24_hours_join_and_a_moment_more_does_not() -> None:
    history = History()
    history.deploy("1", 10, "v1", environment="prod-us")
    history.deploy("2", 34, "v1", environment="prod-eu")
    history.deploy("3", 34 + 1 / 3600, "v1", environment="prod-ap")
    assert {name: one.environments for name, one in history.releases().items()} == {
        "1": ("prod-eu", "prod-us"),
        "3": ("prod-ap",),
    }


def test_the_24_hours_count_from_the_first_success_not_from_the_last_region() -> None:
    history = History()
    history.deploy("1", 0, "v1", environment="prod-us")
    history.deploy("2", 20, "v1", environment="prod-eu")
    history.deploy("3", 40, "v1", environment="prod-ap")
    assert list(history.releases()) == ["1", "3"]


def test_not_when_another_version_was_there_in_between() -> None:
    history = History()
    history.deploy("1", 1, "v1", environment="prod-us")
    history.deploy("2", 2, "v2", environment="prod-eu")
    history.deploy("3", 3, "v1", environment="prod-eu")
    assert list(history.releases()) == ["1", "2", "3"]


def test_another_version_in_the_same_instant_is_in_between_by_its_id() -> None:
    """METRICS 0.5: ties are ordered by (time, native id)."""
    for other, names in (("2", ["1", "2", "3"]), ("4", ["1", "4"])):
        history = History()
        history.deploy("1", 1, "v1", environment="prod-us")
        history.deploy(other, 2, "v2", environment="prod-eu")
        history.deploy("3", 2, "v1", environment="prod-eu")
        assert list(history.releases()) == names


def test_within_one_environment_only_the_same_id_collapses() -> None:
    history = History()
    history.deploy("1", 1, "v1")
    history.deploy("2", 2, "v1")
    assert list(history.releases()) == ["1", "2"]


def test_a_release_id_binds_what_versions_tell_apart() -> None:
    history = History()
    history.deploy("1", 1, "v1-us", environment="prod-us", release_id="r")
    history.deploy("2", 2, "v1-eu", environment="prod-eu", release_id="r")
    history.deploy("3", 3, "v1-us", environment="prod-ap", release_id="s")
    assert list(history.releases()) == ["1", "3"]


def test_a_region_joins_the_latest_release_that_lacks_it() -> None:
    history = History()
    history.deploy("1", 1, "v1", environment="prod-us")
    history.deploy("2", 2, "v1", environment="prod-us")
    history.deploy("3", 3, "v1", environment="prod-eu")
    history.deploy("4", 4, "v1", environment="prod-eu")
    assert {name: one.deployment_ids for name, one in history.releases().items()} == {"1": ("1", "4"), "2": ("2", "3")}


def test_one_region_that_ends_in_failure_fails_the_release() -> None:
    history = History()
    history.deploy("1", 1, "v1", environment="prod-us", status="failure")
    history.deploy("2", 2, "v1", environment="prod-eu")
    (release,) = history.releases().values()
    assert (release.release, release.finished_at, release.failed_at) == ("2", at(2), at(2))
    assert release.failure_reasons == ("ended_in_failure",)


def test_failures_over_regions_collapse_on_the_first() -> None:
    history = History()
    history.deploy("1", 1, "v1", environment="prod-us", status="failure")
    history.deploy("2", 2, "v1", environment="prod-eu", status="failure")
    (release,) = history.releases().values()
    assert (release.release, release.finished_at, release.failed_at) == ("1", None, at(1))


def test_deployments_that_say_nothing_of_their_version_stay_apart() -> None:
    history = History()
    history.deploy("1", 1, environment="prod-us")
    history.deploy("2", 2, environment="prod-eu")
    assert list(history.releases()) == ["1", "2"]


def test_an_id_that_anchors_two_releases_gives_two_names() -> None:
    history = History()
    history.deploy("1", 1, "v1", environment="prod-us")
    history.deploy("1", 40, "v1", environment="prod-eu")
    assert list(history.releases()) == ["1", "1@prod-eu"]


def test_ties_of_time_are_ordered_by_native_id() -> None:
    history = History()
    history.deploy("b", 1, "v2")
    history.deploy("a", 1, "v1")
    history.deploy("c", 2, "v1")
    assert history.releases()["a"].is_first
    assert history.releases()["c"].is_rollback
