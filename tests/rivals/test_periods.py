"""Rivals' periods: where they are cut, what is made of several, and what is not over yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

from schemas import catalog
from schemas.delivery import Deployment
from tests.rivals.story import HOUR, Story, at
from tests.rivals.telling import Telling, median, rival

FREQUENCY = "deployment_frequency_per_day"
LEAD = "change_lead_time_p50_seconds"
FAIL = "change_fail_ratio"
HOURS = 3600.0


@rival(
    "https://github.com/red-gate/RedGate.Metrics/pull/19",
    "https://github.com/apache/devlake/issues/4651",
)
def test_a_quarter_is_the_mean_of_its_weeks() -> Telling:
    """A busy week of twenty commits of 1 h, two quiet ones of one of 49 h: the quarter's median is 1 h, not 33."""
    story = Story("period-quarter")
    story.deploy("d1", "2026-01-07 10:00", commits=[(f"c{n}", "2026-01-07 09:00") for n in range(20)])
    story.deploy("d2", "2026-02-11 10:00", commits=[("c20", "2026-02-09 09:00")])
    story.deploy("d3", "2026-03-11 10:00", commits=[("c21", "2026-03-09 09:00")])
    ours = yield story

    lead = ours.velocity("period-quarter", LEAD, "2026-01-01", "2026-04-01")
    assert (lead.value, lead.n) == (1 * HOURS, 22)

    weeks = [median((one.time - c.committed_at) / HOUR for c in one.commits) for one in story.said(Deployment)]
    assert fmean(weeks) == 33.0


@rival("https://github.com/bowald/chs-exam-statistics/issues/6")
def test_a_team_fails_at_the_mean_rate_of_its_services() -> Telling:
    """One service failed at its only attempt, its neighbour at none of nine: the team failed at 1 of 10, not half."""
    story = Story("period-once", "period-often")
    story.owns("period-team", "period-once", "period-often", entity="service")
    story.deploy("d0", "2026-04-02 10:00", status="failure")
    for day in range(1, 10):
        story.deploy(f"d{day}", f"2026-04-0{day} 12:00", service="period-often")
    ours = yield story

    rate = ours.team_velocity("period-team", FAIL, "2026-04-01", "2026-05-01")
    assert (rate.numerator, rate.denominator, rate.value) == (1, 10, 0.1)

    attempts, failed = Counter(), Counter()
    for one in story.said(Deployment):
        attempts[one.service] += 1
        failed[one.service] += one.status == "failure"
    assert fmean(failed[service] / attempts[service] for service in attempts) == 0.5


@rival(
    "https://github.com/rjwalters/loom/issues/4857",
    "https://github.com/paperclipai/paperclip/issues/8070",
    zone="Australia/Sydney",
)
def test_weeks_are_cut_in_utc() -> Telling:
    """In Sydney it was Monday 8 June, 08:00; in UTC it was still Sunday 7. The deployment is of the week of the 8th."""
    story = Story("period-sydney")
    story.deploy("d1", "2026-06-01 02:00")
    story.deploy("d2", "2026-06-07 22:00")
    ours = yield story

    assert ours.week("period-sydney", FREQUENCY, "2026-06-01").numerator == 1
    assert ours.week("period-sydney", FREQUENCY, "2026-06-08").numerator == 1

    assert Counter(one.time.isocalendar().week for one in story.said(Deployment)) == {23: 2}


