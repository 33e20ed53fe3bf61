"""Which production deployments were rework: made because of an incident, and the rule that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from stream_processors.facts.attempts import Deployed, Key
from stream_processors.facts.branches import branch_of
from stream_processors.facts.changes import Change
from stream_processors.facts.config import FactsConfig
from stream_processors.facts.releases import Group
from stream_processors.resolve import Stored

_NO = frozenset({"", "0", "false", "no"})


def rework_rule(group: Group, restored: AbstractSet[Key], config: FactsConfig, changes: Sequence[Change] = ()) -> str:
    """`rollback`, `label`, `ref`, `title` or `link` (to an incident that it mends); empty when it was planned.

    `changes`: what it brought; a hotfix is labelled, named and titled where it was made, as often as where it is
    deployed.
    """
    attempts = group.attempts
    if any(one.key in restored for one in attempts):
        return "rollback"
    if any(_has_label(one.labels, config.hotfix_label) for one in attempts) or _any("label", changes, config):
        return "label"
    if any(config.hotfix_ref.search(_bare(one)) for one in attempts) or _any("ref", changes, config):
        return "ref"
    if any(config.hotfix_title.search(one.title) for one in attempts) or _any("title", changes, config):
        return "title"
    return "link" if any(one.fixes for one in attempts) else ""


def hotfix_told(rule: str, change: Change, config: FactsConfig) -> Stored | None:
    """The event of a change that says by this rule that it is a hotfix; of titles and branches the first one given."""
    title = next(((event, data.title) for event, data in change.said if data.title), None)
    head = next(((event, data.head_ref) for event, data in change.said if data.head_ref), None)
    if rule == "label":
        return next((event for event, data in change.said if _has_label(data.labels, config.hotfix_label)), None)
    if rule == "ref" and head is not None and config.hotfix_ref.search(branch_of(head[1])):
        return head[0]
    if rule == "title" and title is not None and config.hotfix_title.search(title[1]):
        return title[0]
    return None


def _any(rule: str, changes: Iterable[Change], config: FactsConfig) -> bool:
    return any(hotfix_told(rule, change, config) is not None for change in changes)


def _bare(one: Deployed) -> str:
    return branch_of(one.ref) or one.ref.removeprefix("refs/tags/")


def _has_label(labels: Mapping[str, str], named: str) -> bool:
    """A label of that name that is not false, or a list of labels that holds it."""
    wanted = named.casefold()
    for name, value in labels.items():
        if name.casefold() == wanted and value.strip().casefold() not in _NO:
            return True
        if wanted in (part.strip().casefold() for part in value.split(",")):
            return True
    return False
