"""Evidence: every event once, counted for a fact or not counted for a reason."""

from __future__ import annotations

from stream_processors.facts import FactsConfig, facts
from tests.histories import History, commit


def test_pushes() -> None:
    history = History()
    deployed = history.push(1, "c1", before=None)
    waiting = history.push(2, "c2", before="c1")
    tagged = history.push(3, "c3", before=None, ref="refs/tags/v1")
    gone = history.push(4, before="c2", after=None, ref="refs/heads/topic")
    history.deploy("1", 10, commit="c1")
    assert (history.evidence(deployed).counted, history.evidence(deployed).fact) == (1, "1")
    assert history.evidence(waiting).reason == "not_deployed"
    assert history.evidence(tagged).reason == "tag"
    assert history.evidence(gone).reason == "deleted_ref"


def test_changes() -> None:
    history = History()
    own = (commit("c1", 1),)
    opened = history.merge(2, 1, "opened")
    updated = history.merge(2.5, 1, "updated")
    landed = history.merge(3, 1, merge_commit="e1", commits=own)
    told_again = history.merge(3.5, 1, merge_commit="e1", commits=own)
    waiting = history.merge(4, 2, merge_commit="e2", commits=(commit("c2", 2),))
    dropped = history.merge(4, 3, "closed")
    proposed = history.merge(4, 4, "opened")
    history.deploy("1", 10, commit="e1")
    assert [history.evidence(one).counted for one in (opened, landed)] == [1, 1]
    assert history.evidence(told_again).reason == "duplicate_state"
    assert history.evidence(updated).reason == history.evidence(proposed).reason == "not_merged"
    assert history.evidence(waiting).reason == "not_deployed"
    assert history.evidence(dropped).reason == "unmerged"


def test_ci_runs() -> None:
    history = History()
    running = history.ci_run("1", 1, state="started", outcome=None)
    ended = history.ci_run("1", 2)
    told_again = history.ci_run("1", 3)
    rerun = history.ci_run("1", 4, attempt=2)
    skipped = history.ci_run("2", 5, outcome="skipped")
    assert history.evidence(running).reason == "in_progress"
    assert history.evidence(ended).counted
    assert history.evidence(told_again).reason == "duplicate_state"
    assert history.evidence(rerun).counted
    assert history.evidence(skipped).reason == "skipped"


def test_events_that_belong_to_no_service() -> None:
    history = History()
    history.deploy("1", 1, "v1", rule="unresolved_service")
    history.ci_run("2", 2)
    history.deploy("3", 3, "v1", rule="ambiguous_repository")
    found = facts("", [one for one in history.events if one.rule != "repository"], FactsConfig())
    assert {(row.counted, row.reason) for row in found.evidence} == {
        (0, "unresolved_service"),
        (0, "ambiguous_repository"),
    }
    assert (found.releases, found.attempts, found.milestones) == ((), (), ())
