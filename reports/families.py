"""The reports as questions to views: which rows, which columns, in which order. No number is computed here."""

from __future__ import annotations

from reports.columns import Column
from reports.cost import COST
from reports.family import SERVICE, TEAM, Family, Section
from reports.reliability import RELIABILITY

_ADOPTION = Family(
    name="adoption",
    question="Which teams use which platform service, and who came and left?",
    days=28,
    sections=(
        Section(
            title="Lasting use: active in 3 of the last 4 closed periods before {until}",
            sql=f"""
                SELECT
                    service, grain, period_start, value AS sustained_ratio, null_reason, numerator AS sustained,
                    denominator, population, ever_numerator AS ever_tried, ever_value AS ever_ratio,
                    active_numerator AS active_now, active_value AS active_ratio
                FROM adoption_sustained
                WHERE {SERVICE} AND is_default AND period_start < {{until:Date}}
                    AND ({{team:String}} = ''
                        OR service IN (SELECT service FROM adoption_active WHERE {TEAM}))
                ORDER BY service, period_start DESC
                LIMIT 1 BY service
            """,
            columns=(
                Column("service", "service"),
                Column("sustained_ratio", "adoption", "ratio", "null_reason"),
                Column("sustained", "teams", "count"),
                Column("denominator", "of", "count"),
                Column("population", "population"),
                Column("ever_tried", "ever tried", "count"),
                Column("ever_ratio", "ever", "ratio", "null_reason"),
                Column("active_now", "active now", "count"),
                Column("active_ratio", "now", "ratio", "null_reason"),
                Column("grain", "period"),
                Column("period_start", "last from", "day"),
            ),
        ),
        Section(
            title="Platform services by week, {since} to {until}",
            sql=f"""
                SELECT
                    service, period_start, is_partial, numerator, denominator, value AS adoption_ratio, population,
                    rate.null_reason AS adoption_null_reason, outside_teams, active, new, retained, resurrected,
                    reassigned_in, churned, reassigned_out, quick_ratio, growth.null_reason AS quick_null_reason
                FROM (SELECT * FROM adoption_rate WHERE is_default) AS rate
                INNER JOIN (SELECT * FROM adoption_growth WHERE consumer_set = 'team') AS growth
                    USING (service, period_start)
                WHERE {SERVICE} AND period_start >= {{since:Date}} AND period_start < {{until:Date}}
                    AND ({{team:String}} = ''
                        OR (service, period_start) IN (SELECT service, period_start FROM adoption_active WHERE {TEAM}))
                ORDER BY service, period_start
            """,
            columns=(
                Column("service", "service"),
                Column("period_start", "week of", "day"),
                Column("is_partial", "runs", "flag"),
                Column("numerator", "teams", "count"),
                Column("denominator", "of", "count"),
                Column("adoption_ratio", "active", "ratio", "adoption_null_reason"),
                Column("population", "population"),
                Column("active", "active", "count"),
                Column("new", "new", "count"),
                Column("retained", "kept", "count"),
                Column("resurrected", "back", "count"),
                Column("churned", "left", "count", "quick_null_reason"),
                Column("reassigned_in", "moved in", "count"),
                Column("reassigned_out", "moved out", "count", "quick_null_reason"),
                Column("quick_ratio", "quick ratio", "number", "quick_null_reason"),
                Column("outside_teams", "users outside", "names"),
            ),
        ),
        Section(
            title="Teams, {since} to {until}",
            sql=f"""
                SELECT team, uniqExact(service) AS services, sum(uses) AS uses, max(last_at) AS last_at,
                    arraySort(groupUniqArray(service)) AS used
                FROM adoption_active
                WHERE {SERVICE} AND {TEAM} AND period_start >= {{since:Date}} AND period_start < {{until:Date}}
                GROUP BY team
                ORDER BY services DESC, uses DESC, team
            """,
            columns=(
                Column("team", "team"),
                Column("services", "services", "count"),
                Column("uses", "uses", "count"),
                Column("last_at", "last use", "instant"),
                Column("used", "used", "names"),
            ),
        ),
    ),
    hint=(
        "No counted use of a platform service in this window. Mark platform services in the catalog (adoption catalog),"
        " send gateway traffic (adoption tail --format nginx-json FILE), or widen --since."
    ),
)

_STAGES = (
    "onboarded_to_first_commit_seconds",
    "first_commit_to_first_ci_run_seconds",
    "first_ci_run_to_first_ci_success_seconds",
    "first_ci_success_to_first_nonprod_deployment_seconds",
    "first_nonprod_deployment_to_first_production_deployment_seconds",
    "first_production_deployment_to_first_production_traffic_seconds",
)

