"""Rivals' change lead times: which commits a deployment brought, when they were made, and the middle of it all."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from statistics import fmean

from schemas import catalog
from schemas.delivery import Deployment, Merge, Push
from tests.rivals.story import DAY, HOUR, Story, at
from tests.rivals.telling import Telling, median, rival

APRIL = "2026-04-01", "2026-05-01"
LEAD = "change_lead_time_p50_seconds"
HOURS = 3600.0
DEVLAKE_CALCULATOR = (
    "https://github.com/apache/incubator-devlake/blob/main/backend/plugins/dora/tasks/change_lead_time_calculator.go"
)
MIDDLEWARE = "https://github.com/middlewarehq/middleware/blob/main/backend/analytics_server/mhq"


@rival(
    "https://github.com/apache/devlake/issues/4651",
    "https://github.com/red-gate/RedGate.Metrics/pull/18",
)
def test_the_median_is_the_lower_of_the_two_in_the_middle() -> Telling:
    """Two commits, 1 h and 100 h: the median is 50.5 h. The largest value with a percent rank of at most ½ is 1 h."""
    story = Story("lead-lower")
    story.deploy("d1", "2026-04-10 10:00", commits=[("c1", "2026-04-10 09:00"), ("c2", "2026-04-06 06:00")])
    ours = yield story

    lead = ours.velocity("lead-lower", LEAD, *APRIL)
    assert (lead.value, lead.n) == (50.5 * HOURS, 2)

    (deployment,) = story.said(Deployment)
    leads = sorted((deployment.time - commit.committed_at) / HOUR for commit in deployment.commits)
    assert [lead for rank, lead in enumerate(leads) if rank / (len(leads) - 1) <= 0.5][-1] == 1.0


@rival(
    f"{MIDDLEWARE}/utils/dict.py",
    "https://github.com/apache/devlake/issues/6346",
)
def test_a_lead_time_that_is_not_known_is_zero() -> Telling:
    """Of three commits two have no time: one lead time, 10 h. With 0 in their place the median is 0."""
    story = Story("lead-null")
    story.deploy("d1", "2026-04-10 10:00", commits=[("c1", "2026-04-10 00:00"), ("c2",), ("c3",)])
    ours = yield story

    lead = ours.velocity("lead-null", LEAD, *APRIL)
    assert (lead.value, lead.n) == (10 * HOURS, 1)

    (deployment,) = story.said(Deployment)
    leads = [(deployment.time - one.committed_at) / HOUR if one.committed_at else 0 for one in deployment.commits]
    assert median(leads) == 0


@rival(
    "https://github.com/dora-team/fourkeys/pull/116",
    "https://github.com/bobmatnyc/trusty-tools/pull/7163",
)
def test_a_period_without_commits_has_the_best_lead_time_of_all() -> Telling:
    """Only a configuration was deployed in April: no lead time. An empty sum divided by something is 0 hours: elite."""
    story = Story("lead-empty")
    story.deploy("d1", "2026-04-10 10:00", commits=[])
    ours = yield story

    lead = ours.velocity("lead-empty", LEAD, *APRIL)
    assert (lead.value, lead.null_reason, lead.n) == (None, "no_commit", 0)

    leads = [one.time - commit.committed_at for one in story.said(Deployment) for commit in one.commits]
    assert sum(lead / HOUR for lead in leads) / max(1, len(leads)) == 0.0


@rival(
    DEVLAKE_CALCULATOR,
    "https://github.com/apache/devlake/pull/8552",
    "https://github.com/DataDog/documentation/pull/22241",
)
def test_the_first_deployment_has_no_lead_time() -> Telling:
    """A new service's first deployment brought two commits, its second one: three lead times, median 8 h, not 2 h."""
    story = Story("lead-first")
    story.push("2026-04-02 01:30", ("c1", "2026-04-02 00:00"), ("c2", "2026-04-02 01:00"))
    story.deploy("d1", "2026-04-02 09:00", commit="c2")
    story.push("2026-04-03 08:30", ("c3", "2026-04-03 08:00"))
    story.deploy("d2", "2026-04-03 10:00", commit="c3")
    ours = yield story

    lead = ours.velocity("lead-first", LEAD, *APRIL)
    assert (lead.value, lead.n) == (8 * HOURS, 3)

    deployments = story.said(Deployment)
    made = {commit.sha: commit.committed_at for push in story.said(Push) for commit in push.commits}
    chain = [commit.sha for push in story.said(Push) for commit in push.commits]
    leads = []
    for before, this in pairwise(deployments):
        new = chain[chain.index(before.commit) + 1 : chain.index(this.commit) + 1]
        leads += [(this.time - made[sha]) / HOUR for sha in new]
    assert leads == [2.0]


