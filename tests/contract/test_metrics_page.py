"""The catalogue of metrics tells every view that readers have, with all of its columns."""

from __future__ import annotations

import pytest

from schemas import metrics_page
from schemas.clickhouse import NOT_FOR_READERS, View, views

TOLD = [view for view in views() if view.name not in NOT_FOR_READERS]


@pytest.mark.parametrize("view", TOLD, ids=lambda view: view.name)
def test_a_view_is_told_with_its_question_and_each_of_its_columns(view: View) -> None:
    page = metrics_page.page()
    section = page.split(f"\n### `{view.name}", 1)[1].split("\n### ", 1)[0]

    assert view.question in section
    assert view.grain in section
    assert section.count("\n| `") == view.template.split("\n)\nAS\n", 1)[0].count(" COMMENT '") > 0


def test_what_readers_may_not_see_is_not_told() -> None:
    assert not any(f"`{name}`" in metrics_page.page() for name in NOT_FOR_READERS)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("adoption_growth_by", "Service adoption"),
        ("service_adoption", "Service adoption"),
        ("service_aliases", "Catalog"),
        ("ci", "Change velocity"),
        ("cost_per_transaction", "Cost"),
        ("restatements", "Trust"),
    ],
)
def test_a_view_stands_in_the_family_of_its_name(name: str, family: str) -> None:
    assert metrics_page.family_of(name) == family
