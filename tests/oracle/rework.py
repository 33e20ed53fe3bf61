"""Deployments made because of an incident: rollbacks, and hotfixes by label, branch, title or link."""

from __future__ import annotations

import re

from tests.oracle.releases import Release


def rework(release: Release) -> str:
    """`rollback`, `label`, `ref`, `title`, `link`, or nothing."""
    if release.is_rollback:
        return "rollback"
    if any(_is_labelled(one.labels) for one in release.members):
        return "label"
    if any(_is_hotfix_branch(one.ref) for one in release.members):
        return "ref"
    if any(re.search(r"\bhotfix\b", one.title or "", re.IGNORECASE) for one in release.members):
        return "title"
    if any(one.fixes for one in release.members):
        return "link"
    return ""


def _is_labelled(labels: dict[str, str]) -> bool:
    """A label of that name that is not denied, or a list of labels that holds it."""
    for name, value in labels.items():
        if name.lower() == "hotfix" and value.strip().lower() not in ("", "0", "false", "no"):
            return True
        if "hotfix" in [one.strip().lower() for one in value.split(",")]:
            return True
    return False


def _is_hotfix_branch(ref: str | None) -> bool:
    branch = (ref or "").removeprefix("refs/heads/").lower()
    return branch.startswith(("hotfix/", "hotfix-"))
