"""The dashboards, one per family of metrics: which views they show, and what to bear in mind while reading."""

from __future__ import annotations

from deploy.grafana.cost import COST
from deploy.grafana.model import Dashboard, Panel
from deploy.grafana.reliability import RELIABILITY
from deploy.grafana.shared import (
    CLOSED,
    IN_RANGE,
    ONE_PLATFORM_SERVICE,
    PLATFORM_SERVICE,
    SERVICE,
    SERVICES,
    TEAM,
    TEAMS,
    coverage,
    freshness,
)

ADOPTION = Dashboard(
    uid="adoption-adoption",
    title="Adoption of platform services",
    description="Which teams use which platform service; whom each one wins, keeps and loses. Weeks begin on Monday.",
    variables=(PLATFORM_SERVICE, ONE_PLATFORM_SERVICE, TEAM),
    panels=(
        Panel(
            "table",
            "Lasting use",
            "Teams active in at least 3 of the last 4 closed periods of the service's natural grain ÷ the population: "
            "teams to which it applies by the catalog, else all. Beside it: ever tried, and active in the last one.",
            "SELECT service, shown, null_reason, numerator, denominator, population, ever_value, active_value, grain, "
            f"period_start FROM adoption_sustained WHERE is_latest AND is_default AND {SERVICES} ORDER BY service",
            width=24,
            height=7,
            units={"shown": "percentunit", "ever_value": "percentunit", "active_value": "percentunit"},
        ),
        Panel(
            "timeseries",
            "Adoption rate",
            "Active teams ÷ the teams to which the service applies by the catalog, else all, at the end of the week. "
            "Active: at least the service's minimum of uses, probes left out. The running week is not shown.",
            "SELECT period_start AS time, service, shown FROM adoption_rate "
            f"WHERE {CLOSED} AND is_default = 1 AND {SERVICES} ORDER BY time, service",
            unit="percentunit",
        ),
        Panel(
            "timeseries",
            "Active teams",
            "Teams that used it in the week. A reorganisation shows as reassigned, neither as new nor as churned.",
            "SELECT period_start AS time, service, active FROM adoption_growth "
            f"WHERE {CLOSED} AND consumer_set = 'team' AND {SERVICES} ORDER BY time, service",
        ),
        Panel(
            "timeseries",
            "Growth accounting: $focus",
            "Where each week's active teams came from: new for the first time ever, resurrected after a week away.",
            "SELECT period_start AS time, retained, reassigned_in, resurrected, new FROM adoption_growth "
            f"WHERE {CLOSED} AND consumer_set = 'team' AND service = ${{focus:singlequote}} ORDER BY time",
            stack=True,
        ),
        Panel(
            "timeseries",
            "Lost: $focus",
            "Teams that were active in the week before and no longer are. Known only once a week is over.",
            "SELECT period_start AS time, churned, reassigned_out FROM adoption_growth "
            f"WHERE {CLOSED} AND consumer_set = 'team' AND service = ${{focus:singlequote}} ORDER BY time",
            stack=True,
        ),
        Panel(
            "table",
            "Week by week",
            "The rate with its parts. Users outside the population are listed, not counted.",
            "SELECT period_start, service, numerator, denominator, shown, outside, outside_teams FROM adoption_rate "
            f"WHERE {IN_RANGE} AND is_default = 1 AND {SERVICES} ORDER BY period_start DESC, service",
            units={"shown": "percentunit"},
        ),
        Panel(
            "table",
            "Who uses it",
            "Teams with their uses by week: ok requests, pipeline runs, deployments. Unknown: no catalog entry says "
            "whose caller it is.",
            "SELECT period_start, service, team, consumers, uses, last_at FROM adoption_active "
            f"WHERE {IN_RANGE} AND {SERVICES} AND {TEAMS} ORDER BY period_start DESC, service, team",
        ),
        freshness("gateway", "catalog"),
        coverage("adoption"),
    ),
)

_HEADLINE = "is_headline = 1"
_STAGES = (
    "onboarded_to_first_commit_seconds",
    "first_commit_to_first_ci_run_seconds",
    "first_ci_run_to_first_ci_success_seconds",
    "first_ci_success_to_first_nonprod_deployment_seconds",
    "first_nonprod_deployment_to_first_production_deployment_seconds",
    "first_production_deployment_to_first_production_traffic_seconds",
)
_ALL = "team = '' AND template = '' AND cohort = 'all'"

