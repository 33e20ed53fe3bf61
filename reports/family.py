"""What a report is: questions to views, and how their answers are shown. The reports themselves are in `families`."""

from __future__ import annotations

from dataclasses import dataclass

from reports.columns import Column

SERVICE = "({service:String} = '' OR service = {service:String})"
TEAM = "({team:String} = '' OR team = {team:String})"
"""What narrows a section to the service and the team that were asked for, where any were."""


@dataclass(frozen=True)
class Section:
    """One table of a report.

    Attributes:
        title: for people; may name `{since}` and `{until}`.
        sql: over views; parameters service, team (empty: all), since, until (days, until exclusive).
        columns: what is shown, in order.
    """

    title: str
    sql: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Family:
    """One report.

    Attributes:
        name: as on the command line.
        question: what it answers.
        days: default length of the window, in whole days before today.
        sections: its tables; `--format csv` writes the first that has rows.
        hint: what to do when there is nothing to show.
        coverage: families of the view `coverage_between` that stand under it; none: the one of its name.
    """

    name: str
    question: str
    days: int
    sections: tuple[Section, ...]
    hint: str
    coverage: tuple[str, ...] = ()
