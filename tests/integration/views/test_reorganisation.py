"""A reorganisation keeps history with the old team, and moves it whole "as organised today" (METRICS 0.9)."""

from __future__ import annotations

from typing import Any

from tests.integration.views.warehouse_rows import Warehouse

REORGANISED = "2026-06-15"


HOURS = ("pay", "cart", "key", "shared", "w", "m", "c", "o", "old-app", "id", "tool", "stranger", "stays", "goes")
"""One slice is one hour of a service: each caller has an hour of its own."""


def use(warehouse: Warehouse, consumer: str, *days: str, requests: int = 1, **group: Any) -> None:
    for day in days:
        time = f"2026-06-{day} {HOURS.index(consumer):02}:00"
        warehouse.traffic("auth", time, {"consumer": consumer, "requests": requests, **group})


def by_team(warehouse: Warehouse, view: str) -> dict[str, int]:
    return {row["team"]: row["n"] for row in warehouse.rows(f"SELECT team, sum(uses) AS n FROM {view} GROUP BY team")}


def today(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    sql = "SELECT consumer, team_then, team, today_rule FROM adoption_use_today ORDER BY consumer, first_at"
    return [tuple(row.values()) for row in warehouse.rows(sql)]


def test_a_service_that_changes_team_keeps_its_history_as_of_then_and_moves_whole_as_of_today(
    warehouse: Warehouse,
) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.owner("cart", "checkout", "2026-01-01")
    warehouse.owner("pay", "core", REORGANISED)
    warehouse.catalog("service", "2026-01-01", service="pay")
    warehouse.catalog("service", "2026-01-01", service="cart")
    use(warehouse, "pay", "02", "09", "16", requests=10)
    use(warehouse, "cart", "02", requests=5)
    assert by_team(warehouse, "adoption_use") == {"payments": 20, "core": 10, "checkout": 5}
    assert by_team(warehouse, "adoption_use_today") == {"core": 30, "checkout": 5}
    assert {row[3] for row in today(warehouse)} == {"owner"}


def test_records_that_name_the_callers_team_of_then_move_with_the_caller_and_others_with_their_team(
    warehouse: Warehouse,
) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.owner("key", "payments", "2026-01-01", entity="consumer")
    warehouse.owner("key", "core", REORGANISED, entity="consumer")
    warehouse.owner("shared", "tools", "2026-01-01", entity="consumer")
    use(warehouse, "key", "02", team="payments")
    use(warehouse, "shared", "02", team="web")  # the team's, over a caller that many teams share
    assert today(warehouse) == [("key", "payments", "core", "owner"), ("shared", "web", "web", "same")]


def test_a_dissolved_teams_use_goes_where_its_lineage_goes(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.team("web", "mobile", "ops")
    warehouse.catalog("team", "2026-06-10", team="channels", lineage="merged", predecessors=["web", "mobile"])
    warehouse.catalog("team", REORGANISED, team="reach", lineage="renamed", predecessors=["channels"])
    warehouse.owner("old-app", "web", "2026-01-01", entity="consumer")  # the catalog was never told
    use(warehouse, "w", "02", team="web")
    use(warehouse, "m", "02", team="mobile")
    use(warehouse, "c", "12", team="channels")
    use(warehouse, "o", "02", team="ops")
    use(warehouse, "old-app", "20")
    assert today(warehouse) == [
        ("c", "channels", "reach", "lineage"),
        ("m", "mobile", "reach", "lineage"),
        ("o", "ops", "ops", "same"),
        ("old-app", "web", "reach", "owner"),
        ("w", "web", "reach", "lineage"),
    ]


def test_a_split_follows_the_callers_owner_today_and_what_nothing_decides_is_unknown(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.owner("pay", "core", "2026-01-01", entity="consumer")
    warehouse.owner("pay", "money", REORGANISED, entity="consumer")
    warehouse.owner("id", "core", "2026-01-01", entity="consumer")
    warehouse.owner("id", "people", REORGANISED, entity="consumer")
    warehouse.owner("tool", "ops", "2026-01-01", entity="consumer")
    warehouse.owner("tool", "people", REORGANISED, entity="consumer")
    for team in ("money", "people"):
        warehouse.catalog("team", REORGANISED, team=team, lineage="split", predecessors=["core"])
    for consumer in ("pay", "id"):
        use(warehouse, consumer, "02")
    use(warehouse, "tool", "02", team="core")  # not its owner's call, but one of the heirs has the caller now
    use(warehouse, "stranger", "02", team="core")
    assert today(warehouse) == [
        ("id", "core", "people", "owner"),
        ("pay", "core", "money", "owner"),
        ("stranger", "core", "unknown", "ambiguous"),
        ("tool", "core", "people", "owner"),
    ]
    assert sum(by_team(warehouse, "adoption_use_today").values()) == sum(by_team(warehouse, "adoption_use").values())


def test_a_team_that_still_exists_beside_what_was_split_off_keeps_its_own(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("auth")
    warehouse.team("core")
    for consumer in ("stays", "goes"):
        warehouse.owner(consumer, "core", "2026-01-01", entity="consumer")
    warehouse.owner("goes", "edge", REORGANISED, entity="consumer")
    warehouse.catalog("team", REORGANISED, team="edge", lineage="split", predecessors=["core"])
    use(warehouse, "stays", "02", "20")
    use(warehouse, "goes", "02", "20")
    assert by_team(warehouse, "adoption_use") == {"core": 3, "edge": 1}
    assert by_team(warehouse, "adoption_use_today") == {"core": 2, "edge": 2}


def releases(warehouse: Warehouse, service: str, *days: str) -> None:
    rows = [{"release": f"r{day}", "at": f"2026-06-{day}", "finished_at": f"2026-06-{day}"} for day in days]
    warehouse.facts(service, releases=rows)


def deployments(warehouse: Warehouse, view: str) -> dict[str, tuple[int, ...]]:
    """Deployments of each team, week by week of June 2026."""
    found: dict[str, tuple[int, ...]] = {}
    for row in warehouse.rows(
        f"SELECT team, numerator FROM {view} WHERE metric = 'deployment_frequency_per_day' ORDER BY team, period_start"
    ):
        found[row["team"]] = (*found.get(row["team"], ()), row["numerator"])
    return found


def test_velocity_stays_with_the_old_team_as_of_then_and_moves_whole_as_of_today(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-21 12:00")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.owner("pay", "core", REORGANISED)
    warehouse.owner("cart", "core", "2026-01-01")
    releases(warehouse, "pay", "02", "03", "09", "16")
    releases(warehouse, "cart", "04")
    weekly = deployments(warehouse, "velocity_teams_weekly")
    assert weekly == {"payments": (2, 1), "core": (1, 0, 1)}
    assert deployments(warehouse, "velocity_teams_today_weekly") == {"core": (3, 1, 1)}
    whole = "velocity_teams_today_range(from = '2026-06-01', to = '2026-06-22')"
    assert deployments(warehouse, whole) == {"core": (5,)}
    assert sum(sum(counts) for counts in weekly.values()) == 5


def test_velocity_of_dissolved_teams_goes_by_lineage_where_the_service_has_no_owner_today(warehouse: Warehouse) -> None:
    warehouse.now("2026-06-15")
    warehouse.owner("cart", "web", "2026-01-01")  # the catalog was never told that web is channels now
    warehouse.owner("old", "mobile", "2026-01-01")
    warehouse.owner("old", "mobile", "2026-06-05", removed=True)
    warehouse.owner("split", "core", "2026-01-01")
    warehouse.catalog("team", "2026-06-05", team="channels", lineage="merged", predecessors=["web", "mobile"])
    for team in ("money", "people"):
        warehouse.catalog("team", "2026-06-05", team=team, lineage="split", predecessors=["core"])
    warehouse.catalog("team", "2026-06-05", team="core", removed=True)
    warehouse.owner("moved", "core", "2026-01-01")
    warehouse.owner("moved", "people", "2026-06-05")
    for service in ("cart", "old", "split", "moved", "orphan"):
        releases(warehouse, service, "02")
    today = deployments(warehouse, "velocity_teams_today_weekly")
    assert {team: counts[0] for team, counts in today.items()} == {"channels": 2, "people": 1, "unknown": 2}


def test_owners_today_are_teams_of_today(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.owner("cart", "web", "2026-01-01")
    warehouse.owner("old", "web", "2026-01-01")
    warehouse.owner("old", "web", "2026-02-01", removed=True)
    warehouse.catalog("team", REORGANISED, team="channels", lineage="renamed", predecessors=["web"])
    rows = warehouse.rows("SELECT name, team, owner FROM catalog_owners_today ORDER BY name")
    assert [tuple(row.values()) for row in rows] == [
        ("cart", "channels", "web"),
        ("old", "unknown", "unknown"),
        ("pay", "payments", "payments"),
    ]