_TIME_TO_PRODUCTION = Family(
    name="time-to-production",
    question="How long does a new service take until production?",
    days=366,
    sections=(
        Section(
            title="Median by cohort (Kaplan-Meier: services still on their way count)",
            sql="""
                SELECT start, cohort, n, n_done, n_open, value_seconds, null_reason, naive_seconds
                FROM ttp_median
                WHERE team = {team:String} AND template = '' AND {service:String} = ''
                    AND (cohort = 'all'
                        OR (cohort >= formatDateTime({since:Date}, '%Y-%m')
                            AND concat(cohort, '-01') < toString({until:Date})))
                ORDER BY start DESC, cohort = 'all' DESC, cohort
            """,
            columns=(
                Column("start", "from"),
                Column("cohort", "cohort"),
                Column("n", "services", "count"),
                Column("n_done", "in production", "count"),
                Column("n_open", "on their way", "count"),
                Column("value_seconds", "median", "seconds", "null_reason"),
                Column("naive_seconds", "finished only", "seconds"),
            ),
        ),
        Section(
            title="Stages (services whose both milestones were seen)",
            sql="""
                SELECT stage, n, n_open, n_out_of_order, p50_seconds, p75_seconds, p90_seconds, null_reason
                FROM ttp_stages
                WHERE is_headline AND team = {team:String} AND template = '' AND cohort = 'all' AND nth = 0
                    AND {service:String} = ''
                ORDER BY position
            """,
            columns=(
                Column("stage", "stage"),
                Column("n", "services", "count"),
                Column("n_open", "in it now", "count"),
                Column("n_out_of_order", "out of order", "count"),
                Column("p50_seconds", "p50", "seconds", "null_reason"),
                Column("p75_seconds", "p75", "seconds", "null_reason"),
                Column("p90_seconds", "p90", "seconds", "null_reason"),
            ),
        ),
        Section(
            title="Services begun from {since} to {until}",
            sql=f"""
                SELECT service, team, start, started_at, status, value_seconds,
                    if(is_open, elapsed_seconds, NULL) AS open_for_seconds, {", ".join(_STAGES)},
                    is_left_truncated, is_out_of_order
                FROM time_to_production
                WHERE {SERVICE} AND {TEAM} AND is_headline
                    AND toDate(period_start) >= toStartOfMonth({{since:Date}}) AND period_start < {{until:Date}}
                ORDER BY started_at DESC, service
            """,
            columns=(
                Column("service", "service"),
                Column("team", "team"),
                Column("started_at", "onboarded", "instant"),
                Column("status", "status"),
                Column("value_seconds", "time to production", "seconds", "status"),
                *(
                    Column(stage, label, "seconds")
                    for stage, label in zip(
                        _STAGES,
                        ("→ commit", "→ CI run", "→ CI ok", "→ nonprod", "→ production", "→ traffic"),
                        strict=True,
                    )
                ),
            ),
        ),
    ),
    hint=(
        "No service with a start in this window. Import a catalog with dates (adoption catalog), send commits (a "
        "GitHub webhook, or adoption backfill git PATH --service NAME), or widen --since."
    ),
)


def _velocity(key: str, view: str, where: str) -> str:
    """One row per service or team, one column per measure."""
    return f"""
        SELECT
            {key},
            any(is_partial) AS is_partial,
            anyIf(numerator, metric = 'deployment_frequency_per_day') AS deployments,
            anyIf(value, metric = 'deployment_frequency_per_day') AS deployments_per_day,
            anyIf(null_reason, metric = 'deployment_frequency_per_day') AS deployments_null_reason,
            if(isNull(deployments), NULL, anyIf(n, metric = 'change_lead_time_p50_seconds')) AS commits,
            anyIf(value, metric = 'change_lead_time_p50_seconds') AS lead_time_p50_seconds,
            anyIf(value, metric = 'change_lead_time_p90_seconds') AS lead_time_p90_seconds,
            anyIf(null_reason, metric = 'change_lead_time_p50_seconds') AS lead_time_null_reason,
            anyIf(numerator, metric = 'change_fail_ratio') AS failed,
            anyIf(denominator, metric = 'change_fail_ratio') AS attempts,
            anyIf(shown, metric = 'change_fail_ratio') AS change_fail_ratio,
            anyIf(null_reason, metric = 'change_fail_ratio') AS change_fail_null_reason,
            anyIf(value, metric = 'failed_deployment_recovery_time_p50_seconds') AS recovery_p50_seconds,
            anyIf(null_reason, metric = 'failed_deployment_recovery_time_p50_seconds') AS recovery_null_reason,
            if(isNull(deployments), NULL, anyIf(n_open, metric = 'failed_deployment_recovery_time_p50_seconds'))
                AS recovery_open,
            anyIf(shown, metric = 'deployment_rework_ratio') AS rework_ratio,
            anyIf(null_reason, metric = 'deployment_rework_ratio') AS rework_null_reason
        FROM {view}(from = {{since:Date}}, to = {{until:Date}})
        WHERE {where}
        GROUP BY {key}
        ORDER BY {key}
    """