TIME_TO_PRODUCTION = Dashboard(
    uid="adoption-time-to-production",
    title="Time to production",
    description="How long a new service takes from its start to its first production deployment, and in which stage.",
    variables=(TEAM,),
    panels=(
        Panel(
            "stat",
            "Median (Kaplan-Meier)",
            "Half of the services are in production after this long, those still on their way counted as such. "
            "No value: half are not there yet.",
            f"SELECT value_seconds FROM ttp_median WHERE {_HEADLINE} AND {_ALL}",
            width=6,
            height=7,
            unit="s",
        ),
        Panel(
            "stat",
            "Median of the finished ones",
            "Too short while others are on their way: beside the Kaplan-Meier median, not instead of it.",
            f"SELECT naive_seconds FROM ttp_median WHERE {_HEADLINE} AND {_ALL}",
            width=6,
            height=7,
            unit="s",
        ),
        Panel(
            "trend",
            "Not in production yet, so long after the start",
            "Kaplan-Meier curve: share of services still on their way.",
            "SELECT time_seconds, survival FROM ttp_survival "
            f"WHERE start = 'onboarded' AND {_ALL} ORDER BY time_seconds",
            height=7,
            unit="percentunit",
            units={"time_seconds": "s"},
            options={"xField": "time_seconds"},
        ),
        Panel(
            "table",
            "By template",
            "Golden paths beside everything else; an empty template: all services together.",
            "SELECT template, value_seconds, null_reason, naive_seconds, n, n_done, n_open FROM ttp_median "
            f"WHERE {_HEADLINE} AND team = '' AND cohort = 'all' ORDER BY template",
            units={"value_seconds": "s", "naive_seconds": "s"},
        ),
        Panel(
            "table",
            "By month of the start",
            "Young cohorts have most services on their way: their median comes last.",
            "SELECT cohort, value_seconds, null_reason, n, n_done, n_open FROM ttp_median "
            f"WHERE {_HEADLINE} AND team = '' AND template = '' ORDER BY cohort DESC",
            units={"value_seconds": "s"},
        ),
        Panel(
            "table",
            "Stages",
            "Time between neighbouring milestones, negative ones included. Open: the last milestone reached is its "
            "first.",
            "SELECT stage, p50_seconds, p75_seconds, p90_seconds, null_reason, n, n_open, n_skipped, n_out_of_order "
            f"FROM ttp_stages WHERE {_HEADLINE} AND {_ALL} AND nth = 0 ORDER BY position",
            units=dict.fromkeys(("p50_seconds", "p75_seconds", "p90_seconds"), "s"),
        ),
        Panel(
            "table",
            "A team's first, second, n-th service",
            "Whether the platform gets easier to use: Kaplan-Meier medians.",
            f"SELECT nth, value_seconds, null_reason, naive_seconds, n, n_done, n_open FROM ttp_nth WHERE {_HEADLINE} "
            "ORDER BY nth",
            units={"value_seconds": "s", "naive_seconds": "s"},
        ),
        Panel(
            "table",
            "Services on their way, and those that arrived",
            "Stages join neighbouring milestones; an empty one was not observed at both ends.",
            "SELECT service, team, template, status, started_at, finished_at, value_seconds, "
            f"{', '.join(_STAGES)} FROM time_to_production "
            f"WHERE {_HEADLINE} AND is_left_truncated = 0 AND {TEAMS} ORDER BY started_at DESC",
            width=24,
            units=dict.fromkeys(("value_seconds", *_STAGES), "s"),
        ),
        freshness("delivery", "facts", "catalog"),
        coverage("time-to-production"),
    ),
    since="now-1y",
)


def _velocity(metric: str, title: str, description: str, unit: str, view: str = "velocity_weekly") -> Panel:
    return Panel(
        "timeseries",
        title,
        description,
        f"SELECT period_start AS time, service, shown FROM {view} "
        f"WHERE {CLOSED} AND metric = '{metric}' AND {SERVICES} AND {TEAMS} ORDER BY time, service",
        width=8,
        unit=unit,
    )


VELOCITY = Dashboard(
    uid="adoption-velocity",
    title="Change velocity",
    description="How quickly and how safely changes flow to production. A rate of fewer than 5 attempts is not shown.",
    variables=(SERVICE, TEAM),
    panels=(
        _velocity(
            "deployment_frequency_per_day",
            "Deployment frequency",
            "Successful production deployments ÷ days of the week.",
            "short",
        ),
        _velocity(
            "change_lead_time_p50_seconds",
            "Change lead time (p50)",
            "From a commit's time to the first production deployment that holds it.",
            "s",
        ),
        _velocity(
            "change_fail_ratio",
            "Change fail rate",
            "Attempts that ended in failure, were rolled back or have an incident ÷ attempts.",
            "percentunit",
        ),
        _velocity(
            "failed_deployment_recovery_time_p50_seconds",
            "Failed deployment recovery time (p50)",
            "From a failed deployment to its recovery; what is not recovered yet is counted as open.",
            "s",
        ),
        _velocity(
            "deployment_rework_ratio",
            "Deployment rework rate",
            "Deployments made because of an incident (rollbacks, hotfixes) ÷ attempts.",
            "percentunit",
        ),
        Panel(
            "table",
            "By team and month",
            "A fact belongs to the team that owned the service then.",
            "SELECT period_start, team, metric, shown, null_reason, n, n_open FROM velocity_teams_monthly "
            f"WHERE {IN_RANGE} AND {_HEADLINE} AND {TEAMS} ORDER BY period_start DESC, team, metric",
            width=8,
        ),
        Panel(
            "table",
            "Failed deployments",
            "What failed, why, and how it was recovered; no time of recovery: still open.",
            "SELECT at, service, team, version, failure_reasons, incidents, recovered_at, recovery_rule, recovered_by "
            "FROM deployments WHERE is_failed = 1 AND at >= $__fromTime AND at < $__toTime "
            f"AND {SERVICES} ORDER BY at DESC",
            width=24,
        ),
        _velocity(
            "ci_success_ratio",
            "Pipelines: success rate",
            "Attempts that succeeded ÷ attempts that succeeded or failed; cancelled and skipped ones are none.",
            "percentunit",
            "ci_weekly",
        ),
        _velocity(
            "ci_duration_p50_seconds",
            "Pipelines: duration (p50)",
            "From the start of an attempt to its end.",
            "s",
            "ci_weekly",
        ),
        _velocity(
            "ci_queue_time_p50_seconds",
            "Pipelines: queue time (p50)",
            "From being queued to the start; an attempt of which nobody said both is left out.",
            "s",
            "ci_weekly",
        ),
        _velocity(
            "ci_flaky_ratio",
            "Pipelines: flaky rate",
            "Commits on which a pipeline failed and passed on a re-run ÷ commits that it ran on.",
            "percentunit",
            "ci_weekly",
        ),
        freshness("delivery", "facts"),
        coverage("velocity"),
        coverage("ci"),
    ),
)

DASHBOARDS: tuple[Dashboard, ...] = (ADOPTION, TIME_TO_PRODUCTION, VELOCITY, RELIABILITY, COST)