@rival("https://github.com/red-gate/RedGate.Metrics/pull/19")
def test_the_medians_of_releases_are_averaged() -> Telling:
    """One release of nine commits of 2 h, one of a single commit of 100 h: the median commit took 2 h, not 51 h."""
    story = Story("lead-means")
    story.deploy("d1", "2026-04-10 10:00", commits=[(f"c{n}", "2026-04-10 08:00") for n in range(9)])
    story.deploy("d2", "2026-04-20 10:00", commits=[("late", "2026-04-16 06:00")])
    ours = yield story

    lead = ours.velocity("lead-means", LEAD, *APRIL)
    assert (lead.value, lead.n) == (2 * HOURS, 10)

    medians = [median((d.time - c.committed_at) / HOUR for c in d.commits) for d in story.said(Deployment)]
    assert fmean(medians) == 51.0


@rival("https://github.com/DataDog/documentation/pull/22241")
def test_one_old_commit_makes_the_mean() -> Telling:
    """Four commits of 1 h and one from a drawer, 1,000 h: half of them took 1 h. Their average is 200.8 h."""
    story = Story("lead-mean")
    fresh = [(f"c{n}", "2026-04-20 09:00") for n in range(4)]
    story.deploy("d1", "2026-04-20 10:00", commits=[*fresh, ("drawer", "2026-03-09 18:00")])
    ours = yield story

    assert ours.velocity("lead-mean", LEAD, *APRIL).value == 1 * HOURS

    (deployment,) = story.said(Deployment)
    assert fmean((deployment.time - commit.committed_at) / HOUR for commit in deployment.commits) == 200.8


@rival(
    f"{MIDDLEWARE}/service/deployments/analytics.py",
    "https://github.com/apache/devlake/issues/3516",
)
def test_a_change_is_paired_with_the_next_deployment_by_time_alone() -> Telling:
    """A change was merged to main; the next deployment was a hotfix from `release`, which lacks it. It went out on the
    third: 50 h for it, 1 h for the hotfix's own commit. By time alone it took 2 h.
    """
    story = Story("lead-by-time")
    story.push("2026-04-01 07:00", ("base", "2026-04-01 06:00"))
    story.deploy("d0", "2026-04-01 08:00", commit="base", ref="main")
    story.push("2026-04-02 08:30", ("change", "2026-04-02 08:00"))
    story.branch("refs/heads/release", "base")
    story.push("2026-04-02 09:05", ("fix", "2026-04-02 09:00"), ref="refs/heads/release")
    story.deploy("d1", "2026-04-02 10:00", commit="fix", ref="release")
    story.deploy("d2", "2026-04-04 10:00", commit="change", ref="main")
    ours = yield story

    found = ours.rows("SELECT sha, release, lead_time_us / 3.6e9 FROM commits WHERE service = 'lead-by-time'")
    assert set(found) == {
        (story.sha("base"), "d0", 2.0),
        (story.sha("fix"), "d1", 1.0),
        (story.sha("change"), "d2", 50.0),
    }

    merged = next(one for one in story.said(Push) if one.after == story.sha("change"))
    after = min(one.time for one in story.said(Deployment) if one.time > merged.time)
    assert (after - merged.commits[0].committed_at) / HOUR == 2.0


