"""The content of the public views as bytes, for "the same events give the same views"."""

from __future__ import annotations

from tests.support.plant import Plant

NOT_COMPARED = {"as_of", "freshness", "dead_letter_list", "restatements"}
"""Views that say when or where something was read, or what a late arrival changed: they differ between runs."""


def pin_clock(plant: Plant, at: str) -> None:
    """Hold "now" at an instant, e.g. `2026-07-02 00:00:00`."""
    plant.rows("INSERT INTO adoption.clock (name, at, version) VALUES ('pinned', {at:String}, 1)", {"at": at})


def dump(plant: Plant) -> dict[str, str]:
    """View → its rows in order, as text."""
    names = plant.rows(
        "SELECT name FROM system.tables WHERE database = 'adoption' AND engine = 'View' "
        "AND NOT startsWith(name, '.') AND parameterized_view_parameters = [] ORDER BY name"
    )
    return {
        name: "\n".join(map(repr, plant.rows(f"SELECT * FROM adoption.{name} ORDER BY ALL")))
        for (name,) in names
        if name not in NOT_COMPARED
    }
