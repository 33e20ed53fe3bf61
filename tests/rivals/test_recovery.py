"""Rivals' recovery times: from when, until when, and what is not over yet."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from statistics import fmean

from schemas.delivery import Deployment, Incident
from tests.rivals.story import HOUR, Story, at
from tests.rivals.telling import Telling, median, rival

APRIL = "2026-04-01", "2026-05-01"
RECOVERY = "failed_deployment_recovery_time_p50_seconds"
HOURS = 3600.0
FOUR_KEYS = "https://github.com/dora-team/fourkeys/blob/main/queries/incidents.sql"
MIDDLEWARE = (
    "https://github.com/middlewarehq/middleware/blob/main/backend/analytics_server/mhq/service/incidents/incidents.py"
)


@rival(
    "https://github.com/dora-team/fourkeys/issues/119",
    "https://github.com/dora-team/fourkeys/blob/main/METRICS.md",
)
def test_recovery_begins_when_somebody_opened_a_ticket() -> Telling:
    """Deployed at 10:00, noticed at 15:00, resolved at 16:00: the failed deployment was out there for 6 h, not 1."""
    story = Story("heal-noticed")
    story.deploy("d1", "2026-04-02 10:00")
    story.incident("i1", "2026-04-02 15:00")
    story.incident("i1", "2026-04-02 16:00", "resolved")
    ours = yield story

    assert ours.velocity("heal-noticed", RECOVERY, *APRIL).value == 6 * HOURS

    opened, resolved = story.said(Incident)
    assert (resolved.time - opened.time) / HOUR == 1.0


@rival(
    "https://gitlab.com/gitlab-org/gitlab/-/issues/387800",
    "https://github.com/threatgrid/ctia/pull/1512",
    "https://github.com/X-lab2017/open-digger/issues/590",
)
def test_a_reopened_incident_stretches_its_first_resolution() -> Telling:
    """Resolved after 2 h; reopened a week later for an hour. The deployment was recovered after 2 h, once."""
    story = Story("heal-reopened")
    story.deploy("d1", "2026-04-02 10:00")
    for state, when in (
        ("opened", "2026-04-02 10:00:01"),
        ("resolved", "2026-04-02 12:00"),
        ("reopened", "2026-04-09 12:00"),
        ("resolved", "2026-04-09 13:00"),
    ):
        story.incident("i1", when, state)
    ours = yield story

    recovery = ours.velocity("heal-reopened", RECOVERY, *APRIL)
    assert (recovery.value, recovery.n) == (2 * HOURS, 1)
    assert ours.rows("SELECT count() FROM incidents WHERE service = 'heal-reopened'") == [(2,)], "two episodes"

    said = story.said(Incident)
    (deployment,) = story.said(Deployment)
    assert (max(one.time for one in said if one.state == "resolved") - deployment.time) / HOUR == 171.0


@rival(FOUR_KEYS)
def test_the_last_word_on_an_incident_is_its_resolution() -> Telling:
    """Resolved after 1 h, and somebody closed the resolved ticket again in a tidy-up ten days later: 1 h, not 240."""
    story = Story("heal-tidied")
    story.deploy("d1", "2026-04-02 10:00")
    story.incident("i1", "2026-04-02 10:30")
    story.incident("i1", "2026-04-02 11:00", "resolved")
    story.incident("i1", "2026-04-12 10:00", "resolved")
    ours = yield story

    assert ours.velocity("heal-tidied", RECOVERY, *APRIL).value == 1 * HOURS

    resolved = [one.time for one in story.said(Incident) if one.state == "resolved"]
    assert (max(resolved) - at("2026-04-02 10:00")) / HOUR == 240.0


@rival(
    "https://github.com/constructorfabric/insight/issues/3108",
    "https://github.com/X-lab2017/open-digger/issues/588",
)
def test_what_is_not_over_is_in_the_median() -> Telling:
    """Two failures were recovered after 1 h and 3 h, one of April is still open in June: median 2 h of two, one open.

    As if it had ended now, the median is 3 h and grows by no fault of anybody's; as 0 it is 1 h.
    """
    story = Story("heal-open")
    for number, (day, hours) in enumerate((("02", 1), ("06", 3), ("10", None))):
        story.deploy(f"d{number}", f"2026-04-{day} 10:00")
        story.incident(f"i{number}", f"2026-04-{day} 10:00:01")
        if hours:
            story.incident(f"i{number}", f"2026-04-{day} {10 + hours}:00", "resolved")
    ours = yield story

    recovery = ours.velocity("heal-open", RECOVERY, *APRIL)
    assert (recovery.value, recovery.n, recovery.n_open) == (2 * HOURS, 2, 1)

    now = at("2026-06-20 12:00")
    ends = {one.incident_id: one.time for one in story.said(Incident) if one.state == "resolved"}
    deployments = story.said(Deployment)
    until_now = [ends.get(f"i{number}", now) - one.time for number, one in enumerate(deployments)]
    or_zero = [ends.get(f"i{number}", one.time) - one.time for number, one in enumerate(deployments)]
    assert median(span / HOUR for span in until_now) == 3.0
    assert median(span / HOUR for span in or_zero) == 1.0


@rival(MIDDLEWARE)
def test_one_long_outage_makes_the_mean() -> Telling:
    """Recovered after 1, 1, 1 and 97 h: half of the failures were over within 1 h. Their mean is 25 h."""
    story = Story("heal-mean")
    for number, hours in enumerate((1, 1, 1, 97)):
        began = at(f"2026-04-{2 + number:02} 10:00")
        story.deploy(f"d{number}", began.strftime("%Y-%m-%d %H:%M"))
        story.incident(f"i{number}", (began + timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S"))
        story.incident(f"i{number}", (began + hours * HOUR).strftime("%Y-%m-%d %H:%M"), "resolved")
    ours = yield story

    assert ours.velocity("heal-mean", RECOVERY, *APRIL).value == 1 * HOURS

    ends = [one.time for one in story.said(Incident) if one.state == "resolved"]
    began = [one.time for one in story.said(Deployment)]
    assert fmean((end - begin) / HOUR for begin, end in zip(began, ends, strict=True)) == 25.0


@rival(MIDDLEWARE)
def test_each_incident_of_a_failure_recovers_by_itself() -> Telling:
    """One deployment broke three things, mended after 1, 2 and 9 h. It failed once and was recovered after 9 h."""
    story = Story("heal-three")
    story.deploy("d1", "2026-04-02 10:00")
    for name in ("i1", "i2", "i3"):
        story.incident(name, "2026-04-02 10:00:01")
    for name, hour in (("i1", "11"), ("i2", "12"), ("i3", "19")):
        story.incident(name, f"2026-04-02 {hour}:00", "resolved")
    ours = yield story

    recovery = ours.velocity("heal-three", RECOVERY, *APRIL)
    assert (recovery.value, recovery.n) == (9 * HOURS, 1)

    began = story.said(Deployment)[0].time
    ends = [one.time for one in story.said(Incident) if one.state == "resolved"]
    assert median((end - began) / HOUR for end in ends) == 2.0


@rival("https://gitlab.com/gitlab-org/gitlab/-/issues/299096")
def test_without_an_incident_there_is_no_recovery() -> Telling:
    """A deployment ended in failure, the retry succeeded 30 minutes later: recovered after half an hour.

    The rival's recovery is the time from opening to closing an incident, and there was none.
    """
    story = Story("heal-retry")
    story.deploy("d1", "2026-04-02 10:00", status="failure")
    story.deploy("d2", "2026-04-02 10:30")
    ours = yield story

    recovery = ours.velocity("heal-retry", RECOVERY, *APRIL)
    assert (recovery.value, recovery.n, recovery.n_open) == (0.5 * HOURS, 1, 0)

    assert story.said(Incident) == []


@rival(MIDDLEWARE)
def test_a_failure_belongs_to_the_week_in_which_it_was_resolved() -> Telling:
    """Failed on Friday 10 April, recovered on Tuesday 14: a failure of the week of 6 April, which lasted 4 days."""
    story = Story("heal-week")
    story.deploy("d1", "2026-04-10 10:00")
    story.incident("i1", "2026-04-10 10:30")
    story.incident("i1", "2026-04-14 10:00", "resolved")
    ours = yield story

    assert ours.week("heal-week", RECOVERY, "2026-04-06").value == 96 * HOURS
    assert ours.week("heal-week", RECOVERY, "2026-04-13").null_reason == "no_failure"

    by_week: defaultdict[int, int] = defaultdict(int)
    for one in story.said(Incident):
        by_week[one.time.isocalendar().week] += one.state == "resolved"
    assert by_week == {15: 0, 16: 1}
