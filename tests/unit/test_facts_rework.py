"""Rework: unplanned production deployments, by rollback, label, branch, title, or link to an incident."""

from __future__ import annotations

import re
from typing import Any

import pytest

from stream_processors.facts import FactsConfig
from tests.histories import History


def rule(config: FactsConfig | None = None, **fields: Any) -> str:
    history = History(config)
    history.deploy("1", 1, "v1", **fields)
    release = history.releases()["1"]
    assert release.is_rework == int(bool(release.rework_rule))
    return release.rework_rule


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ({}, ""),
        ({"labels": {"Hotfix": "true"}}, "label"),
        ({"labels": {"hotfix": "false"}}, ""),
        ({"labels": {"labels": "bug, HotFix"}}, "label"),
        ({"labels": {"kind": "hotfixes"}}, ""),
        ({"ref": "refs/heads/hotfix/refund"}, "ref"),
        ({"ref": "Hotfix-1"}, "ref"),
        ({"ref": "refs/tags/hotfix-1"}, "ref"),
        ({"ref": "refs/heads/not-a-hotfix/1"}, ""),
        ({"ref": "hotfixes"}, ""),
        ({"title": "HOTFIX: null check"}, "title"),
        ({"title": "hotfixes of the week"}, ""),
        ({"fixes": ("i",)}, "link"),
        ({"is_rollback": True, "title": "hotfix"}, "rollback"),
        ({"labels": {"hotfix": "yes"}, "ref": "hotfix/1", "fixes": ("i",)}, "label"),
    ],
)
def test_rules(fields: dict[str, Any], want: str) -> None:
    assert rule(**fields) == want


def test_patterns_are_settings() -> None:
    config = FactsConfig(hotfix_label="urgent", hotfix_ref=re.compile("^fire/"), hotfix_title=re.compile("!!"))
    assert rule(config, labels={"urgent": "1"}) == "label"
    assert rule(config, ref="fire/1") == "ref"
    assert rule(config, title="now!!") == "title"
    assert rule(config, title="hotfix") == ""


def test_a_failed_hotfix_is_rework_too() -> None:
    assert rule(status="failure", title="hotfix") == "title"


def released(history: History, hours: float, name: str = "2") -> str:
    """The rule by which a release is rework, after a first one at the beginning."""
    history.deploy("1", 0.5, "v1", commit="c0")
    history.deploy(name, hours, "v2", commit="c2")
    return history.releases()[name].rework_rule


def test_a_hotfix_by_the_label_branch_or_title_of_a_change_that_it_brings() -> None:
    said: dict[str, dict[str, Any]] = {
        "label": {"labels": {"Hotfix": "true"}},
        "ref": {"head_ref": "refs/heads/hotfix/7"},
        "title": {"title": "Hotfix: pay again"},
    }
    for rule, fields in said.items():
        history = History()
        history.push(0, "c0", before=None)
        history.push(2, "c2", before="c0")
        history.merge(2, 7, merge_commit="c2", head_commit="c1", method="squash", **fields)
        assert released(history, 3) == rule


def test_a_label_that_a_change_got_later_than_its_opening_counts() -> None:
    history = History()
    history.push(0, "c0", before=None)
    history.push(2, "c2", before="c0")
    history.merge(1, 7, "opened", head_commit="c1", labels={"bug": "true"})
    history.merge(2, 7, merge_commit="c2", head_commit="c1", method="squash", labels={"bug": "true", "hotfix": "true"})
    assert released(history, 3) == "label"


def test_a_change_makes_the_first_release_that_brings_it_rework_and_no_later_one() -> None:
    history = History()
    history.push(0, "c0", before=None)
    history.push(2, "c2", before="c0")
    history.push(4, "c3", before="c2")
    history.merge(2, 7, merge_commit="c2", head_commit="c1", method="squash", labels={"hotfix": "true"})
    assert released(history, 3) == "label"
    history.deploy("3", 5, "v3", commit="c3")
    assert history.releases()["3"].rework_rule == ""


def test_the_first_release_brings_all_that_ever_was_and_is_no_hotfix() -> None:
    history = History()
    history.push(0, "c0", before=None)
    history.merge(0, 7, merge_commit="c0", head_commit="c1", method="squash", labels={"hotfix": "true"})
    history.deploy("1", 1, "v1", commit="c0")
    assert history.releases()["1"].rework_rule == ""
