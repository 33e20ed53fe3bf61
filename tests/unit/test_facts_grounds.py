"""Grounds: from each fact to the events that it rests on, each with what it says of the fact."""

from __future__ import annotations

from schemas.delivery import Incident
from tests.histories import History, at, commit

HOUR = 3_600_000_000


def roles(history: History, kind: str, fact: str) -> dict[str, list[str]]:
    """Role → events, of one fact."""
    found: dict[str, list[str]] = {}
    for row in history.facts().grounds:
        if (row.fact_kind, row.fact) == (kind, fact):
            found.setdefault(row.role, []).append(row.event)
    return found


def test_a_release_rests_on_its_first_success_and_on_that_of_each_region() -> None:
    history = History()
    history.deploy("1", 9, "v1", status="started")
    first = history.deploy("1", 10, "v1")
    history.deploy("1", 11, "v1", status="inactive")
    region = history.deploy("2", 12, "v1", environment="production-eu")
    assert roles(history, "release", "1") == {"finished": [first.id], "region": [region.id]}


def test_a_failed_release_rests_on_what_failed_it_and_what_recovered_it() -> None:
    history = History()
    failed = history.deploy("1", 10, "v1", status="failure")
    retried = history.deploy("2", 11, "v1")
    assert roles(history, "release", "1") == {
        "failed": [failed.id],
        "ended_in_failure": [failed.id],
        "recovered": [retried.id],
    }


def test_a_rollback_is_what_it_rolled_back_rests_on() -> None:
    history = History()
    history.deploy("1", 10, "v1")
    bad = history.deploy("2", 11, "v2")
    back = history.deploy("3", 12, "v1")
    assert roles(history, "release", "2") == {
        "finished": [bad.id],
        "rolled_back": [back.id],
        "recovered": [back.id],
    }
    assert roles(history, "release", "3") == {"finished": [back.id], "rework": [back.id]}


def test_an_incident_is_a_ground_of_the_release_it_is_laid_at_and_has_its_own() -> None:
    history = History()
    history.deploy("1", 10, "v1")
    opened = history.incident("i", 11)
    resolved = history.incident("i", 12, "resolved")
    again = history.incident("i", 13, "reopened")
    assert roles(history, "release", "1")["incident"] == [opened.id]
    assert roles(history, "release", "1")["recovered"] == [resolved.id]
    assert roles(history, "incident", "i") == {"opened": [opened.id], "resolved": [resolved.id]}
    assert roles(history, "incident", "i#1") == {"opened": [again.id]}


def test_a_commit_rests_on_the_event_that_tells_its_time() -> None:
    history = History()
    pushed = history.push(1, "c1", before=None)
    history.deploy("1", 10, commit="c1")
    (row,) = history.facts().commits
    assert roles(history, "commit", row.sha) == {"committed": [pushed.id]}


def test_a_commit_that_only_the_deployment_names_rests_on_the_deployment() -> None:
    history = History()
    deployed = history.deploy("1", 10, commit="c1")
    (row,) = history.facts().commits
    assert row.not_counted == "no_time"
    assert roles(history, "commit", row.sha) == {"committed": [deployed.id]}


def test_a_squash_rests_on_its_own_time_and_on_that_of_the_first_commit_of_the_change() -> None:
    history = History()
    merged = history.merge(3, 1, merge_commit="e1", method="squash", commits=(commit("c1", 1), commit("c2", 2)))
    landed = history.push(3, "e1", before=None)
    history.deploy("1", 10, commit="e1")
    (row,) = history.facts().commits
    told = {"committed": [landed.id], "first_commit": [merged.id], "merged": [merged.id]}
    assert roles(history, "commit", row.sha) == told


def test_the_stages_of_a_commit_rest_on_the_states_of_its_change_and_on_the_event_of_its_first_commit() -> None:
    """The approval says nothing of when the change was opened, the merge repeats when it was approved."""
    history = History()
    pushed = history.push(1, "c1", before=None, ref="refs/heads/topic")
    opened = history.merge(2, 1, "opened", head_ref="topic", head_commit="c1")
    approved = history.merge(3, 1, "approved", head_ref="topic", head_commit="c1")
    merged = history.merge(4, 1, head_ref="topic", head_commit="c1", merge_commit="c1", first_review_at=at(3))
    history.deploy("1", 10, commit="c1", ref="topic")
    (row,) = history.facts().commits
    assert (row.coding_us, row.review_us, row.merge_us, row.deploy_us) == (1.5 * HOUR, HOUR, HOUR, 6 * HOUR)
    assert roles(history, "commit", row.sha) == {
        "committed": [pushed.id], "first_commit": [pushed.id], "change_opened": [opened.id], "reviewed": [merged.id],
        "merged": [merged.id],
    }  # fmt: skip
    assert approved.time == at(3)


def test_rework_rests_on_the_status_that_says_so() -> None:
    history = History()
    history.deploy("1", 9, "v1", status="started")
    said = history.deploy("1", 10, "v1", title="A hotfix")
    assert roles(history, "release", "1") == {"finished": [said.id], "rework": [said.id]}


def test_every_ground_is_an_event_that_was_counted() -> None:
    history = History()
    history.push(1, "c1", before=None)
    history.deploy("1", 10, "v1", commit="c1")
    history.incident("i", 11)
    history.incident("i", 12, "resolved")
    found = history.facts()
    counted = {row.event for row in found.evidence if row.counted}
    assert {row.event for row in found.grounds} <= counted
    assert any(isinstance(one.event.data, Incident) for one in history.events)


def test_a_hotfix_rests_on_the_change_that_says_so() -> None:
    history = History()
    history.push(0, "c0", before=None)
    history.push(2, "c2", before="c0")
    history.merge(1, 7, "opened", head_commit="c1", labels={"bug": "true"})
    merged = history.merge(2, 7, merge_commit="c2", head_commit="c1", method="squash", labels={"hotfix": "true"})
    history.deploy("1", 0.5, "v1", commit="c0")
    fix = history.deploy("2", 3, "v2", commit="c2")
    assert roles(history, "release", "2") == {"finished": [fix.id], "rework": [merged.id]}
