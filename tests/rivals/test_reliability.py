"""Rivals' availability: whose fault an answer is, and what silence means."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean

from tests.rivals.story import Story
from tests.rivals.telling import Telling, rival

APRIL, MAY = "2026-04-01", "2026-05-01"


def answered(story: Story, when: str, counts: dict[int, int], **fields: str) -> None:
    """So many requests with each status, a second apart."""
    statuses = [status for status, count in counts.items() for _ in range(count)]
    for second, status in enumerate(statuses):
        story.calls(f"{when}:{second // 60:02}:{second % 60:02}", "a", status=status, **fields)


@rival(
    "https://github.com/vonrobak/fedora-homelab-containers/pull/108",
    "https://github.com/neondatabase/neon/pull/6201",
)
def test_a_caller_who_asks_for_what_is_not_there_breaks_the_service() -> Telling:
    """95 answers, 4 times 404, once 503: it was available for 99 of 100. Only 2xx and 3xx counted as up: 95."""
    story = Story("up-not-found")
    answered(story, "2026-04-02 10", {200: 95, 404: 4, 503: 1})
    ours = yield story

    april = ours.availability("up-not-found", APRIL)
    assert (april.numerator, april.denominator, april.value) == (99, 100, 0.99)

    assert sum(one.status < 400 for one in story.requests) / len(story.requests) == 0.95


@rival("https://github.com/rajadilipkolli/spring-boot-microservices-series-v2/pull/1692")
def test_who_is_turned_away_was_served() -> Telling:
    """8 answers, one 503, and the gateway turned 11 away: 8 of 9, the 11 stand beside. With 429 a success: 95 %."""
    story = Story("up-limited")
    answered(story, "2026-04-02 10", {200: 8, 503: 1})
    answered(story, "2026-04-02 11", {429: 11}, outcome="limited")
    ours = yield story

    april = ours.availability("up-limited", APRIL)
    assert (april.numerator, april.denominator, april.value, april.limited) == (8, 9, 8 / 9, 11)

    assert sum(one.status < 500 for one in story.requests) / len(story.requests) == 0.95


@rival(
    "https://github.com/spotahome/service-level-operator/issues/19",
    "https://github.com/opendatahub-io/models-as-a-service/pull/995",
    "https://github.com/istio/istio/issues/7616",
)
def test_who_is_never_asked_is_always_up() -> Telling:
    """Asked in April, not once in May: there is no availability of May. One rival shows 100 %, another one 0 %."""
    story = Story("up-silent")
    answered(story, "2026-04-02 10", {200: 10})
    ours = yield story

    may = ours.availability("up-silent", MAY)
    assert (may.value, may.null_reason, may.denominator) == (None, "no_traffic", 0)

    of_may = [one for one in story.requests if f"{one.at:%Y-%m}" == "2026-05"]
    good = sum(one.outcome == "ok" for one in of_may)
    assert (good / len(of_may) if of_may else 1.0, good / max(1, len(of_may))) == (1.0, 0.0)


@rival(
    "https://github.com/nflverse/nflfastR/issues/439",
    "https://github.com/bowald/chs-exam-statistics/issues/6",
)
def test_a_month_is_the_mean_of_its_days() -> Telling:
    """One request at night failed, of 99 by day none: 99 of 100. The mean of a day of 0 % and one of 100 % is 50 %."""
    story = Story("up-days")
    answered(story, "2026-04-02 03", {503: 1})
    answered(story, "2026-04-03 10", {200: 99})
    ours = yield story

    assert ours.availability("up-days", APRIL).value == 0.99

    days: defaultdict[str, list[bool]] = defaultdict(list)
    for one in story.requests:
        days[str(one.at.date())].append(one.outcome == "ok")
    assert fmean(fmean(day) for day in days.values()) == 0.5
