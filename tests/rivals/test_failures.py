"""Rivals' change fail rates: what fails, how often it counts, and whose failure it is."""

from __future__ import annotations

from datetime import timedelta

from schemas.delivery import Deployment, Incident
from tests.rivals.story import Story, at
from tests.rivals.telling import Telling, rival

APRIL = "2026-04-01", "2026-05-01"
FAIL = "change_fail_ratio"
DEVLAKE_CONNECTOR = (
    "https://github.com/apache/incubator-devlake/blob/main/backend/plugins/dora/tasks/incident_deploy_connector.go"
)
FOUR_KEYS = "https://github.com/dora-team/fourkeys/blob/main/METRICS.md"


@rival(
    FOUR_KEYS,
    "https://github.com/dora-team/fourkeys/issues/213",
    "https://github.com/apache/devlake/issues/4610",
)
def test_incidents_joined_to_commits_are_counted_as_rows() -> Telling:
    """One of two deployments failed. Incidents joined to deployments by commit, rows counted: 600 %."""
    story = Story("fail-join")
    story.deploy("d1", "2026-04-02 10:00", commits=[("c1", "2026-04-02 09:00")])
    story.deploy("d2", "2026-04-03 10:00", commits=[(f"c2{n}", "2026-04-03 09:00") for n in range(4)])
    for name in ("i1", "i2", "i3"):
        story.incident(name, "2026-04-03 11:00", commits=["c20", "c21", "c22", "c23"])
    ours = yield story

    rate = ours.velocity("fail-join", FAIL, *APRIL)
    assert (rate.numerator, rate.denominator, rate.value) == (1, 2, 0.5)

    deployments, incidents = story.said(Deployment), story.said(Incident)
    rows = [
        (one.deployment_id, incident.incident_id)
        for one in deployments
        for commit in one.commits
        for incident in incidents
        if commit.sha in incident.commits
    ]
    assert len(rows) / len(deployments) == 6.0


@rival(FOUR_KEYS, "https://github.com/dora-team/fourkeys/issues/351")
def test_fail_rate_is_a_share_of_commits() -> Telling:
    """One of two deployments failed: 1/2. The rival divides changes by changes: the small one failed, 1 of 10."""
    story = Story("fail-per-commit")
    story.deploy("d1", "2026-04-02 10:00", commits=[(f"c1{n}", "2026-04-02 09:00") for n in range(9)])
    story.deploy("d2", "2026-04-03 10:00", commits=[("c2", "2026-04-03 09:00")])
    story.incident("i1", "2026-04-03 11:00", commits=["c2"])
    ours = yield story

    assert ours.velocity("fail-per-commit", FAIL, *APRIL).value == 0.5

    changes = [commit.sha for one in story.said(Deployment) for commit in one.commits]
    failed = {sha for incident in story.said(Incident) for sha in incident.commits}
    assert sum(sha in failed for sha in changes) / len(changes) == 0.1


@rival(
    "https://gitlab.com/gitlab-org/gitlab/-/issues/480920",
    "https://gitlab.com/gitlab-org/gitlab/-/issues/444295",
)
def test_incidents_are_divided_by_deployments() -> Telling:
    """A deployment that caused three incidents failed once: 1/1. Incidents divided by deployments are 300 %."""
    story = Story("fail-division")
    story.deploy("d1", "2026-04-02 10:00")
    for number in range(3):
        story.incident(f"i{number}", "2026-04-02 11:00")
    ours = yield story

    rate = ours.velocity("fail-division", FAIL, *APRIL)
    assert (rate.numerator, rate.value) == (1, 1.0)

    assert len(story.said(Incident)) / len(story.said(Deployment)) == 3.0


@rival("https://gitlab.com/gitlab-org/gitlab/-/issues/444295")
def test_incidents_of_staging_count_against_production() -> Telling:
    """Staging broke, production did not: 0/2. The rival's incidents have no environment."""
    story = Story("fail-staging")
    for name, day in (("d1", "02"), ("d2", "03")):
        story.deploy(name, f"2026-04-{day} 10:00")
    story.deploy("s3", "2026-04-03 10:30", environment="staging")
    story.incident("i1", "2026-04-03 11:00", environment="staging")
    ours = yield story

    rate = ours.velocity("fail-staging", FAIL, *APRIL)
    assert (rate.numerator, rate.denominator, rate.value) == (0, 2, 0.0)

    production = [one for one in story.said(Deployment) if one.environment == "production"]
    assert len(story.said(Incident)) / len(production) == 0.5