@rival("https://github.com/DataDog/documentation/pull/25092")
def test_merge_commits_are_changes() -> Telling:
    """Two commits of 30 h and 20 h, each merged 1 h before the deployment: median 25 h. With the merges it is 10.5."""
    story = Story("lead-merges")
    merge = {"parents": 2}
    story.push("2026-04-10 09:00", ("c1", "2026-04-09 04:00"), ("m1", "2026-04-10 09:00", merge))
    story.push("2026-04-10 09:10", ("c2", "2026-04-09 14:00"), ("m2", "2026-04-10 09:00", merge))
    story.deploy("d1", "2026-04-10 10:00", commit="m2")
    ours = yield story

    lead = ours.velocity("lead-merges", LEAD, *APRIL)
    assert (lead.value, lead.n) == (25 * HOURS, 2)

    (deployment,) = story.said(Deployment)
    leads = [(deployment.time - c.committed_at) / HOUR for push in story.said(Push) for c in push.commits]
    assert median(leads) == 10.5


@rival(
    DEVLAKE_CALCULATOR,
    "https://github.com/camunda/camunda/issues/56424",
)
def test_a_clock_that_is_ahead_makes_a_lead_time_of_zero() -> Telling:
    """A laptop's clock was a day ahead: that commit says nothing, the others took 3 h and 5 h. With 0 for it: 3 h."""
    story = Story("lead-skew")
    times = [("c1", "2026-04-10 07:00"), ("c2", "2026-04-10 05:00"), ("ahead", "2026-04-11 09:00")]
    story.deploy("d1", "2026-04-10 10:00", commits=times)
    ours = yield story

    lead = ours.velocity("lead-skew", LEAD, *APRIL)
    assert (lead.value, lead.n) == (4 * HOURS, 2)
    skewed = "SELECT count() FROM commits WHERE service = 'lead-skew' AND not_counted = 'clock_skew'"
    assert ours.rows(skewed) == [(1,)]

    (deployment,) = story.said(Deployment)
    assert median(max(0.0, (deployment.time - c.committed_at) / HOUR) for c in deployment.commits) == 3.0


@rival(
    "https://github.com/apache/devlake/issues/8646",
    "https://github.com/apache/devlake/issues/8381",
)
def test_robots_cannot_be_told_from_people() -> Telling:
    """Three robots' commits of 6 minutes, two of people of 40 h and 60 h: 50 h without robots, and both are there."""
    story = Story("lead-robots")
    robots = [(f"r{n}", "2026-04-10 09:54", {"is_bot": True}) for n in range(3)]
    people = [("p1", "2026-04-08 18:00"), ("p2", "2026-04-07 22:00")]
    story.deploy("d1", "2026-04-10 10:00", commits=[*robots, *people])
    ours = yield story

    assert ours.velocity("lead-robots", LEAD, *APRIL).value == 0.1 * HOURS
    without = ours.velocity("lead-robots", "change_lead_time_without_bots_p50_seconds", *APRIL)
    assert (without.value, without.n) == (50 * HOURS, 2)

    (deployment,) = story.said(Deployment)
    assert median((deployment.time - c.committed_at) / HOUR for c in deployment.commits) == 0.1


