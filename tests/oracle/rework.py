"""Deployments made because of an incident: rollbacks, and hotfixes by label, branch, title or link."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.oracle.attempts import Attempt
from tests.oracle.changes import Change


def rework(members: Sequence[Attempt], changes: Sequence[Change]) -> str:
    """`rollback`, `label`, `ref`, `title`, `link`, or nothing; by its deployments, or by the changes it brought."""
    if any(one.is_rollback for one in members):
        return "rollback"
    if any(_is_labelled(one) for one in [m.labels for m in members] + [said for c in changes for said in c.labels]):
        return "label"
    if any(_is_hotfix_branch(one) for one in [m.ref for m in members] + [c.head for c in changes]):
        return "ref"
    if any(re.search(r"\bhotfix\b", one or "", re.IGNORECASE) for one in [o.title for o in (*members, *changes)]):
        return "title"
    if any(one.fixes for one in members):
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