@rival(
    DEVLAKE_CONNECTOR,
    "https://github.com/ICTU/quality-time/pull/7375",
)
def test_an_incident_is_blamed_on_the_latest_deployment_of_any_service() -> Telling:
    """`cart` was deployed ten minutes before `pay` broke. The incident names `pay`: that one failed, `cart` did not."""
    story = Story("fail-pay", "fail-cart")
    story.deploy("p1", "2026-04-02 10:00")
    story.deploy("c1", "2026-04-02 11:50", service="fail-cart")
    story.incident("i1", "2026-04-02 12:00")
    ours = yield story

    assert ours.velocity("fail-pay", FAIL, *APRIL).value == 1.0
    assert ours.velocity("fail-cart", FAIL, *APRIL).value == 0.0

    (incident,) = story.said(Incident)
    latest = max((one for one in story.said(Deployment) if one.time < incident.time), key=lambda one: one.time)
    assert latest.service == "fail-cart"


@rival(
    DEVLAKE_CONNECTOR,
    "https://github.com/ICTU/quality-time/pull/7375",
)
def test_an_incident_is_blamed_however_old_the_deployment_is() -> Telling:
    """A disk filled up 25 days after the last deployment: nothing that was deployed caused it, 0/1, in coverage."""
    story = Story("fail-unbounded")
    story.deploy("d1", "2026-04-02 10:00")
    story.incident("i1", "2026-04-27 10:00")
    ours = yield story

    assert ours.velocity("fail-unbounded", FAIL, *APRIL).value == 0.0
    assert ours.rows("SELECT rule, release FROM incidents WHERE service = 'fail-unbounded'") == [("unattributed", "")]

    (incident,), deployments = story.said(Incident), story.said(Deployment)
    failed = [one for one in deployments if one.time < incident.time]
    assert len(failed) / len(deployments) == 1.0


@rival("https://github.com/apache/devlake/issues/4989")
def test_one_incident_fails_several_deployments() -> Telling:
    """Three deployments within a day, one incident after them: the latest failed, 1/3. The rival links all three."""
    story = Story("fail-fan-out")
    for name, hour in (("d1", "08"), ("d2", "09"), ("d3", "10")):
        story.deploy(name, f"2026-04-02 {hour}:00")
    story.incident("i1", "2026-04-02 10:30")
    ours = yield story

    rate = ours.velocity("fail-fan-out", FAIL, *APRIL)
    assert (rate.numerator, rate.denominator) == (1, 3)
    assert ours.rows("SELECT release FROM incidents WHERE service = 'fail-fan-out'") == [("d3",)]

    (incident,), deployments = story.said(Incident), story.said(Deployment)
    linked = [one for one in deployments if timedelta() < incident.time - one.time <= timedelta(days=1)]
    assert len(linked) / len(deployments) == 1.0


@rival("https://github.com/apache/devlake-website/issues/438")
def test_deployments_that_ended_in_failure_are_not_failures() -> Telling:
    """Two of five deployments ended in failure: 2/5. The rival knows failures from incidents only."""
    story = Story("fail-no-incident")
    for day in range(1, 6):
        story.deploy(f"d{day}", f"2026-04-0{day} 10:00", status="failure" if day in {2, 4} else "success")
    ours = yield story

    rate = ours.velocity("fail-no-incident", FAIL, *APRIL)
    assert (rate.numerator, rate.denominator, rate.value, rate.shown) == (2, 5, 0.4, 0.4)

    assert len(story.said(Incident)) / len(story.said(Deployment)) == 0.0


@rival("https://github.com/getsentry/sentry-github-actions-app/issues/4")
def test_whatever_is_not_a_success_is_a_failure() -> Telling:
    """A cancelled and a skipped deployment are no attempts: 1/4. All that is no success counted as failure: 3/6."""
    story = Story("fail-cancelled")
    outcomes = ["success", "cancelled", "success", "skipped", "failure", "success"]
    for day, status in enumerate(outcomes, start=1):
        story.deploy(f"d{day}", f"2026-04-0{day} 10:00", status=status)
    ours = yield story

    rate = ours.velocity("fail-cancelled", FAIL, *APRIL)
    assert (rate.numerator, rate.denominator, rate.value) == (1, 4, 0.25)

    statuses = [one.status for one in story.said(Deployment)]
    assert sum(status != "success" for status in statuses) / len(statuses) == 0.5