@rival(
    "https://github.com/dora-team/fourkeys/issues/456",
    "https://github.com/DataDog/documentation/pull/23271",
)
def test_a_squashed_change_has_only_the_time_since_its_squash() -> Telling:
    """Three commits over two days became one squash commit, deployed 1 h later: n = 1, 1 h, flagged, and beside it 49 h
    from the first commit. The rival has the 1 h alone; one that keeps the branch's commits counts four.
    """
    story = Story("lead-squash")
    story.push("2026-04-08 08:00", ("base", "2026-04-08 08:00"))
    story.deploy("d0", "2026-04-08 08:00:00", commit="base")
    story.branch("refs/heads/feature", "base")
    branch = [("f1", "2026-04-08 09:00"), ("f2", "2026-04-09 09:00"), ("f3", "2026-04-09 15:00")]
    story.push("2026-04-09 16:00", *branch, ref="refs/heads/feature")
    story.push("2026-04-10 09:00", ("squash", "2026-04-10 09:00"))
    story.merge(
        "2026-04-10 09:00", 1, head_ref="feature", head_commit="f3", merge_commit="squash", method="squash",
        merged_at=at("2026-04-10 09:00"),
    )  # fmt: skip
    story.deploy("d1", "2026-04-10 10:00", commit="squash")
    ours = yield story

    (found,) = ours.rows(
        "SELECT sha, lead_time_us / 3.6e9, first_commit_lead_time_us / 3.6e9, is_squash FROM commits "
        "WHERE service = 'lead-squash' AND release = 'd1'"
    )
    assert found == (story.sha("squash"), 1.0, 49.0, 1)
    beside = ours.velocity("lead-squash", "change_lead_time_from_first_commit_p50_seconds", *APRIL)
    assert (beside.value, beside.n) == (49 * HOURS, 1)

    (merge,), pushes = story.said(Merge), story.said(Push)
    deployed = story.said(Deployment)[-1].time
    on_main = [
        c for push in pushes if push.ref == "refs/heads/main" for c in push.commits if c.sha == merge.merge_commit
    ]
    assert [(deployed - c.committed_at) / HOUR for c in on_main] == [1.0]
    everywhere = [c for push in pushes for c in push.commits if c.sha != story.sha("base")]
    assert len(everywhere) == 4


@rival(
    DEVLAKE_CALCULATOR,
    "https://github.com/DataDog/documentation/pull/29239",
)
def test_a_cherry_pick_is_as_old_as_its_original() -> Telling:
    """A month-old commit was picked to `release` and deployed 2 h later: it was committed there anew. Not 722 h."""
    story = Story("lead-cherry-pick")
    story.push("2026-03-10 08:05", ("base", "2026-03-10 07:00"), ("original", "2026-03-11 08:00"))
    story.deploy("d0", "2026-03-11 07:00", commit="base", ref="main")
    story.branch("refs/heads/release", "base")
    story.push("2026-04-10 08:05", ("picked", "2026-04-10 08:00"), ref="refs/heads/release")
    story.deploy("d1", "2026-04-10 10:00", commit="picked", ref="release")
    ours = yield story

    lead = ours.velocity("lead-cherry-pick", LEAD, *APRIL)
    assert (lead.value, lead.n) == (2 * HOURS, 1)

    authored = next(c.committed_at for one in story.said(Push) for c in one.commits if c.sha == story.sha("original"))
    assert (story.said(Deployment)[-1].time - authored) / HOUR == 722.0


@rival("https://github.com/DataDog/documentation/pull/22241")
def test_what_was_rolled_back_is_credited_again() -> Telling:
    """v1, v2, back to v1, and v2 again three days later. The commit of v2 reached production once, after 1 h; `git log`
    between neighbours finds it twice, and the second time it took 73 h.
    """
    story = Story("lead-again")
    story.push("2026-04-10 08:00", ("c1", "2026-04-10 07:00"))
    story.push("2026-04-10 09:30", ("c2", "2026-04-10 09:00"))
    for name, when, version, commit in (
        ("d1", "2026-04-10 08:00", "v1", "c1"),
        ("d2", "2026-04-10 10:00", "v2", "c2"),
        ("d3", "2026-04-10 11:00", "v1", "c1"),
        ("d4", "2026-04-13 10:00", "v2", "c2"),
    ):
        story.deploy(name, when, version=version, commit=commit)
    ours = yield story

    lead = ours.velocity("lead-again", LEAD, *APRIL)
    assert (lead.value, lead.n) == (1 * HOURS, 2)

    made = {c.sha: c.committed_at for push in story.said(Push) for c in push.commits}
    chain, deployments = list(made), story.said(Deployment)
    leads = [
        (this.time - made[sha]) / HOUR
        for before, this in zip([None, *deployments], deployments, strict=False)
        for sha in chain[(chain.index(before.commit) + 1 if before else 0) : chain.index(this.commit) + 1]
    ]
    assert sorted(leads) == [1.0, 1.0, 73.0]


