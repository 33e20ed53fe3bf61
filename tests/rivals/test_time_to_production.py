"""Rivals' times to production: whoever is still on the way, whoever was there before, and what counts as there."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from schemas import catalog
from schemas.delivery import Deployment
from tests.rivals.story import DAY, Story, at
from tests.rivals.telling import Telling, median, rival
from tests.rivals.views import Views

DAYS = 86400.0


def onboarded(story: Story, team: str, when: str = "2026-04-01") -> None:
    """All services of the story began that day, under one team."""
    for service in story.services:
        story.fact(catalog.Service(service=service, onboarded_at=at(when)), when)
    story.owns(team, *story.services, entity="service")


def of_team(ours: Views, team: str) -> SimpleNamespace:
    """How long half of a team's services took, since they were onboarded."""
    columns = "value_seconds, null_reason, n_done, n_open"
    (row,) = ours.rows(
        f"SELECT {columns} FROM ttp_median WHERE team = {{team:String}} AND start = 'onboarded' AND cohort = 'all'",
        team=team,
    )
    return SimpleNamespace(**dict(zip(columns.split(", "), row, strict=True)))


@rival(
    "https://github.com/zephyrproject-rtos/zephyr/issues/56304",
    "https://github.com/erikbern/git-of-theseus/pull/32",
)
def test_only_those_who_arrived_are_asked_how_long_it_took() -> Telling:
    """Of five services three arrived, after 10, 20 and 60 days; two are still on their way after 80.

    Half of them took up to 60 days. The median of those who arrived is 20.
    """
    story = Story(*(f"way-{number}" for number in range(5)))
    onboarded(story, "way-team")
    for number, days in enumerate((10, 20, 60)):
        when = (at("2026-04-01") + timedelta(days=days)).strftime("%Y-%m-%d %H:%M")
        story.deploy("d1", when, service=f"way-{number}")
    ours = yield story

    found = of_team(ours, "way-team")
    assert (found.value_seconds, found.n_done, found.n_open) == (60 * DAYS, 3, 2)

    assert median((one.time - at("2026-04-01")) / DAY for one in story.said(Deployment)) == 20.0


@rival(
    "https://github.com/zephyrproject-rtos/zephyr/issues/56304",
    "https://github.com/middlewarehq/middleware/blob/main/backend/analytics_server/mhq/utils/dict.py",
)
def test_those_who_have_not_arrived_took_no_time() -> Telling:
    """One of four services is in production, after 10 days: nobody knows yet how long half of them take. As 0: 0."""
    story = Story(*(f"early-{number}" for number in range(4)))
    onboarded(story, "early-team")
    story.deploy("d1", "2026-04-11", service="early-0")
    ours = yield story

    found = of_team(ours, "early-team")
    assert (found.value_seconds, found.null_reason, found.n_done, found.n_open) == (None, "not_reached", 1, 3)

    arrived = {one.service: (one.time - at("2026-04-01")) / DAY for one in story.said(Deployment)}
    assert median(arrived.get(service, 0) for service in story.services) == 0


@rival("https://github.com/apache/devlake/issues/3609")
def test_staging_is_production_enough() -> Telling:
    """On staging after 2 days, in production after 9: it took 9. The rival cannot tell them apart."""
    story = Story("way-staging")
    onboarded(story, "way-staging-team")
    story.deploy("s1", "2026-04-03", environment="staging")
    story.deploy("p1", "2026-04-10")
    ours = yield story

    assert of_team(ours, "way-staging-team").value_seconds == 9 * DAYS

    assert min(one.time for one in story.said(Deployment)) - at("2026-04-01") == 2 * DAY


@rival("https://github.com/PostHog/posthog/issues/25616")
def test_the_first_that_was_heard_of_stays_the_first() -> Telling:
    """Its second deployment was heard of at once, its first one came late, from another system: 5 days, not 20."""
    story = Story("way-late")
    onboarded(story, "way-late-team")
    story.deploy("d2", "2026-04-21")
    story.comes_late(story.deploy("d1", "2026-04-06"))
    ours = yield story

    assert of_team(ours, "way-late-team").value_seconds == 5 * DAYS

    assert story.said(Deployment)[0].time - at("2026-04-01") == 20 * DAY


@rival("https://github.com/apache/devlake/issues/7193")
def test_what_was_there_before_anybody_looked_took_no_time() -> Telling:
    """One service took 20 days; another had been in production for a month when it was entered in the catalog.

    It says nothing of how long services take: 20 days. As 0 days it halves the median.
    """
    story = Story("way-new", "way-old")
    onboarded(story, "way-old-team")
    story.deploy("d1", "2026-04-21", service="way-new")
    story.deploy("d1", "2026-03-01", service="way-old")
    ours = yield story

    found = of_team(ours, "way-old-team")
    assert (found.value_seconds, found.n_done) == (20 * DAYS, 1)

    took = [(one.time - at("2026-04-01")) / DAY for one in story.said(Deployment)]
    assert median(max(0.0, days) for days in took) == 10.0
