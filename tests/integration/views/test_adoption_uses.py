"""The three uses of a platform service: API calls, pipeline runs, deployments (METRICS 1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.views.warehouse_rows import Warehouse

RUN = {
    "source": "//github.com",
    "attempt": 1,
    "provider": "github",
    "system": "github.com",
    "template": "",
    "outcome": "success",
}


def ci_run(run_id: str, finished: str | None, **said: Any) -> dict[str, Any]:
    """A run that ended; None: still on its way."""
    told = "2026-06-01 08:00"
    return {**RUN, "run_id": run_id, "finished_at": finished, "told_at": told, "at": finished or told, **said}


def deployment(warehouse: Warehouse, service: str, deployment_id: str, *, status: str = "success", **said: str) -> None:
    """One attempt of a service at noon of 2026-06-03."""
    attempt = {"deployment_id": deployment_id, "environment": "staging", "status": status, "at": "2026-06-03 12:00"}
    warehouse.facts(service, attempts=[{**attempt, "provider": "github", **said}])


def used(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    rows = warehouse.rows(
        "SELECT service, use, consumer, team, team_rule, day, uses FROM adoption_use ORDER BY service, consumer, day"
    )
    return [(*list(row.values())[:5], f"{row['day']:%m-%d}", row["uses"]) for row in rows]


@pytest.mark.parametrize(
    "said",
    [
        {"template": "acme/ci/build.yml"},
        {"system": "ci.acme.example"},
        {"provider": "jenkins"},
        {"provider": "ci-platform"},
        {"template": "acme/ci/build.yml", "provider": "jenkins"},
    ],
    ids=["template", "system", "provider", "its own name", "two of its names are one use"],
)
def test_a_run_on_a_platforms_template_or_system_is_a_use_by_the_services_team(
    warehouse: Warehouse, said: dict[str, str]
) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("ci-platform", capability="ci", aliases=["acme/ci/build.yml", "ci.acme.example", "jenkins"])
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.facts("pay", ci_runs=[ci_run("1", "2026-06-02 10:00", **said)])
    assert used(warehouse) == [("ci-platform", "pipeline", "pay", "payments", "service", "06-02", 1)]


def test_runs_count_once_when_they_end_whatever_their_outcome_and_re_runs_do_not_count_again(
    warehouse: Warehouse,
) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("ci-platform", capability="ci", aliases=["github"])
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.facts(
        "pay",
        ci_runs=[
            ci_run("1", "2026-06-02 10:00", outcome="failure"),
            ci_run("1", "2026-06-03 10:00", attempt=2),  # the same run once more, on the next day
            ci_run("2", "2026-06-02 11:00", outcome="cancelled"),
            ci_run("3", "2026-06-02 12:00", outcome="skipped"),  # nothing ran
            ci_run("4", None, outcome=""),  # still runs
            ci_run("5", "2026-06-02 13:00", provider="own-script"),  # not on the platform: no use, and no gap either
        ],
    )
    assert used(warehouse) == [("ci-platform", "pipeline", "pay", "payments", "service", "06-02", 2)]


def test_a_run_of_no_service_is_a_use_by_an_unknown_team(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("ci-platform", capability="ci", aliases=["github"])
    warehouse.facts("", ci_runs=[ci_run("1", "2026-06-02 10:00")])
    assert used(warehouse) == [("ci-platform", "pipeline", "", "unknown", "unknown", "06-02", 1)]


def test_use_belongs_to_the_team_that_owned_the_service_then(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("ci-platform", capability="ci", aliases=["github"])
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.owner("pay", "core", "2026-06-03 15:00")
    warehouse.facts("pay", ci_runs=[ci_run("1", "2026-06-02 10:00"), ci_run("2", "2026-06-03 10:00")])
    assert [(row[3], row[5]) for row in used(warehouse)] == [("payments", "06-02"), ("core", "06-03")]


def test_a_successful_deployment_through_a_platform_deployer_is_a_use_in_any_environment(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("deploy-platform", capability="deployment", aliases=["acme-deployer", "argocd"])
    for service in ("pay", "cart", "shop", "own", "bad"):
        warehouse.owner(service, f"{service}-team", "2026-01-01")
    deployment(warehouse, "pay", "1", deployer="acme-deployer")
    deployment(warehouse, "cart", "2", deployer="deploy-platform")
    deployment(warehouse, "shop", "3", provider="argocd")
    deployment(warehouse, "own", "4", deployer="a-shell-script")
    deployment(warehouse, "bad", "5", deployer="acme-deployer", status="failure")
    assert used(warehouse) == [
        ("deploy-platform", "deployment", name, f"{name}-team", "service", "06-03", 1)
        for name in ("cart", "pay", "shop")
    ]


def test_what_a_platform_service_is_for_decides_which_uses_count(warehouse: Warehouse) -> None:
    warehouse.now("2026-07-01")
    warehouse.platform("ci-platform", capability="ci", aliases=["github"])
    warehouse.platform("deploy-platform", capability="deployment", aliases=["github"])
    warehouse.platform("auth", capability="api", aliases=["github"])
    warehouse.owner("pay", "payments", "2026-01-01")
    warehouse.traffic("ci-platform", "2026-06-02 10:00", {"consumer": "dashboard"})  # reading its API is no run
    warehouse.traffic("auth", "2026-06-02 10:00", {"consumer": "pay"})
    warehouse.facts("pay", ci_runs=[ci_run("1", "2026-06-02 10:00")])
    assert [row[:3] for row in used(warehouse)] == [("auth", "api", "pay"), ("ci-platform", "pipeline", "pay")]