@rival("https://github.com/scribd/github-action-datadog-reporting/pull/32")
def test_a_failure_that_a_retry_made_good_is_counted_beside_the_success() -> Telling:
    """A deployment failed, was retried under its own id and succeeded: one attempt, no failure. Per status: 1 of 2."""
    story = Story("fail-retried")
    for minute, status in enumerate(("started", "failure", "started", "success")):
        story.deploy("d1", f"2026-04-02 10:0{minute}", status=status)
    ours = yield story

    rate = ours.velocity("fail-retried", FAIL, *APRIL)
    assert (rate.numerator, rate.denominator, rate.value) == (0, 1, 0.0)

    ends = [one.status for one in story.said(Deployment) if one.status in {"success", "failure"}]
    assert ends.count("failure") / len(ends) == 0.5


@rival(
    "https://docs.gitlab.com/ee/user/analytics/dora_metrics.html",
    "https://gitlab.com/gitlab-org/gitlab/-/issues/299407",
)
def test_a_rollback_is_one_more_deployment_without_a_failure() -> Telling:
    """v2 was rolled back to v1: v2 failed, 1/3. Nobody opened an incident, so the rival sees three good deployments."""
    story = Story("fail-rolled-back")
    for hour, version in ((9, "v1"), (10, "v2"), (11, "v1")):
        story.deploy(f"d{hour}", f"2026-04-02 {hour:02}:00", version=version)
    ours = yield story

    rate = ours.velocity("fail-rolled-back", FAIL, *APRIL)
    assert (rate.numerator, rate.denominator) == (1, 3)
    assert ours.rows("SELECT release FROM deployments WHERE service = 'fail-rolled-back' AND is_failed") == [("d10",)]

    assert len(story.said(Incident)) / len(story.said(Deployment)) == 0.0


@rival(
    "https://github.com/dora-team/fourkeys/pull/116",
    "https://github.com/apache/devlake/issues/6346",
)
def test_nothing_deployed_is_shown_as_no_failures() -> Telling:
    """Deployed in March, not in April: April has no fail rate, rather than a perfect one."""
    story = Story("fail-empty")
    story.deploy("d1", "2026-03-30 10:00")
    ours = yield story

    rate = ours.velocity("fail-empty", FAIL, *APRIL)
    assert (rate.value, rate.shown, rate.null_reason, rate.denominator) == (None, None, "no_attempt", 0)

    attempts = [one for one in story.said(Deployment) if one.time >= at("2026-04-01")]
    failed = [one for one in attempts if one.status == "failure"]
    assert (len(failed) / len(attempts) if attempts else 0) == 0


@rival("https://github.com/dora-team/fourkeys/pull/116")
def test_a_service_that_was_never_observed_deploys_zero_times() -> Telling:
    """Its CI is seen, its deployments are not: no data, where a rival shows 0 deployments a day and a green light."""
    story = Story("fail-unobserved")
    story.ci_run("r1", "2026-04-02 10:00")
    ours = yield story

    frequency = ours.velocity("fail-unobserved", "deployment_frequency_per_day", *APRIL)
    assert (frequency.value, frequency.null_reason) == (None, "no_deployment_observed")

    assert len(story.said(Deployment)) / 30 == 0


@rival("https://github.com/stenjo/devops-metrics-action/issues/40")
def test_each_region_of_a_release_fails_by_itself() -> Telling:
    """Two regions of one release, one of which failed: one attempt, failed once. Per region and bug: 4 of 2."""
    story = Story("fail-regions")
    for region, status in (("eu", "success"), ("us", "failure")):
        story.deploy(f"d-{region}", "2026-04-02 10:00", region=region, release_id="r1", version="v1", status=status)
        story.incident(f"i-{region}", "2026-04-02 10:30")
        story.incident(f"j-{region}", "2026-04-02 10:40")
    ours = yield story

    rate = ours.velocity("fail-regions", FAIL, *APRIL)
    assert (rate.numerator, rate.denominator, rate.value) == (1, 1, 1.0)

    assert len(story.said(Incident)) / len(story.said(Deployment)) == 2.0
