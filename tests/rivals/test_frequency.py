"""Rivals' deployment frequencies: what a deployment is, how often it counts, and what it is divided by."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from schemas import catalog
from schemas.delivery import Deployment, Push
from tests.rivals import payloads
from tests.rivals.story import DAY, Story, at
from tests.rivals.telling import Telling, rival

APRIL = "2026-04-01", "2026-05-01"
LATER = "2026-05-01", "2026-06-15"
FREQUENCY = "deployment_frequency_per_day"


@rival(
    "https://github.com/apache/devlake/issues/3609",
    "https://github.com/apache/devlake/issues/4810",
)
def test_staging_counts_as_production() -> Telling:
    """Three went to staging, one of them on to production: 1/30 a day. The rival cannot tell them apart: 4/30."""
    story = Story("often-staging")
    for day in (2, 3, 4):
        story.deploy(f"s{day}", f"2026-04-0{day} 10:00", environment="staging")
    story.deploy("p4", "2026-04-04 12:00")
    ours = yield story

    frequency = ours.velocity("often-staging", FREQUENCY, *APRIL)
    assert (frequency.numerator, frequency.denominator, frequency.value) == (1, 30, 1 / 30)

    assert len(story.said(Deployment)) == 4


@rival(
    "https://docs.github.com/enterprise-server@3.8/rest/deployments/deployments",
    "https://github.com/orgs/community/discussions/204675",
)
def test_githubs_production_flag_is_taken_at_its_word_when_it_is_false() -> Telling:
    """`production_environment` is true by default for the very name `production` only: `prod-eu` is production, too."""
    story = Story("often-flag")
    where = payloads.repository(91001, "often-flag")
    story.fact(catalog.Mapping(repository="github.com/acme/often-flag", service="often-flag"))
    sent = [
        payloads.deployment_status(where, 500 + day, 900 + day, "success", f"2026-04-0{day}T10:00:00Z", "prod-eu")
        for day in (2, 3)
    ]
    for payload in sent:
        story.github("deployment_status", payload)
    ours = yield story

    assert ours.velocity("often-flag", FREQUENCY, *APRIL).numerator == 2
    assert ours.rows("SELECT DISTINCT tier, tier_rule FROM attempts WHERE service = 'often-flag'") == [
        ("production", "pattern")
    ]

    assert sum(payload["deployment"]["production_environment"] for payload in sent) == 0


@rival(
    "https://github.com/orgs/community/discussions/204675",
    "https://docs.github.com/enterprise-server@3.8/rest/deployments/deployments",
)
def test_a_deployment_that_was_superseded_was_none() -> Telling:
    """A success makes the earlier ones `inactive`. By their last status one of three succeeded; all three did."""
    story = Story("often-inactive")
    where = payloads.repository(91002, "often-inactive")
    story.fact(catalog.Mapping(repository="github.com/acme/often-inactive", service="often-inactive"))
    sent = [
        (600 + day, state, f"2026-04-{day:02}T1{hour}:00:00Z")
        for day, states in ((2, "success"), (3, "success"), (4, "success"))
        for hour, state in ((0, states),)
    ]
    sent += [(602, "inactive", "2026-04-03T10:00:01Z"), (603, "inactive", "2026-04-04T10:00:01Z")]
    for number, (deployment, state, when) in enumerate(sent):
        payload = payloads.deployment_status(where, deployment, 8000 + number, state, when, "production")
        story.github("deployment_status", payload)
    ours = yield story

    assert ours.velocity("often-inactive", FREQUENCY, *APRIL).numerator == 3
    finished = "SELECT toString(finished_at) FROM deployments WHERE service = 'often-inactive' ORDER BY finished_at"
    assert [text[:19] for (text,) in ours.rows(finished)] == [f"2026-04-0{day} 10:00:00" for day in (2, 3, 4)]

    last = {deployment: state for deployment, state, _ in sorted(sent, key=lambda one: one[2])}
    assert Counter(last.values())["success"] == 1


@rival(
    "https://github.com/middlewarehq/middleware/blob/main/backend/analytics_server/mhq/utils/dict.py",
    "https://github.com/middlewarehq/middleware/issues/375",
)
def test_frequency_is_rounded_down() -> Telling:
    """Nine deployments in the 30 days of April: 0.3 a day. In whole numbers that is 0, and 2 a week are 2 a month."""
    story = Story("often-floor")
    for day in range(1, 28, 3):
        story.deploy(f"d{day}", f"2026-04-{day:02} 10:00")
    ours = yield story

    frequency = ours.velocity("often-floor", FREQUENCY, *APRIL)
    assert (frequency.numerator, frequency.value) == (9, 0.3)

    days = (at("2026-05-01") - at("2026-04-01")).days
    assert len(story.said(Deployment)) // days == 0
    assert len(story.said(Deployment)) * 7 // days == 2


@rival(
    "https://gitlab.com/gitlab-org/gitlab/-/merge_requests/116644",
    "https://gitlab.com/gitlab-org/gitlab/-/issues/371271",
)
def test_frequency_of_a_month_is_its_volume() -> Telling:
    """Fifteen deployments in April are one every other day; the rival sums up the days' frequencies: 15."""
    story = Story("often-volume")
    for day in range(1, 30, 2):
        story.deploy(f"d{day}", f"2026-04-{day:02} 10:00")
    ours = yield story

    assert ours.velocity("often-volume", FREQUENCY, *APRIL).value == 0.5

    assert sum(Counter(one.time.date() for one in story.said(Deployment)).values()) == 15


