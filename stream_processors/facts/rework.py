"""Which production deployments were rework: made because of an incident, and the rule that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from stream_processors.facts.attempts import Deployed, Key
from stream_processors.facts.branches import branch_of
from stream_processors.facts.changes import Change
from stream_processors.facts.config import FactsConfig
from stream_processors.facts.releases import Group

_NO = frozenset({"", "0", "false", "no"})


def rework_rule(group: Group, restored: AbstractSet[Key], config: FactsConfig, changes: Sequence[Change] = ()) -> str:
    """`rollback`, `label`, `ref`, `title` or `link` (to an incident that it mends); empty when it was planned.

    `changes`: what it brought; a hotfix is labelled, named and titled where it was made, as often as where it is
    deployed.
    """
    attempts = group.attempts
    if any(one.key in restored for one in attempts):
        return "rollback"
    labels = [*(one.labels for one in attempts), *(said for one in changes for said in one.labels)]
    if any(_has_label(one, config.hotfix_label.casefold()) for one in labels):
        return "label"
    if any(config.hotfix_ref.search(ref) for ref in (*map(_bare, attempts), *(one.head for one in changes))):
        return "ref"
    if any(
        config.hotfix_title.search(title) for title in [one.title for one in attempts] + [one.title for one in changes]
    ):
        return "title"
    return "link" if any(one.fixes for one in attempts) else ""


def _bare(one: Deployed) -> str:
    return branch_of(one.ref) or one.ref.removeprefix("refs/tags/")


def _has_label(labels: Mapping[str, str], wanted: str) -> bool:
    """A label of that name that is not false, or a list of labels that holds it."""
    for name, value in labels.items():
        if name.casefold() == wanted and value.strip().casefold() not in _NO:
            return True
        if wanted in (part.strip().casefold() for part in value.split(",")):
            return True
    return False