_MEASURES = (
    Column("deployments", "deployments", "count", "deployments_null_reason"),
    Column("deployments_per_day", "per day", "number", "deployments_null_reason"),
    Column("lead_time_p50_seconds", "lead time p50", "seconds", "lead_time_null_reason"),
    Column("lead_time_p90_seconds", "p90", "seconds", "lead_time_null_reason"),
    Column("commits", "commits", "count", "deployments_null_reason"),
    Column("change_fail_ratio", "fail rate", "ratio", "change_fail_null_reason"),
    Column("failed", "failed", "count", "deployments_null_reason"),
    Column("attempts", "of", "count", "deployments_null_reason"),
    Column("recovery_p50_seconds", "recovery p50", "seconds", "recovery_null_reason"),
    Column("recovery_open", "open", "count", "deployments_null_reason"),
    Column("rework_ratio", "rework", "ratio", "rework_null_reason"),
)

_PIPELINES = Section(
    title="Pipelines, {since} to {until}",
    sql=f"""
        SELECT
            service, team,
            anyIf(denominator, metric = 'ci_success_ratio') AS runs,
            anyIf(value, metric = 'ci_success_ratio') AS success_ratio,
            anyIf(null_reason, metric = 'ci_success_ratio') AS success_null_reason,
            anyIf(value, metric = 'ci_duration_p50_seconds') AS duration_p50_seconds,
            anyIf(value, metric = 'ci_duration_p90_seconds') AS duration_p90_seconds,
            anyIf(null_reason, metric = 'ci_duration_p50_seconds') AS duration_null_reason,
            anyIf(value, metric = 'ci_queue_time_p50_seconds') AS queue_time_p50_seconds,
            anyIf(value, metric = 'ci_queue_time_p90_seconds') AS queue_time_p90_seconds,
            anyIf(null_reason, metric = 'ci_queue_time_p50_seconds') AS queue_time_null_reason,
            anyIf(value, metric = 'ci_flaky_ratio') AS flaky_ratio,
            anyIf(numerator, metric = 'ci_flaky_ratio') AS flaky,
            anyIf(null_reason, metric = 'ci_flaky_ratio') AS flaky_null_reason
        FROM ci_range(from = {{since:Date}}, to = {{until:Date}})
        WHERE {SERVICE} AND {TEAM}
        GROUP BY service, team
        ORDER BY service
    """,
    columns=(
        Column("service", "service"),
        Column("team", "team"),
        Column("runs", "runs", "count"),
        Column("success_ratio", "success", "ratio", "success_null_reason"),
        Column("duration_p50_seconds", "duration p50", "seconds", "duration_null_reason"),
        Column("duration_p90_seconds", "p90", "seconds", "duration_null_reason"),
        Column("queue_time_p50_seconds", "queued p50", "seconds", "queue_time_null_reason"),
        Column("queue_time_p90_seconds", "p90", "seconds", "queue_time_null_reason"),
        Column("flaky_ratio", "flaky", "ratio", "flaky_null_reason"),
        Column("flaky", "flaky commits", "count"),
    ),
)
"""Runs are attempts that succeeded or failed; flaky is what failed and passed on a re-run, of pipelines x commits."""

_VELOCITY = Family(
    name="velocity",
    question="How quickly and how safely do changes flow to production?",
    days=90,
    sections=(
        Section(
            title="Services, {since} to {until}",
            sql=_velocity("service, team", "velocity_range", f"{SERVICE} AND {TEAM}"),
            columns=(Column("service", "service"), Column("team", "team"), *_MEASURES),
        ),
        Section(
            title="Teams (by the owner when each thing happened), {since} to {until}",
            sql=_velocity("team", "velocity_teams_range", f"{TEAM} AND {{service:String}} = ''"),
            columns=(Column("team", "team"), *_MEASURES),
        ),
        _PIPELINES,
    ),
    coverage=("velocity", "ci"),
    hint=(
        "Nothing of delivery was observed before the end of this window. Send deployments (a GitHub webhook, or "
        "adoption emit deployment), read a clone (adoption backfill git PATH --service NAME --release-tags 'v*'), or "
        "move --since."
    ),
)

FAMILIES = {family.name: family for family in (_ADOPTION, _TIME_TO_PRODUCTION, _VELOCITY, COST, RELIABILITY)}
"""Report by its name on the command line."""