@rival(
    "https://github.com/faros-ai/faros-community-edition/issues/163",
    "https://github.com/middlewarehq/middleware/issues/593",
)
def test_weeks_without_a_deployment_are_left_out() -> Telling:
    """Deployed in three of April's five weeks: 3/30 a day. Averaged over the weeks that have any: one a week, 1/7."""
    story = Story("often-gaps")
    for day in ("2026-04-01", "2026-04-07", "2026-04-22"):
        story.deploy(day, f"{day} 10:00")
    ours = yield story

    frequency = ours.velocity("often-gaps", FREQUENCY, *APRIL)
    assert (frequency.numerator, frequency.denominator, frequency.value) == (3, 30, 0.1)

    weeks = Counter(one.time.isocalendar().week for one in story.said(Deployment))
    assert sum(weeks.values()) / len(weeks) == 1.0  # a week: 1/7 a day


@rival("https://github.com/middlewarehq/middleware/issues/593")
def test_frequency_is_divided_by_the_span_that_was_observed() -> Telling:
    """Two deployments on one day of April: 2/30 a day. Divided by the days from the first to the last: 2 a day."""
    story = Story("often-span")
    story.deploy("d1", "2026-04-10 09:00")
    story.deploy("d2", "2026-04-10 17:00")
    ours = yield story

    assert ours.velocity("often-span", FREQUENCY, *APRIL).value == 2 / 30

    times = [one.time for one in story.said(Deployment)]
    assert len(times) / ((max(times) - min(times)).days + 1) == 2.0


@rival("https://github.com/DeveloperMetrics/deployment-frequency/pull/1")
def test_days_with_a_deployment_are_counted_instead_of_deployments() -> Telling:
    """Six deployments on two days: 6/30 a day. Days that have one: 2/30, and five of the six may as well not be."""
    story = Story("often-days")
    for day in ("06", "07"):
        for hour in ("09", "12", "15"):
            story.deploy(f"d{day}{hour}", f"2026-04-{day} {hour}:00")
    ours = yield story

    assert ours.velocity("often-days", FREQUENCY, *APRIL).numerator == 6

    assert len({one.time.date() for one in story.said(Deployment)}) == 2


@rival(
    "https://github.com/apache/devlake/issues/6959",
    "https://github.com/apache/devlake-website/pull/712",
)
def test_each_region_is_a_deployment_of_its_own_and_the_last_one_its_end() -> Telling:
    """v1 went to three regions from 23:30 on 30 April to 1 May: one deployment, of April, when it first succeeded.

    Counted per region they are three; by the end of the last one it is May's.
    """
    story = Story("often-regions")
    for region, when in (("eu", "2026-04-30 23:30"), ("us", "2026-05-01 00:30"), ("ap", "2026-05-01 01:30")):
        story.deploy(f"d-{region}", when, region=region, version="v1")
    ours = yield story

    assert ours.velocity("often-regions", FREQUENCY, *APRIL).numerator == 1
    assert ours.velocity("often-regions", FREQUENCY, *LATER).numerator == 0

    times = [one.time for one in story.said(Deployment)]
    assert len(times) == 3
    assert max(times) >= at("2026-05-01")


@rival("https://github.com/apache/devlake/issues/6908")
def test_a_later_health_check_moves_the_deployment() -> Telling:
    """Deployed in April; the pipeline's health check ran green again in June, under the same id. It stays April's."""
    story = Story("often-healthy")
    story.deploy("d1", "2026-04-10 10:00")
    story.deploy("d1", "2026-06-02 10:00", title="prod-healthcheck")
    ours = yield story

    assert ours.velocity("often-healthy", FREQUENCY, *APRIL).numerator == 1
    assert ours.velocity("often-healthy", FREQUENCY, *LATER).numerator == 0

    assert max(one.time for one in story.said(Deployment)) > at("2026-06-01")


@rival(
    "https://github.com/DataDog/documentation/pull/20608",
    "https://github.com/DataDog/datadog-api-client-java/pull/3172",
)
def test_history_older_than_an_hour_is_refused() -> Telling:
    """A team connects its CI in June and sends April's six deployments along. The rival takes none of them."""
    story = Story("often-history")
    for day in range(1, 7):
        story.deploy(f"d{day}", f"2026-04-0{day} 10:00")
    ours = yield story

    assert ours.velocity("often-history", FREQUENCY, *APRIL).numerator == 6

    sent_at = at("2026-06-20 12:00")
    assert [one for one in story.said(Deployment) if sent_at - one.time <= timedelta(hours=1)] == []


