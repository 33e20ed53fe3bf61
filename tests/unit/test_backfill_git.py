"""A clone's history as pushes and deployments: what git says, nothing invented, the same at every run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from producers.backfill import events
from producers.backfill.git import Tally, history, survey
from producers.posts import posts
from schemas.delivery import Deployment, Push
from schemas.envelope import Event, content
from tests.support.clone import Clone

ORIGIN = "git@github.com:Acme/Pay.git"


def backfilled(clone: Clone, **options: Any) -> list[Event]:
    since = options.pop("since", None)
    chosen = {
        "service": "pay",
        "branch": None,
        "repository": None,
        "environment": "production",
        "paths": (),
        "release_tags": "v*",
        "salt": b"salt",
    }
    return list(history(survey(clone.path, **{**chosen, **options}), since=since, tally=Tally()))


def pushes(found: list[Event]) -> dict[str, Push]:
    return {event.data.after or "": event.data for event in found if isinstance(event.data, Push)}


def deployments(found: list[Event]) -> dict[str, Deployment]:
    return {event.data.version or "": event.data for event in found if isinstance(event.data, Deployment)}


def shas(data: Push | Deployment) -> list[str]:
    return [commit.sha for commit in data.commits or ()]


def test_each_step_of_the_branch_is_a_push_of_the_commits_it_brought(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    first = clone.commit("Begin")
    clone.branch("feature")
    one, two = clone.commit("One"), clone.commit("Two")
    clone.switch("main")
    second = clone.commit("Meanwhile")
    merged = clone.merge("feature")

    found = pushes(backfilled(clone))

    assert {after: (push.before, shas(push)) for after, push in found.items()} == {
        first: (None, [first]),
        second: (first, [second]),
        merged: (second, [one, two, merged]),
    }
    push = found[merged]
    assert push.ref == "refs/heads/main"
    assert push.repository is not None
    assert (push.repository.name, push.service) == ("github.com/acme/pay", None)
    assert [commit.parents for commit in push.commits] == [1, 1, 2]
    assert push.commits[0].committed_at == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert push.commits[0].clock == "committer"


def test_a_branch_that_took_the_main_branch_in_before_it_was_merged(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    clone.commit("Begin")
    clone.branch("feature")
    one = clone.commit("One")
    clone.switch("main")
    second = clone.commit("Meanwhile")
    clone.switch("feature")
    update = clone.merge("main")
    clone.switch("main")
    merged = clone.merge("feature")

    found = pushes(backfilled(clone))

    assert set(shas(found[merged])) == {one, update, merged}
    assert shas(found[second]) == [second]


def test_a_release_tag_deploys_what_no_earlier_tag_reaches(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    first, second = clone.commit("Begin"), clone.commit("More")
    clone.tag("v1.0.0")
    third = clone.commit("Third")
    clone.hours += 5
    clone.tag("v1.1.0", "Release with a message")
    clone.hours += 1
    clone.tag("v1.1.1", "The same once more")
    clone.tag("nightly-7")
    clone.commit("Not released")

    found = backfilled(clone)
    released = deployments(found)

    assert {version: shas(one) for version, one in released.items()} == {
        "v1.0.0": [first, second],
        "v1.1.0": [third],
        "v1.1.1": [],
    }
    one = released["v1.1.0"]
    assert (one.status, one.environment, one.service, one.commit) == ("success", "production", "pay", third)
    assert (one.deployment_id, one.ref, one.title) == ("v1.1.0", "refs/tags/v1.1.0", "Release with a message")
    times = {event.data.version: event.time for event in found if isinstance(event.data, Deployment)}
    assert times["v1.0.0"] == datetime(2026, 1, 5, 11, tzinfo=UTC)  # the commit's
    assert times["v1.1.0"] == datetime(2026, 1, 5, 17, tzinfo=UTC)  # the tag's own


def test_a_fix_on_a_release_branch_is_deployed_by_its_own_tag(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    clone.commit("Begin")
    clone.tag("v1.0.0")
    on_main = clone.commit("Feature")
    clone.tag("v2.0.0")
    clone.branch("release-1", "v1.0.0")
    fix = clone.commit("hotfix: the till rings twice")
    clone.tag("v1.0.1")
    clone.switch("main")

    released = deployments(backfilled(clone))

    assert shas(released["v2.0.0"]) == [on_main]
    assert shas(released["v1.0.1"]) == [fix]
    assert released["v1.0.1"].labels == {"hotfix": "true"}
    assert fix not in pushes(backfilled(clone))


def test_conventional_reverts_are_labelled_only_when_all_of_a_release_is_one(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    clone.commit("Begin")
    clone.tag("v1")
    clone.commit("revert: feature")
    clone.tag("v2")
    clone.commit('Revert "revert: feature"')
    clone.commit("feat: more")
    clone.tag("v3")

    released = deployments(backfilled(clone))

    assert [released[version].labels for version in ("v1", "v2", "v3")] == [{}, {"revert": "true"}, {}]


def test_robots_are_marked_and_nobody_is_named(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    clone.commit("Begin (mail ada@example.org)")
    clone.commit("Bump", author="dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>")

    found = backfilled(clone)
    commits = [commit for push in pushes(found).values() for commit in push.commits]

    assert sorted(commit.is_bot for commit in commits) == [False, True]
    assert all(len(commit.author or "") == 16 for commit in commits)
    assert "ada" not in " ".join(event.model_dump_json() for event in found).lower()


def test_the_catalog_learns_service_and_repository_and_no_date_of_onboarding(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", "https://user:secret@git.example.org:8443/Acme/Pay.git")
    clone.commit("Begin")

    service, mapping = backfilled(clone)[-2:]

    assert (service.data.kind, service.data.onboarded_at) == ("service", None)  # type: ignore[union-attr]
    assert (mapping.data.kind, mapping.data.repository) == ("mapping", "git.example.org/acme/pay")  # type: ignore[union-attr]
    assert service.time == mapping.time == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_without_a_remote_the_events_name_the_service_themselves(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay")
    clone.commit("Begin")

    found = backfilled(clone)

    assert [event.data.kind for event in found] == ["push", "service"]
    assert found[0].data.service == "pay"  # type: ignore[union-attr]


def test_a_second_backfill_is_the_same_and_a_later_one_only_adds(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    clone.commit("Begin")
    clone.tag("v1")
    before = backfilled(clone)

    assert backfilled(clone) == before
    clone.commit("More")
    clone.tag("v2")
    after = {event.id: event for event in backfilled(clone)}
    assert len(after) == len(before) + 2
    assert all(after[event.id] == event for event in before)


def test_since_leaves_older_events_out_and_lists_whole(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    old = clone.commit("Old")
    new = clone.commit("New")
    clone.tag("v1")

    found = backfilled(clone, since=datetime(2026, 1, 5, 11, tzinfo=UTC))

    assert list(pushes(found)) == [new]
    assert shas(deployments(found)["v1"]) == [old, new]


def test_a_service_of_some_paths_gets_paths_in_pushes_and_leaves_lists_to_them(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "shop", ORIGIN)
    pay = clone.commit("Pay", file="services/pay/ä b.py")
    clone.commit("Cart", file="services/cart/main.py")
    clone.tag("v1")

    found = backfilled(clone, paths=("services/pay/**",))

    assert pushes(found)[pay].commits[0].paths == ("services/pay/ä b.py",)
    assert deployments(found)["v1"].commits is None
    assert found[-1].data.paths == ("services/pay/**",)  # type: ignore[union-attr]


def test_a_step_of_many_commits_is_a_chain_of_pushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "COMMITS_A_PUSH", 2)
    clone = Clone(tmp_path / "pay", ORIGIN)
    first = clone.commit("Begin")
    clone.branch("feature")
    one, two, three = (clone.commit(title) for title in ("One", "Two", "Three"))
    clone.switch("main")
    merged = clone.merge("feature")

    found = pushes(backfilled(clone))

    assert {after: (push.before, shas(push)) for after, push in found.items()} == {
        first: (None, [first]),
        two: (first, [one, two]),
        merged: (two, [three, merged]),
    }


def test_a_release_of_too_many_commits_leaves_its_list_to_the_pushes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "COMMITS_A_DEPLOYMENT", 2)
    clone = Clone(tmp_path / "pay", ORIGIN)
    for title in ("One", "Two", "Three"):
        clone.commit(title)
    clone.tag("v1")

    assert deployments(backfilled(clone))["v1"].commits is None


def test_commits_without_a_usable_time_stay_without_one(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    clone.commit("From the beginning of time", at="1970-01-01T00:00:00+0000")
    clone.commit("Today")

    tally = Tally()
    seen = survey(
        clone.path,
        service="pay",
        branch=None,
        repository=None,
        environment="production",
        paths=(),
        release_tags="v*",
        salt=b"",
    )
    found = list(history(seen, since=None, tally=tally))

    assert len(pushes(found)) == 1  # a push needs a time; that of 1970 has none
    assert tally.left_out == {"commit_time_out_of_range": 1}


def test_posts_are_small_enough_for_the_ingest_service(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "pay", ORIGIN)
    clone.commit("Begin")
    event = backfilled(clone)[0]

    assert [len(post) for post in posts([event] * 450)] == [200, 200, 50]
    large = event.model_copy(update={"data": event.data.model_copy(update={"labels": {"x": "y" * 400_000}})})
    assert [len(post) for post in posts([large] * 3)] == [2, 1]
    assert len(content(large)) > 400_000
