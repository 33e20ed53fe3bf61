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