@rival("https://github.com/DataDog/documentation/pull/20608")
def test_two_deployments_in_one_second_are_one() -> Telling:
    """Two fixes went out in the same second: two deployments, as each has an id. (service, second) as a key: one."""
    story = Story("often-second")
    story.deploy("d1", "2026-04-10 10:00:07.200000", version="v1")
    story.deploy("d2", "2026-04-10 10:00:07.900000", version="v2")
    ours = yield story

    assert ours.velocity("often-second", FREQUENCY, *APRIL).numerator == 2

    assert len({(one.service, one.time.replace(microsecond=0)) for one in story.said(Deployment)}) == 1


@rival("https://github.com/apache/devlake/issues/7435")
def test_deployments_without_a_commit_do_not_count() -> Telling:
    """Two of three deployments say no commit: all three count, and coverage says that two had none."""
    story = Story("often-no-commit")
    story.deploy("d1", "2026-04-02 10:00", version="v1")
    story.deploy("d2", "2026-04-03 10:00", version="v2")
    story.deploy("d3", "2026-04-04 10:00", version="v3", commit="c3")
    ours = yield story

    assert ours.velocity("often-no-commit", FREQUENCY, *APRIL).numerator == 3
    missing = "SELECT countIf(has(flags, 'no_commit')) FROM deployments WHERE service = 'often-no-commit'"
    assert ours.rows(missing) == [(2,)]

    assert len([one for one in story.said(Deployment) if one.commit]) == 1


@rival(
    "https://github.com/packit/packit-service/issues/3105",
    "https://github.com/sendgrid/docs/issues/2933",
)
def test_a_webhook_that_is_delivered_again_is_counted_again() -> Telling:
    """GitHub was asked to deliver a webhook again, twice: one deployment, whatever the delivery's id."""
    story = Story("often-redelivered")
    where = payloads.repository(91003, "often-redelivered")
    story.fact(catalog.Mapping(repository="github.com/acme/often-redelivered", service="often-redelivered"))
    payload = payloads.deployment_status(where, 700, 7700, "success", "2026-04-02T10:00:00Z", "production")
    deliveries = [story.github("deployment_status", payload) for _ in range(3)]
    ours = yield story

    assert ours.velocity("often-redelivered", FREQUENCY, *APRIL).numerator == 1

    assert len(deliveries) == 3


@rival("https://github.com/scribd/github-action-datadog-reporting/pull/32")
def test_a_re_run_is_a_run_of_its_own() -> Telling:
    """A deployment's workflow was run again after it had succeeded, under the same id: it was deployed once."""
    story = Story("often-re-run")
    for hour in ("10", "11", "12"):
        story.deploy("d1", f"2026-04-02 {hour}:00", status="started")
        story.deploy("d1", f"2026-04-02 {hour}:05")
    ours = yield story

    assert ours.velocity("often-re-run", FREQUENCY, *APRIL).numerator == 1

    assert [one.status for one in story.said(Deployment)].count("success") == 3


@rival(
    "https://github.com/dora-team/fourkeys/issues/46",
    "https://github.com/port-labs/port-docs/pull/1551",
)
def test_each_merge_to_main_is_a_deployment() -> Telling:
    """Four changes came to main; what went out was a release branch and a tag: two deployments, not four, nor none."""
    story = Story("often-merges")
    for day in (1, 2, 3, 6):
        story.push(f"2026-04-0{day} 10:00", (f"c{day}", f"2026-04-0{day} 09:00"))
    story.deploy("d1", "2026-04-03 10:00", ref="refs/heads/release/1.4")
    story.deploy("d2", "2026-04-07 10:00", ref="refs/tags/v1.4.1")
    ours = yield story

    assert ours.velocity("often-merges", FREQUENCY, *APRIL).numerator == 2

    assert len([one for one in story.said(Push) if one.ref == "refs/heads/main"]) == 4
    assert [one for one in story.said(Deployment) if one.ref == "refs/heads/main"] == []


@rival("https://github.com/thoughtworks/HeartBeat/pull/12")
def test_deployments_outside_the_period_are_counted_in_it() -> Telling:
    """Asked for April, the rival divides all that it has read (March's and May's too) by April's days."""
    story = Story("often-outside")
    for day in ("2026-03-31 23:59", "2026-04-15 10:00", "2026-05-01 00:00"):
        story.deploy(day, day)
    ours = yield story

    assert ours.velocity("often-outside", FREQUENCY, *APRIL).numerator == 1

    assert len(story.said(Deployment)) == 3


@rival("https://github.com/dora-team/fourkeys/pull/149")
def test_a_week_has_a_deployment_or_has_none() -> Telling:
    """Ten deployments in one week of April, none in the others: a third a day, where the median week says never."""
    story = Story("often-median-week")
    for number in range(10):
        story.deploy(f"d{number}", f"2026-04-08 {8 + number:02}:00")
    ours = yield story

    assert ours.velocity("often-median-week", FREQUENCY, *APRIL).value == 10 / 30

    days = [at("2026-04-01") + number * DAY for number in range(30)]
    deployed = {one.time.date() for one in story.said(Deployment)}
    weeks = Counter({day.isocalendar().week: 0 for day in days})
    for day in days:
        weeks[day.isocalendar().week] |= day.date() in deployed
    assert sorted(weeks.values())[len(weeks) // 2] == 0
