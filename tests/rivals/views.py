"""The real views, as a reader of a story's numbers sees them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.support.line import Line

MEASURE = "metric, numerator, denominator, value, shown, null_reason, n, n_open, is_partial"


class Views:
    """The real views, as a reader sees them; each is read once, for all stories."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._read: dict[str, list[SimpleNamespace]] = {}

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._line.rows(sql, parameters)

    def velocity(self, service: str, metric: str, begin: str, end: str) -> SimpleNamespace:
        """The row of a measure of a service from one day until, not including, another."""
        view = f"velocity_range(from = toDate('{begin}'), to = toDate('{end}'))"
        return self._row(f"service, {MEASURE}", view, service=service, metric=metric)

    def team_velocity(self, team: str, metric: str, begin: str, end: str) -> SimpleNamespace:
        """The same of a team."""
        view = f"velocity_teams_range(from = toDate('{begin}'), to = toDate('{end}'))"
        return self._row(f"team, {MEASURE}", view, team=team, metric=metric)

    def week(self, service: str, metric: str, monday: str) -> SimpleNamespace:
        """The row of a measure of a service in a week."""
        columns = f"service, toString(period_start) AS monday, {MEASURE}"
        return self._row(columns, "velocity_weekly", service=service, metric=metric, monday=monday)

    def growth(self, service: str, monday: str, consumer_set: str = "consumer") -> SimpleNamespace:
        """Growth accounting of a platform service in a week."""
        columns = (
            "service, consumer_set, toString(period_start) AS monday, is_partial, active, new, retained, resurrected, "
            "churned, reassigned_in, reassigned_out, quick_ratio, null_reason"
        )
        return self._row(columns, "adoption_growth", service=service, monday=monday, consumer_set=consumer_set)

    def adoption(self, service: str, monday: str) -> SimpleNamespace:
        """Share of the teams for which a platform service is there that use it in a week."""
        columns = (
            "service, population, toString(period_start) AS monday, is_partial, numerator, denominator, value, shown, "
            "outside_teams"
        )
        return self._row(columns, "adoption_rate", service=service, monday=monday, population="applicable")

    def availability(self, service: str, month: str) -> SimpleNamespace:
        """Availability of a service in a month, by its first day."""
        columns = "service, toString(period_start) AS month, numerator, denominator, value, null_reason, limited"
        view = "availability(from = '2026-04-01', to = '2026-06-01', grain = 'month', scope = 'service')"
        return self._row(columns, view, service=service, month=month)

    def _row(self, columns: str, view: str, **key: str) -> SimpleNamespace:
        names = [column.rpartition(" ")[2] for column in columns.split(", ")]
        if view not in self._read:
            rows = self.rows(f"SELECT {columns} FROM {view}")
            self._read[view] = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows]
        found = [row for row in self._read[view] if all(getattr(row, name) == word for name, word in key.items())]
        assert len(found) == 1, f"expected one row of {view} with {key}, got {found}"
        return found[0]