@rival(
    "https://github.com/vshulcz/deja-vu/issues/1920",
    "https://github.com/DIRACGrid/DIRAC/issues/258",
    "https://github.com/apache/pinot/pull/1018",
    zone="Australia/Sydney",
)
def test_a_week_is_a_hundred_and_sixty_eight_hours() -> Telling:
    """On 5 April 2026 Sydney's clocks went back: the week of 30 March has 169 hours and ends on Sunday at 14:00 UTC.

    Weeks of 168 hours put the deployment of that Sunday's last half hour into the week after.
    """
    story = Story("period-clocks")
    story.deploy("d1", "2026-03-30 08:00")
    story.deploy("d2", "2026-04-05 13:30")
    ours = yield story

    assert ours.week("period-clocks", FREQUENCY, "2026-03-30").numerator == 2
    assert ours.week("period-clocks", FREQUENCY, "2026-04-06").numerator == 0

    monday = datetime(2026, 3, 30, tzinfo=ZoneInfo("Australia/Sydney")).astimezone(ZoneInfo("UTC"))
    assert [(one.time - monday) // timedelta(hours=168) for one in story.said(Deployment)] == [0, 1]


@rival(
    "https://github.com/NousResearch/hermes-agent/issues/23982",
    zone="Australia/Sydney",
)
def test_todays_offset_holds_for_all_of_history() -> Telling:
    """A summer's deployment at 13:30 UTC was at 00:30 in Sydney, on Monday; by June's offset it was still Sunday."""
    story = Story("period-summer")
    story.deploy("d1", "2026-02-01 13:30")
    ours = yield story

    assert ours.week("period-summer", FREQUENCY, "2026-02-02").numerator == 1

    now = datetime(2026, 6, 20, 12, tzinfo=ZoneInfo("Australia/Sydney"))
    (deployment,) = story.said(Deployment)
    assert (deployment.time + (now.utcoffset() or timedelta())).date().isoformat() == "2026-02-01"


@rival(
    "https://github.com/pnp/Microsoft365-Analytics-Insights/issues/545",
    "https://github.com/PostHog/posthog/pull/101548",
)
def test_a_running_week_looks_like_a_decline() -> Telling:
    """One deployment a day; it is Saturday noon, the sixth day of the week. So far 6 in 6 days, flagged; not 6 in 7."""
    story = Story("period-running")
    for day in range(8, 21):
        story.deploy(f"d{day}", f"2026-06-{day:02} 10:00")
    ours = yield story

    running = ours.week("period-running", FREQUENCY, "2026-06-15")
    assert (running.is_partial, running.numerator, running.denominator, running.value) == (1, 6, 6, 1.0)
    assert ours.week("period-running", FREQUENCY, "2026-06-08").value == 1.0

    week = [one for one in story.said(Deployment) if one.time >= at("2026-06-15")]
    assert len(week) / 7 < 0.9


@rival(
    "https://github.com/pnp/Microsoft365-Analytics-Insights/issues/545",
    "https://github.com/ReviewStage/luke/pull/442",
)
def test_weeks_before_the_first_observation_are_filled_with_zeros() -> Telling:
    """Connected in the week of 4 May: before that nothing is known of its deployments. Later gaps are zeros."""
    story = Story("period-before")
    story.push("2026-04-01 10:00", ("c1", "2026-04-01 09:00"))
    story.deploy("d1", "2026-05-05 10:00", commit="c1")
    ours = yield story

    before = ours.week("period-before", FREQUENCY, "2026-04-27")
    assert (before.value, before.null_reason) == (None, "no_deployment_observed")
    assert ours.week("period-before", FREQUENCY, "2026-05-11").value == 0.0

    per_week: defaultdict[str, int] = defaultdict(int)
    for one in story.said(Deployment):
        per_week[one.time.strftime("%G-W%V")] += 1
    assert per_week["2026-W18"] == 0


@rival("https://github.com/sportnginlegacy/hubstats/issues/91")
def test_a_service_that_changes_team_takes_its_history_along() -> Telling:
    """Deployed five times under one team in April, twice under another from 1 May on: April stays with the first.

    By today's owner the first team has never deployed anything.
    """
    story = Story("period-moves")
    story.owns("period-old", "period-moves", entity="service", when="2026-01-01")
    story.owns("period-new", "period-moves", entity="service", when="2026-05-01")
    for day in ("2026-04-06", "2026-04-07", "2026-04-08", "2026-04-09", "2026-04-10", "2026-05-04", "2026-05-05"):
        story.deploy(day, f"{day} 10:00")
    ours = yield story

    teams = "SELECT team, count() FROM deployments WHERE service = 'period-moves' GROUP BY team ORDER BY team"
    assert ours.rows(teams) == [("period-new", 2), ("period-old", 5)]
    assert ours.team_velocity("period-old", FREQUENCY, "2026-04-01", "2026-05-01").numerator == 5

    owners = [one.data.team for one in story.events if isinstance(one.data, catalog.Ownership)]
    assert Counter(owners[-1] for _ in story.said(Deployment)) == {"period-new": 7}
