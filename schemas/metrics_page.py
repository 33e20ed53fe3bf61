"""The catalogue of metrics: one page made from the headers and column comments of the views, so that it cannot drift.

For who writes SQL. `schemas.generate` writes it beside the JSON Schemas; a test fails when it is stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.clickhouse import NOT_FOR_READERS, View, views
from schemas.explained import sentence

FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "Service adoption": ("adoption", "service_adoption", "platform_services"),
    "Time to production": ("time_to_production", "ttp", "milestones", "observations"),
    "Change velocity": (
        *("velocity", "change_lead_time", "deployments", "attempts", "commits", "incidents", "release", "tiers"),
        *("quick_check", "ci"),
    ),
    "Reliability": ("reliability", "availability", "uptime", "latency", "slo", "blast_radius", "gateway"),
    "Cost": ("cost", "costs"),
    "Catalog": ("catalog", "service_aliases", "targets", "annotations", "periods", "as_of"),
    "Trust": (),
}
"""Title -> first words of the names of its views; the last takes all others."""

_OPENING = """# Metrics

Generated from the views' headers by `python -m schemas.generate`: change them, not this page.

Every number is read from a named view of the database `adoption`, by reports, dashboards and any SQL client alike.
A view with parameters is called like a function:
`SELECT * FROM adoption.velocity_range(from = '2026-07-01', to = '2026-08-01')`.
No view has a clock of its own: now is what `as_of` says.
"""

_COLUMN = re.compile(r"^ +(\w+) +(.*?) COMMENT '((?:[^']|'')+)'", re.MULTILINE)


class Column(NamedTuple):
    """A column as its view declares it."""

    name: str
    type: str
    comment: str


def page() -> str:
    """The page, in Markdown."""
    told = [view for view in views() if view.name not in NOT_FOR_READERS]
    parts = [_OPENING]
    for family in FAMILIES:
        chosen = sorted((view for view in told if family_of(view.name) == family), key=lambda view: view.name)
        parts.append(f"\n## {family}\n")
        parts.extend(map(_section, chosen))
    return "".join(parts)


def family_of(name: str) -> str:
    """The title under which a view stands: that of the longest beginning of its name."""
    words = [(len(word), family) for family, words in FAMILIES.items() for word in words if _begins(name, word)]
    return max(words, default=(0, list(FAMILIES)[-1]))[1]


def columns(view: View) -> list[Column]:
    """What the view declares, in order."""
    listed = view.template.split("\n(\n", 1)[1].split("\n)\nAS\n", 1)[0]
    return [Column(name, type_, comment.replace("''", "'")) for name, type_, comment in _COLUMN.findall(listed)]


def _begins(name: str, word: str) -> bool:
    return name == word or name.startswith(f"{word}_")


def _section(view: View) -> str:
    call = f"{view.name}({', '.join(view.parameters)})" if view.parameters else view.name
    return (
        f"\n### `{call}`\n\n{view.question} One row is one {view.grain}. {sentence(view.name)}\n\n"
        f"| column | type | meaning |\n|---|---|---|\n{_rows(columns(view))}"
    )


def _rows(listed: Iterable[Column]) -> str:
    return "".join(f"| `{one.name}` | {one.type} | {_cell(one.comment)} |\n" for one in listed)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
