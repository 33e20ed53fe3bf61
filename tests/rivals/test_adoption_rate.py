"""Rivals' adoption rates: which share, of whom, and when."""

from __future__ import annotations

from schemas import catalog
from tests.rivals.story import Story, at
from tests.rivals.telling import Telling, rival


@rival(
    "https://gitlab.com/gitlab-org/gitlab/-/issues/350389",
    "https://gitlab.com/gitlab-org/gitlab/-/issues/247112",
)
def test_one_project_of_a_thousand_is_adoption() -> Telling:
    """One of a thousand teams uses it: 1/1,000. A group in which a single project uses it "has adopted" it."""
    story = Story("use-thousand")
    story.platform()
    story.applies_to(*(f"thousand-{number}" for number in range(1000)))
    story.owns("thousand-7", "seven")
    story.calls("2026-03-03 10:00", "seven")
    ours = yield story

    rate = ours.adoption("use-thousand", "2026-03-02")
    assert (rate.numerator, rate.denominator, rate.value) == (1, 1000, 0.001)

    assert float(any(story.weeks()["2026-03-02"])) == 1.0


@rival("https://github.com/getsentry/sentry/pull/18606")
def test_adoption_is_all_or_nothing() -> Telling:
    """Two of four teams use it: one half. In whole numbers a service is not adopted at all, until everybody uses it."""
    story = Story("use-half")
    story.platform()
    story.applies_to("half-0", "half-1", "half-2", "half-3")
    for number in range(2):
        story.owns(f"half-{number}", f"half-caller-{number}")
        story.calls("2026-03-03 10:00", f"half-caller-{number}")
    ours = yield story

    assert ours.adoption("use-half", "2026-03-02").value == 0.5

    teams = sum(isinstance(one.data, catalog.Team) for one in story.events)
    assert len(story.weeks()["2026-03-02"]) // teams == 0


@rival("https://github.com/pnp/Microsoft365-Analytics-Insights/issues/545")
def test_todays_teams_are_the_denominator_of_all_history() -> Telling:
    """Two teams in March, one of which used it: 1/2. Eight more were founded in May; March is still 1/2, not 1/10."""
    story = Story("use-grown")
    story.platform()
    for number in range(10):
        begun = "2026-01-01" if number < 2 else "2026-05-04"
        story.applies_to(f"grown-{number}", created_at=at(begun))
    story.owns("grown-0", "zero")
    for day in ("2026-03-03", "2026-05-12"):
        story.calls(f"{day} 10:00", "zero")
    ours = yield story

    march, may = ours.adoption("use-grown", "2026-03-02"), ours.adoption("use-grown", "2026-05-11")
    assert (march.numerator, march.denominator, march.value) == (1, 2, 0.5)
    assert (may.numerator, may.denominator, may.value) == (1, 10, 0.1)

    teams = {one.data.team for one in story.events if isinstance(one.data, catalog.Team)}
    assert len(story.weeks()["2026-03-02"]) / len(teams) == 0.1


@rival("https://github.com/Flagsmith/flagsmith/pull/6692")
def test_callers_are_divided_by_teams() -> Telling:
    """One of two teams uses it with three services: 1/2. Three callers of two teams are 150 %."""
    story = Story("use-callers")
    story.platform()
    story.applies_to("callers-0", "callers-1")
    story.owns("callers-0", "x", "y", "z")
    for consumer in ("x", "y", "z"):
        story.calls("2026-03-03 10:00", consumer)
    ours = yield story

    rate = ours.adoption("use-callers", "2026-03-02")
    assert (rate.numerator, rate.denominator, rate.value) == (1, 2, 0.5)

    teams = sum(isinstance(one.data, catalog.Team) for one in story.events)
    assert len(story.weeks()["2026-03-02"]) / teams == 1.5


@rival(
    "https://github.com/allinurl/goaccess/issues/2260",
    "https://github.com/posit-dev/connect-extensions/issues/300",
)
def test_whoever_is_not_known_is_dropped() -> Telling:
    """Nine of ten requests come from callers nobody owns: `unknown` is a user, outside the rate, listed beside it."""
    story = Story("use-unknown")
    story.platform()
    story.applies_to("unknown-0", "unknown-1")
    story.owns("unknown-0", "known")
    story.calls("2026-03-03 10:00", "known")
    for number in range(9):
        story.calls("2026-03-03 10:00", f"nobody-{number}")
    ours = yield story

    rate = ours.adoption("use-unknown", "2026-03-02")
    assert (rate.numerator, rate.denominator, rate.outside_teams) == (1, 2, ["unknown"])
    by_team = "SELECT team, sum(uses) FROM adoption_use WHERE service = 'use-unknown' GROUP BY team ORDER BY team"
    assert ours.rows(by_team) == [("unknown", 9), ("unknown-0", 1)]

    owned = {one.data.name for one in story.events if isinstance(one.data, catalog.Ownership)}
    assert sum(one.consumer in owned for one in story.requests) == 1