@rival("https://github.com/DataDog/documentation/pull/20608")
def test_commits_older_than_a_month_are_forgotten() -> Telling:
    """A commit waited for 45 days, another for one: the median wait is 23 days. Git metadata of a month knows one."""
    story = Story("lead-month")
    story.deploy("d1", "2026-04-20 10:00", commits=[("old", "2026-03-06 10:00"), ("new", "2026-04-19 10:00")])
    ours = yield story

    assert ours.velocity("lead-month", LEAD, *APRIL).value == 23 * 24 * HOURS

    (deployment,) = story.said(Deployment)
    waits = [deployment.time - commit.committed_at for commit in deployment.commits]
    assert median(wait / DAY for wait in waits if wait <= 30 * DAY) == 1.0


@rival(
    "https://github.com/octokit/octokit.net/pull/2690",
    "https://github.com/SKfaizan-786/sentinel-devops-agent/issues/126",
)
def test_percentiles_of_the_first_page() -> Telling:
    """A release of 300 commits, the last 150 of which took 1 h, the first 150 took 99 h: the median is 50 h. The first
    250 that a comparison of two commits gives have a median of 99 h.
    """
    story = Story("lead-page")
    old = [(f"o{n}", "2026-04-06 07:00") for n in range(150)]
    new = [(f"n{n}", "2026-04-10 09:00") for n in range(150)]
    story.deploy("d1", "2026-04-10 10:00", commits=[*old, *new])
    ours = yield story

    lead = ours.velocity("lead-page", LEAD, *APRIL)
    assert (lead.value, lead.n) == (50 * HOURS, 300)

    (deployment,) = story.said(Deployment)
    assert median((deployment.time - c.committed_at) / HOUR for c in deployment.commits[:250]) == 99.0


@rival(
    "https://github.com/apache/devlake/issues/6690",
    "https://github.com/apache/devlake/pull/9037",
)
def test_all_of_a_monorepo_is_one_service() -> Telling:
    """One push touched `api` after 1 h and `web` after 9 h; both were deployed. Each service has its own commit."""
    story = Story("lead-api", "lead-web")
    mono = story.repository("lead-mono")
    for service, path in (("lead-api", "api/**"), ("lead-web", "web/**")):
        story.fact(catalog.Mapping(repository=mono.name or "", service=service, paths=(path,)))
    story.push(
        "2026-04-10 09:30",
        ("w", "2026-04-10 01:00", {"paths": ("web/index.html",)}),
        ("a", "2026-04-10 09:00", {"paths": ("api/main.go",)}),
        repository=mono, service=None,
    )  # fmt: skip
    for service in ("lead-api", "lead-web"):
        story.deploy(f"d-{service}", "2026-04-10 10:00", service=service, commit="a", repository=mono)
    ours = yield story

    assert ours.velocity("lead-api", LEAD, *APRIL).value == 1 * HOURS
    assert ours.velocity("lead-web", LEAD, *APRIL).value == 9 * HOURS

    (push,), deployments = story.said(Push), story.said(Deployment)
    of_repository: defaultdict[str, list[float]] = defaultdict(list)
    for one in deployments:
        of_repository[one.repository.id] += [(one.time - c.committed_at) / HOUR for c in push.commits]
    assert [median(leads) for leads in of_repository.values()] == [5.0]


@rival("https://github.com/DataDog/documentation/pull/28956")
def test_after_a_long_pause_there_is_no_lead_time() -> Telling:
    """Deployed in January and again in April: the commit took 3 h, however long ago the previous deployment was."""
    story = Story("lead-pause")
    story.push("2026-01-10 09:00", ("c1", "2026-01-10 08:00"))
    story.deploy("d1", "2026-01-10 10:00", commit="c1")
    story.push("2026-04-10 07:30", ("c2", "2026-04-10 07:00"))
    story.deploy("d2", "2026-04-10 10:00", commit="c2")
    ours = yield story

    lead = ours.velocity("lead-pause", LEAD, *APRIL)
    assert (lead.value, lead.n) == (3 * HOURS, 1)

    before, this = story.said(Deployment)
    made = story.said(Push)[-1].commits[0].committed_at
    assert (this.time - made if this.time - before.time <= 60 * DAY else None) is None
