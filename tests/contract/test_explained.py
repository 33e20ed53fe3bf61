"""Every metric of the catalogue page can be explained, or the page says in words why not."""

from __future__ import annotations

import re

import pytest

from reports.explained_measures import KINDS, SHORT
from schemas.clickhouse import View, views
from schemas.explained import RULES, explained, sentence
from schemas.metrics_page import columns, page

VIEWS = views()
each_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


@each_view
def test_a_view_is_explained_by_measures_that_there_are_or_in_words(view: View) -> None:
    measures, words = explained(view.name)
    assert {SHORT.get(one, one) for one in measures} <= set(KINDS)
    assert measures or len(words) > 20
    assert sentence(view.name) in page() or view.name.startswith("dead_letter")


@each_view
def test_a_view_with_numbers_of_events_is_not_left_to_words(view: View) -> None:
    """A ratio with its parts, or a distribution, is made of events."""
    names = {one.name for one in columns(view)}
    if names & {"numerator", "p50_seconds", "value_seconds"} and not view.name.startswith("coverage"):
        assert explained(view.name).measures


@each_view
def test_what_a_view_calls_a_metric_can_be_explained(view: View) -> None:
    """Named in the comment of its column `metric`, as `name` or `ci_duration_{p50,p90}_seconds`."""
    said = next((one.comment for one in columns(view) if one.name == "metric"), "")
    named = re.findall(r"\b([a-z_]+)\{([\w,]+)\}([a-z_]*)|\b((?:deployment|change|failed|ci)_\w+)", said)
    patterns = [f"{begin}{one}{end}" for begin, middle, end, _ in named if middle for one in middle.split(",")]
    full = patterns + [whole for *_, whole in named if whole]
    assert set(full) <= set(KINDS)


def test_every_measure_is_named_by_some_view_and_every_rule_is_of_some_view() -> None:
    named = {SHORT.get(one, one) for view in VIEWS for one in explained(view.name).measures}
    beside = ("_without_bots", "_from_first_commit", "_without_rollbacks")
    headlines = {re.sub(r"_p\d\d_", "_p50_", re.sub("|".join(beside), "", one)) for one in KINDS}
    assert headlines == named
    used = [rule for rule in RULES if any(explained(view.name) is RULES[rule] for view in VIEWS)]
    assert used == list(RULES)
