"""Rivals' adoption: who is new, who left, who uses it at all, and of how many."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from schemas import catalog
from tests.rivals.story import Story, at
from tests.rivals.telling import Telling, rival

WEEKS = "2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"
"""Mondays."""


@rival("https://github.com/PostHog/posthog/issues/13733")
def test_a_backfill_makes_everybody_new_on_its_day() -> Telling:
    """Three callers since the week of 2 March; their logs of February come late, in June: they were new in February.

    A caller that is "created" when it is first heard of is new in whatever week the backfill ran, or arrived first.
    """
    story = Story("use-backfill")
    story.platform()
    story.observed("2026-02-02", "2026-02-09", *WEEKS)
    for consumer in ("a", "b", "c"):
        story.calls("2026-03-03 10:00", consumer)
        story.calls("2026-02-03 10:00", consumer, late=True)
    ours = yield story

    assert (ours.growth("use-backfill", "2026-02-02").new, ours.growth("use-backfill", "2026-03-02").new) == (3, 0)
    assert ours.growth("use-backfill", "2026-03-02").resurrected == 3

    created: dict[str, str] = {}
    for one in (*story.requests, *story.late_requests):
        if not one.is_synthetic:
            created.setdefault(one.consumer, str((one.at - timedelta(days=one.at.weekday())).date()))
    assert Counter(created.values()) == {"2026-03-02": 3}


@rival(
    "https://github.com/JanssenProject/jans/issues/14830",
    "https://experienceleague.adobe.com/en/docs/analytics-platform/using/guided-analysis/active-growth",
)
def test_those_who_come_back_are_new() -> Telling:
    """`a` came, stayed away for two weeks and came back with `b`: one new, one resurrected. The rival has 2 new."""
    story = Story("use-back")
    story.platform()
    story.observed(*WEEKS)
    story.calls("2026-03-03 10:00", "a")
    for consumer in ("a", "b"):
        story.calls("2026-03-24 10:00", consumer)
    ours = yield story

    week = ours.growth("use-back", "2026-03-23")
    assert (week.active, week.new, week.resurrected, week.retained) == (2, 1, 1, 0)

    weeks = story.weeks()
    assert len(weeks["2026-03-23"] - weeks["2026-03-16"]) == 2


@rival(
    "https://experienceleague.adobe.com/en/docs/analytics-platform/using/guided-analysis/active-growth",
    "https://github.com/JanssenProject/jans/issues/14830",
)
def test_what_was_before_the_chart_begins_never_was() -> Telling:
    """`a` has called since January; asked for March, it is retained. By a look-back as long as the chart it is new."""
    story = Story("use-look-back")
    story.platform()
    story.observed("2026-01-05", "2026-02-23", *WEEKS)
    for day in ("2026-01-06", "2026-02-24", "2026-03-03"):
        story.calls(f"{day} 10:00", "a")
    ours = yield story

    week = ours.growth("use-look-back", "2026-03-02")
    assert (week.new, week.retained) == (0, 1)

    chart = [one for one in story.requests if one.at >= at("2026-03-02")]
    assert min(story.weeks(chart)) == "2026-03-02"


@rival("https://github.com/PostHog/posthog/issues/25367")
def test_callers_without_a_profile_are_all_resurrected() -> Telling:
    """Two callers nobody declared, first seen in the week of 9 March: new. "Created" in 1970 they have come back."""
    story = Story("use-profile")
    story.platform()
    story.observed(*WEEKS)
    for consumer in ("a", "b"):
        story.calls("2026-03-10 10:00", consumer)
    ours = yield story

    week = ours.growth("use-profile", "2026-03-09")
    assert (week.new, week.resurrected) == (2, 0)

    profiles = {one.data.consumer: one.time for one in story.events if isinstance(one.data, catalog.Consumer)}
    created = {consumer: profiles.get(consumer, at("1970-01-01")) for consumer in story.weeks()["2026-03-09"]}
    assert sum(begun < at("2026-03-09") for begun in created.values()) == 2


@rival(
    "https://github.com/pnp/Microsoft365-Analytics-Insights/issues/545",
    "https://github.com/PostHog/posthog/issues/2833",
)
def test_whoever_has_not_called_this_week_yet_has_churned() -> Telling:
    """Three callers last week, one so far in the week that runs: nobody has churned yet, it is not over."""
    story = Story("use-running")
    story.platform()
    story.observed("2026-06-08", "2026-06-15")
    for consumer in ("a", "b", "c"):
        story.calls("2026-06-09 10:00", consumer)
    story.calls("2026-06-16 10:00", "a")
    ours = yield story

    running = ours.growth("use-running", "2026-06-15")
    assert (running.is_partial, running.active, running.churned, running.quick_ratio) == (1, 1, None, None)
    assert running.null_reason == "period_open"

    weeks = story.weeks()
    assert len(weeks["2026-06-08"] - weeks["2026-06-15"]) == 2


@rival(
    "https://github.com/knative/serving/issues/14581",
    "https://github.com/openfaas/faas-netes/issues/748",
    "https://github.com/envoyproxy/envoy/issues/12760",
)
def test_health_checks_are_use() -> Telling:
    """A probe every ten seconds and one request of a team: one active caller, one use. By requests there are 361."""
    story = Story("use-probes")
    story.platform()
    for second in range(0, 3600, 10):
        story.calls(f"2026-03-03 10:{second // 60:02}:{second % 60:02}", "kubelet", is_synthetic=True)
    story.calls("2026-03-03 10:00", "a")
    ours = yield story

    assert ours.growth("use-probes", "2026-03-02").active == 1
    uses = "SELECT sum(uses) FROM adoption_use WHERE service = 'use-probes'"
    assert ours.rows(uses) == [(1,)]

    assert len(story.requests) == 361
    assert {one.consumer for one in story.requests} == {"a", "kubelet"}


@rival(
    "https://github.com/the-blue-alliance/the-blue-alliance/issues/2050",
    "https://github.com/sonatype/nexus-public/issues/736",
)
def test_whoever_knocks_uses_it() -> Telling:
    """`b` is refused (403), `c` is told to slow down (429), `d` gets errors (503): only `a` uses it."""
    story = Story("use-knock")
    story.platform()
    for consumer, status in (("a", 200), ("b", 403), ("c", 429), ("d", 503)):
        outcome = {"outcome": "limited"} if status == 429 else {}
        story.calls("2026-03-03 10:00", consumer, status=status, **outcome)
    ours = yield story

    assert ours.growth("use-knock", "2026-03-02").active == 1

    assert len(story.weeks()["2026-03-02"]) == 4


@rival(
    "https://github.com/open-metadata/OpenMetadata/issues/10247",
    "https://github.com/apache/devlake/issues/6264",
)
def test_whoever_works_for_several_teams_counts_in_each() -> Telling:
    """`shared` calls for two teams in one week: one caller, of the team it last called for; slices add up. Else two."""
    story = Story("use-shared")
    story.platform()
    story.observed(*WEEKS)
    story.calls("2026-03-03 10:00", "shared", team="use-red")
    story.calls("2026-03-04 10:00", "shared", team="use-blue")
    ours = yield story

    assert ours.growth("use-shared", "2026-03-02").active == 1
    assert ours.growth("use-shared", "2026-03-02", "team").active == 1
    active = "SELECT team FROM adoption_active WHERE service = 'use-shared'"
    assert ours.rows(active) == [("use-blue",)]

    pairs = {(one.consumer, one.team) for one in story.requests if not one.is_synthetic}
    assert len(pairs) == 2


@rival("https://github.com/sportnginlegacy/hubstats/issues/91")
def test_a_caller_that_changes_team_is_churn_and_growth() -> Telling:
    """A caller moves from one team to another between two weeks: reassigned. By team a rival wins one and loses one."""
    story = Story("use-moves")
    story.platform()
    story.observed(*WEEKS)
    story.owns("use-from", "mover")
    story.owns("use-to", "mover", when="2026-03-09")
    for day in ("2026-03-03", "2026-03-10"):
        story.calls(f"{day} 10:00", "mover")
    ours = yield story

    week = ours.growth("use-moves", "2026-03-09", "team")
    assert (week.new, week.churned, week.reassigned_in, week.reassigned_out) == (0, 0, 1, 1)

    teams = [{"use-from"}, {"use-to"}]
    assert (len(teams[1] - teams[0]), len(teams[0] - teams[1])) == (1, 1)


@rival("https://github.com/JanssenProject/jans/issues/14830")
def test_adoption_falls_as_it_succeeds() -> Telling:
    """Three callers, all there since the first week: nobody is new, all are active. New by active users: 0 %."""
    story = Story("use-success")
    story.platform()
    story.observed(*WEEKS)
    for day in ("2026-03-03", "2026-03-10"):
        for consumer in ("a", "b", "c"):
            story.calls(f"{day} 10:00", consumer)
    ours = yield story

    week = ours.growth("use-success", "2026-03-09")
    assert (week.active, week.new, week.retained, week.churned) == (3, 0, 3, 0)

    weeks = story.weeks()
    assert len(weeks["2026-03-09"] - weeks["2026-03-02"]) / len(weeks["2026-03-09"]) == 0.0


@rival("https://github.com/muxinc/mux-node-sdk/issues/83")
def test_a_batch_that_is_sent_again_is_used_again() -> Telling:
    """The shipper did not hear our answer and sent its hundred requests once more: a hundred uses, not two hundred."""
    story = Story("use-twice")
    story.platform()
    for second in range(50):
        story.calls(f"2026-03-03 10:00:{second:02}", "a")
    batch = [one for one in story.requests if not one.is_synthetic]
    story.late_requests += batch
    ours = yield story

    assert ours.rows("SELECT sum(uses) FROM adoption_use WHERE service = 'use-twice'") == [(50,)]

    assert len(story.requests) + len(story.late_requests) == 100
