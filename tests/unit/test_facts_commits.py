"""Commits of a deployment: its list, the chain of pushes, merged changes, the head; each credited once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.delivery import Repository
from stream_processors.facts import FactsConfig
from tests.histories import HOUR, History, at, commit, sha


def pushed() -> History:
    """Commits c1, c2, c3, c4, one push each, at 1, 2, 3 and 4."""
    history = History()
    history.push(1, "c1", before=None)
    history.push(2, "c2", before="c1")
    history.push(3, "c3", before="c2")
    history.push(4, "c4", before="c3")
    return history


# (a) the list that the event carries


def test_a_list_decides_and_times_come_from_wherever_they_are_known() -> None:
    history = pushed()
    history.deploy("1", 10, commit="c4", commits=(commit("c2"), commit("c3", 2)))
    assert history.credited() == {"1": ["c2", "c3"]}
    assert history.releases()["1"].commit_rule == "list"
    rows = history.commits()
    assert rows["c2"].lead_time_us == 8.5 * HOUR
    assert (rows["c2"].rule, rows["c2"].is_first, rows["c2"].clock) == ("list", 1, "committer")


def test_an_empty_list_decides_even_for_the_first_deployment() -> None:
    history = pushed()
    history.deploy("1", 10, commit="c4", commits=())
    release = history.releases()["1"]
    assert (release.commit_rule, release.commits, release.is_first) == ("list", 0, 1)
    assert history.credited() == {}


def test_lists_of_regions_are_united() -> None:
    history = History()
    history.deploy("1", 10, "v1", environment="prod-us", commits=(commit("c1", 1), commit("c2", 2)))
    history.deploy("2", 11, "v1", environment="prod-eu", commits=(commit("c2", 2), commit("c3", 3)))
    assert history.credited() == {"1": ["c1", "c2", "c3"]}
    assert {one.at for one in history.facts().commits} == {at(10)}


def test_later_lists_subtract_what_is_deployed() -> None:
    history = History()
    history.deploy("1", 10, "v1", commits=(commit("c1", 1),))
    history.deploy("2", 20, "v2", commits=(commit("c1", 1), commit("c2", 2)))
    assert history.credited() == {"1": ["c1"], "2": ["c2"]}


# (b) the chain of pushes


def test_the_first_deployment_takes_all_that_is_known_and_the_next_what_came_since() -> None:
    history = pushed()
    history.deploy("1", 10, commit="c2")
    history.deploy("2", 20, commit="c4")
    assert history.credited() == {"1": ["c1", "c2"], "2": ["c3", "c4"]}
    rows = history.commits()
    assert [rows[name].is_first for name in ("c1", "c2", "c3")] == [1, 1, 0]
    assert rows["c4"].lead_time_us == 16.5 * HOUR
    assert history.releases()["2"].commit_rule == "pushes"
    assert history.releases()["2"].flags == ()


def test_pushes_are_linked_by_commits_not_by_clocks() -> None:
    history = History()
    history.push(1, "c1", before=None)
    history.push(3, "c2", before="c1")
    history.push(2, "c3", before="c2")  # its clock is behind
    history.push(3, "c4", before="c3")  # at the same instant as c2
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 20, commit="c4")
    assert history.credited() == {"1": ["c1"], "2": ["c2", "c3", "c4"]}
    assert history.releases()["2"].flags == ()


def test_failed_attempts_leave_their_commits_to_the_next_success() -> None:
    history = pushed()
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 20, commit="c3", status="failure")
    history.deploy("3", 30, commit="c4")
    assert history.credited() == {"1": ["c1"], "3": ["c2", "c3", "c4"]}


def test_rolled_back_commits_get_no_second_lead_time() -> None:
    history = pushed()
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 11, commit="c2")
    history.deploy("3", 12, commit="c3")
    history.deploy("4", 13, commit="c1")
    history.deploy("5", 14, commit="c4")
    assert history.credited() == {"1": ["c1"], "2": ["c2"], "3": ["c3"], "5": ["c4"]}
    assert history.releases()["4"].is_rollback


def test_a_gap_restarts_the_chain() -> None:
    history = History()
    history.push(1, "c1", before=None)
    history.push(2, "c2", before="c1")
    history.push(4, "c4", before="c3")  # the push of c3 was not seen
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 20, commit="c4")
    assert history.credited() == {"1": ["c1"], "2": ["c4"]}
    assert history.releases()["2"].flags == ("gap",)


def test_a_late_push_closes_the_gap() -> None:
    history = History()
    history.push(4, "c4", before="c3")
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 20, commit="c4")
    history.push(1, "c1", before=None)
    history.push(2, "c2", before="c1")
    history.push(3, "c3", before="c2")
    assert history.credited() == {"1": ["c1"], "2": ["c2", "c3", "c4"]}


def test_the_first_deployment_reaches_over_gaps() -> None:
    history = History()
    history.push(1, "c1", before=None)
    history.push(4, "c4", before="c3")
    history.deploy("1", 10, commit="c4")
    assert history.credited() == {"1": ["c1", "c4"]}
    assert history.releases()["1"].flags == ("gap",)


def test_a_chain_that_continues_from_the_previous_deployments_commit_has_no_gap() -> None:
    history = History()
    history.deploy("1", 1, commit="c1", commits=())
    history.push(2, "c2", before="c1")
    history.deploy("2", 20, commit="c2")
    assert history.credited() == {"2": ["c2"]}
    assert history.releases()["2"].flags == ()


def test_a_forced_push_restarts_the_chain() -> None:
    history = History()
    history.push(1, "c1", before=None)
    history.push(2, "c2", before="c1")
    history.push(3, "c3", "c4", before="c2", forced=True)
    history.push(4, "c5", before="c4")
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 20, commit="c5")
    assert history.credited() == {"1": ["c1"], "2": ["c3", "c4", "c5"]}
    assert history.releases()["2"].flags == ("forced",)


def test_a_commit_before_a_forced_push_follows_the_previous_one_where_both_lie() -> None:
    """METRICS 3 (b): between the previous commit, exclusive, and this one; main was set back to c2 in between."""
    history = History()
    history.push(1, "c1", "c2", "c3", before="c0")
    history.push(2, before="c3", after=sha("c2"), forced=True)
    history.deploy("1", 10, commit="c2", commits=())
    history.deploy("2", 20, commit="c3")
    assert history.credited() == {"2": ["c3"]}
    assert history.releases()["2"].flags == ()


def test_a_branch_that_is_set_back_to_where_it_was_first_seen_has_a_gap_there() -> None:
    history = History()
    history.push(1, "c2", before="c1")
    history.push(2, before="c2", after=sha("c1"), forced=True)
    history.deploy("1", 10, commit="c2")
    assert history.credited() == {"1": ["c2"]}
    assert history.releases()["1"].flags == ("gap",)


def test_a_list_that_the_provider_cut_is_flagged() -> None:
    history = History()
    history.push(1, "c1", before=None, is_truncated=True)
    history.deploy("1", 10, commit="c1")
    assert history.releases()["1"].flags == ("truncated",)


def test_short_ids_mean_their_long_ones() -> None:
    history = pushed()
    history.deploy("1", 10, commit=None)
    history.events[-1] = replace(
        history.events[-1],
        event=replace(
            history.events[-1].event,
            data=history.events[-1].event.data.model_copy(update={"commit": sha("c3")[:8]}),
        ),
    )
    assert history.credited() == {"1": ["c1", "c2", "c3"]}
    assert history.releases()["1"].commit == sha("c3")


def test_the_branch_is_the_deployments_own_ref() -> None:
    history = pushed()
    history.push(5, "f1", before="c2", ref="refs/heads/hotfix/1")
    history.deploy("1", 10, commit="c2")
    history.deploy("2", 20, commit="f1", ref="hotfix/1")
    assert history.credited() == {"1": ["c1", "c2"], "2": ["f1"]}


def test_the_default_branch_comes_before_the_earliest_push() -> None:
    history = History()
    history.push(1, "c1", before=None)
    history.push(2, "f1", before="c1", ref="refs/heads/topic")
    history.push(3, "c2", "f1", "c3", before="c1")
    history.deploy("1", 10, commit="c1", ref="refs/tags/v1")
    history.deploy("2", 20, commit="f1", ref="refs/tags/v2")
    assert history.credited() == {"1": ["c1"], "2": ["c2", "f1"]}


def test_a_commit_only_on_a_topic_branch_is_found_there() -> None:
    history = pushed()
    history.push(5, "f1", "f2", before="c4", ref="refs/heads/topic")
    history.deploy("1", 10, commit="c4")
    history.deploy("2", 20, commit="f2")
    assert history.credited()["2"] == ["f1", "f2"]


def test_a_branch_cut_from_another_goes_on_there() -> None:
    history = pushed()
    history.push(5, before=None, after=sha("c3"), ref="refs/heads/release/1")
    history.push(6, "f1", before="c3", ref="refs/heads/release/1")
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 20, commit="f1", ref="refs/heads/release/1")
    history.deploy("3", 30, commit="c4", ref="refs/heads/main")
    assert history.credited() == {"1": ["c1"], "2": ["c2", "c3", "f1"], "3": ["c4"]}


def test_commits_that_came_by_another_branch_are_subtracted_not_skipped_to() -> None:
    history = History()
    history.push(1, "c1", before=None)
    history.push(2, "f1", before="c1", ref="refs/heads/hotfix")
    history.push(3, "c2", before="c1")
    history.push(4, "f1", "c3", before="c2")  # the hotfix comes to main after c2
    history.deploy("1", 10, commit="c1", ref="main")
    history.deploy("2", 20, commit="f1", ref="hotfix")
    history.deploy("3", 30, commit="c3", ref="main")
    assert history.credited() == {"1": ["c1"], "2": ["f1"], "3": ["c2", "c3"]}


def test_another_repository_is_another_branch() -> None:
    history = pushed()
    other = Repository(id="git.example:8", name="git.example/acme/other")
    history.push(5, "d1", before="c4", repository=other)
    history.deploy("1", 10, commit="c4")
    history.deploy("2", 20, commit="d1", repository=other)
    assert history.credited()["2"] == ["d1"]


def test_a_renamed_repository_is_one_by_its_id() -> None:
    history = History()
    history.push(1, "c1", before=None, repository=Repository(id="git.example:7", name="git.example/acme/old"))
    history.push(2, "c2", before="c1", repository=Repository(id="git.example:7", name="git.example/acme/new"))
    history.deploy("1", 10, commit="c2", repository=Repository(name="git.example/acme/new"))
    assert history.credited() == {"1": ["c1", "c2"]}


def test_two_sources_that_tell_the_same_pushes() -> None:
    history = pushed()
    history.push(4, "c2", "c3", "c4", before="c1", url="https://elsewhere.example")
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 20, commit="c4")
    assert history.credited() == {"1": ["c1"], "2": ["c2", "c3", "c4"]}
    assert history.releases()["2"].flags == ()


def test_a_branch_made_twice_over() -> None:
    history = pushed()
    history.push(1, "c1", before=None, url="https://elsewhere.example")  # told twice
    history.push(5, before="c4", after=None)  # deleted, and made again where it was before
    history.push(6, before=None, after=sha("c2"))
    history.push(7, "c5", before="c2")
    history.deploy("1", 10, commit="c1")
    history.deploy("2", 20, commit="c5")
    assert history.credited() == {"1": ["c1"], "2": ["c2", "c5"]}
    assert history.releases()["2"].flags == ()


def test_in_a_shared_repository_only_own_commits_count_and_others_keep_the_chain() -> None:
    history = History()
    history.push(1, "c1", "c2", before=None, rule="path", own=["c1"])
    history.push(2, "c3", before="c2", rule="context", own=[])
    history.push(3, "c4", before="c3", rule="path", own=["c4"])
    history.deploy("1", 10, commit="c2")
    history.deploy("2", 20, commit="c4")
    assert history.credited() == {"1": ["c1"], "2": ["c4"]}
    assert history.releases()["2"].flags == ()
    assert [one.rule for one in history.facts().evidence if one.kind == "push"] == ["path", "path"]


# (c) merged changes


def merged() -> History:
    """Changes 1, 2 and 3 merged at 1, 2 and 3 as merge commits e1, e2, e3; no pushes are known."""
    history = History()
    for number in (1, 2, 3):
        own = (commit(f"c{number}", number - 0.5), commit(f"d{number}", number - 0.25))
        history.merge(number, number, merge_commit=f"e{number}", method="merge", commits=own, merged_at=at(number))
    return history


def test_without_pushes_the_changes_merged_since_count() -> None:
    history = merged()
    history.deploy("1", 10, commit="e1")
    history.deploy("2", 20, commit="e3")
    assert history.credited() == {"1": ["c1", "d1"], "2": ["c2", "c3", "d2", "d3"]}
    assert history.releases()["2"].commit_rule == "merges"
    assert history.commits()["c3"].lead_time_us == 17.5 * HOUR


def test_the_first_deployment_takes_all_changes() -> None:
    history = merged()
    history.deploy("1", 10, commit="e3")
    assert len(history.credited()["1"]) == 6


def test_a_previous_commit_of_no_change_restarts() -> None:
    history = merged()
    history.deploy("1", 10, commit="a1")
    history.deploy("2", 20, commit="e3")
    assert history.credited()["2"] == ["c3", "d3"]
    assert history.releases()["2"].flags == ("gap",)


def test_a_changes_commits_come_from_pushes_to_its_head() -> None:
    history = History()
    history.push(1, "c1", "c2", before="a9", ref="refs/heads/topic")
    history.merge(3, 7, merge_commit="e1", method="merge", head_ref="topic", head_commit="c2")
    history.deploy("1", 10, commit="e1", ref="refs/heads/main")
    assert history.credited() == {"1": ["c1", "c2"]}
    assert history.releases()["1"].commit_rule == "merges"


def test_a_head_branch_used_again_gives_only_what_is_new() -> None:
    history = History()
    history.push(1, "c1", before=None, ref="refs/heads/develop")
    history.merge(2, 7, merge_commit="e1", method="merge", head_ref="develop", head_commit="c1")
    history.push(3, "c2", before="c1", ref="refs/heads/develop")
    history.merge(4, 8, merge_commit="e2", method="merge", head_ref="develop", head_commit="c2")
    history.deploy("1", 10, commit="e1")
    history.deploy("2", 20, commit="e2")
    assert history.credited() == {"1": ["c1"], "2": ["c2"]}


def test_where_a_head_branch_was_cut_is_no_commit_of_the_change() -> None:
    """METRICS 3: PR commits come from pushes to its head ref; the push that made the branch brought none."""
    history = History()
    history.push(1, before=None, after=sha("c1"), ref="refs/heads/topic")
    history.push(2, "c2", before="c1", ref="refs/heads/topic")
    history.merge(3, 7, merge_commit="e1", method="merge", head_ref="topic", head_commit="c2")
    history.deploy("1", 10, commit="e1", ref="refs/heads/main")
    assert history.credited() == {"1": ["c2"]}


def test_a_fork_keeps_its_commits_to_itself() -> None:
    history = History()
    fork = Repository(id="git.example:99", name="git.example/someone/pay")
    history.merge(3, 7, merge_commit="e1", method="merge", head_ref="x", head_commit="c2", head_repository=fork)
    history.deploy("1", 10, commit="e1")
    assert history.credited() == {}
    assert (history.releases()["1"].commit_rule, history.releases()["1"].flags) == ("merges", ("forks",))


# (d) the head alone


def test_the_head_alone() -> None:
    history = History()
    history.push(1, "c1", before=None, ref="refs/tags/v1")  # a tag is no branch, but it tells the commit's time
    history.deploy("1", 10, commit="c1")
    assert history.credited() == {"1": ["c1"]}
    assert history.releases()["1"].commit_rule == "head"


def test_a_head_without_a_known_time_is_not_counted() -> None:
    history = History()
    history.deploy("1", 10, commit="c1")
    assert history.credited() == {}
    assert history.commits()["c1"].not_counted == "no_time"
    assert history.releases()["1"].commits == 0


def test_no_commit_at_all() -> None:
    history = History()
    history.deploy("1", 10, "v1")
    release = history.releases()["1"]
    assert (release.commit_rule, release.flags) == ("none", ("no_commit",))


# squash, merge commits, clocks, robots


def squashed(method: str | None) -> History:
    history = History()
    history.push(1, "c0", before=None)
    history.push(2, "f1", before="c0", ref="refs/heads/topic")
    history.push(3, "f2", before="f1", ref="refs/heads/topic")
    history.merge(3.5, 7, "opened", opened_at=at(3.5), head_ref="topic", head_commit="f2")
    history.merge(4, 7, "approved", head_ref="topic", head_commit="f2")
    history.merge(5, 7, merge_commit="e1", method=method, head_ref="topic", head_commit="f2", commit_count=2)
    history.push(5, "e1", before="c0")
    history.deploy("1", 0.9, commit="c0")
    history.deploy("2", 10, commit="e1")
    return history


@pytest.mark.parametrize("method", ["squash", None])
def test_a_squash_counts_once_with_its_own_time(method: str | None) -> None:
    history = squashed(method)
    assert history.credited()["2"] == ["e1"]
    row = history.commits()["e1"]
    assert (row.is_squash, row.lead_time_us, row.first_commit_lead_time_us) == (1, 5.5 * HOUR, 8.5 * HOUR)


def test_the_own_commits_of_a_squashed_change_are_not_credited_again() -> None:
    """METRICS 3: the squash commit stands for them, whether a list names both or the topic is deployed later."""
    history = squashed("squash")
    history.deploy("3", 20, commit="f2", ref="refs/heads/topic")
    assert history.credited()["2"] == ["e1"]
    assert "3" not in history.credited()
    listed = squashed("squash")
    listed.deploy("2", 10, commit="e1", commits=(commit("f1"), commit("f2"), commit("e1")))
    assert listed.credited()["2"] == ["e1"]


def test_stages_of_a_change() -> None:
    row = squashed("squash").commits()["e1"]
    assert row.coding_us == 2 * HOUR  # first commit 1:30, opened 3:30
    assert row.review_us == 0.5 * HOUR
    assert row.merge_us == 1 * HOUR
    assert row.deploy_us == 5 * HOUR


def test_stages_that_were_not_observed_are_unknown() -> None:
    history = merged()
    history.deploy("1", 10, commit="e1")
    row = history.commits()["c1"]
    assert (row.coding_us, row.review_us, row.merge_us, row.deploy_us) == (None, None, None, 9 * HOUR)


def test_merge_commits_are_excluded_by_their_parents_or_their_title() -> None:
    history = History()
    both = (
        commit("c1", 1, parents=1, title="Merge pull request #9 from acme/topic"),  # one parent: no merge
        commit("c2", 1, parents=2, title="Bring topic home"),
        commit("c3", 1, title="Merge branch 'topic' into main"),
    )
    history.deploy("1", 10, commits=both)
    assert history.credited() == {"1": ["c1"]}
    assert history.commits()["c2"].not_counted == history.commits()["c3"].not_counted == "merge_commit"
    assert history.releases()["1"].flags == ("merge_by_title",)


def test_a_commit_later_than_its_deployment_is_clock_skew_and_counts_as_deployed() -> None:
    history = History()
    history.deploy("1", 10, "v1", commits=(commit("c1", 11), commit("c2", 10)))
    history.deploy("2", 20, "v2", commits=(commit("c1", 11),))
    rows = history.commits()
    assert (rows["c1"].not_counted, rows["c1"].lead_time_us, rows["c1"].release) == ("clock_skew", None, "1")
    assert rows["c2"].lead_time_us == 0
    assert history.releases()["1"].commits == 1


def test_the_committers_time_is_the_default() -> None:
    author = commit("c1", 1).model_copy(update={"clock": "author"})
    for clock, lead in (("committer", 7), ("author", 9)):
        history = History(FactsConfig(clock=clock))
        history.push(5, before=None, commits=(author,))
        history.deploy("1", 10, commits=(commit("c1", 3),))
        assert (history.commits()["c1"].clock, history.commits()["c1"].lead_time_us) == (clock, lead * HOUR)


def test_robots_are_marked_not_dropped() -> None:
    robot = "00000000000000aa"
    history = History(FactsConfig(bots=frozenset({robot})))
    listed = (commit("c1", 1, is_bot=True), commit("c2", 1, author=robot), commit("c3", 1))
    history.deploy("1", 10, commits=listed)
    assert {name: row.is_bot for name, row in history.commits().items()} == {"c1": 1, "c2": 1, "c3": 0}
    assert history.releases()["1"].commits == 3


def test_a_first_release_after_the_branch_was_set_back_keeps_what_lies_behind() -> None:
    history = History()
    history.push(1, "c1", "c2", before=None)
    history.push(2, "c3", before="c2")
    history.push(3, before="c3", after=sha("c2"), forced=True)  # c3 is given up
    history.push(4, "c4", before="c2")
    history.deploy("1", 5, commit="c4")
    assert history.credited() == {"1": ["c1", "c2", "c4"]}
    assert history.releases()["1"].flags == ("forced",)
