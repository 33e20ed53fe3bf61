"""The reliability report: availability, uptime, latency, error budgets and alerts; incidents, and whom failures hit."""

from __future__ import annotations

from reports.columns import Column
from reports.family import SERVICE, TEAM, Family, Section

_RANGE = "from = {since:Date}, to = {until:Date}, grain = 'range'"

RELIABILITY = Family(
    name="reliability",
    question="How well do services answer, what is left of their error budgets, and whom did failures hit?",
    days=28,
    sections=(
        Section(
            title="Services, {since} to {until}",
            sql=f"""
                SELECT
                    well.service AS service, well.team AS team, well.requests AS requests, well.error AS errors,
                    well.value AS availability_ratio, well.null_reason AS availability_null_reason,
                    budgets.objective AS objective_ratio, budgets.budget_left AS budget_left_ratio,
                    if(isNull(objective_ratio), 'no_objective', budgets.null_reason) AS budget_null_reason,
                    ups.value AS uptime_ratio, ups.null_reason AS uptime_null_reason,
                    if(isNull(uptime_ratio), NULL, ups.denominator - ups.numerator) AS minutes_down,
                    times.p50_seconds AS p50_seconds, times.p95_seconds AS p95_seconds,
                    times.p99_seconds AS p99_seconds, alerts.firing AS firing
                FROM (SELECT * FROM availability({_RANGE}, scope = 'service') WHERE {SERVICE} AND {TEAM}) AS well
                LEFT JOIN uptime({_RANGE}) AS ups ON ups.service = well.service
                LEFT JOIN latency({_RANGE}, scope = 'service') AS times ON times.service = well.service
                LEFT JOIN
                (
                    SELECT service, toNullable(objective) AS objective, budget_left, null_reason FROM slo
                ) AS budgets ON budgets.service = well.service
                LEFT JOIN
                (
                    SELECT service, arraySort(groupUniqArray(toString(severity))) AS firing
                    FROM slo_burn
                    WHERE is_firing = 1
                    GROUP BY service
                ) AS alerts ON alerts.service = well.service
                ORDER BY service
            """,
            columns=(
                Column("service", "service"),
                Column("team", "team"),
                Column("availability_ratio", "availability", "fine_ratio", "availability_null_reason"),
                Column("objective_ratio", "objective", "fine_ratio", "budget_null_reason"),
                Column("budget_left_ratio", "budget left", "ratio", "budget_null_reason"),
                Column("firing", "alerts now", "names"),
                Column("uptime_ratio", "uptime", "fine_ratio", "uptime_null_reason"),
                Column("minutes_down", "min. down", "count", "uptime_null_reason"),
                Column("p50_seconds", "p50", "latency"),
                Column("p95_seconds", "p95", "latency"),
                Column("p99_seconds", "p99", "latency"),
                Column("requests", "requests", "count"),
                Column("errors", "errors", "count"),
            ),
        ),
        Section(
            title="Incidents begun from {since} to {until}, and how far they reached",
            sql=f"""
                SELECT at, service, team, incident, episode, seconds AS duration_seconds, 'open' AS open, failed,
                    requests, null_reason, team_names, rule
                FROM blast_radius
                WHERE {SERVICE} AND {TEAM} AND day >= {{since:Date}} AND day < {{until:Date}}
                ORDER BY at DESC, service, incident, episode
            """,
            columns=(
                Column("at", "began", "instant"),
                Column("service", "service"),
                Column("team", "team"),
                Column("incident", "incident"),
                Column("episode", "episode", "count"),
                Column("duration_seconds", "lasted", "seconds", "open"),
                Column("failed", "failed", "count", "null_reason"),
                Column("requests", "of", "count", "null_reason"),
                Column("team_names", "teams hit", "names"),
                Column("rule", "deployment found by"),
            ),
        ),
        Section(
            title="Teams whose requests failed, {since} to {until}",
            sql=f"""
                SELECT team, service, failed, minutes, last_minute
                FROM slo_affected_teams({_RANGE})
                WHERE {SERVICE} AND {TEAM}
                ORDER BY failed DESC, team, service
            """,
            columns=(
                Column("team", "team"),
                Column("service", "service that failed"),
                Column("failed", "requests", "count"),
                Column("minutes", "minutes", "count"),
                Column("last_minute", "last", "instant"),
            ),
        ),
    ),
    hint=(
        "No gateway traffic and no incident in this window. Send gateway traffic (adoption tail --format nginx-json "
        "FILE), state objectives in the catalog (kind slo), or move --since."
    ),
)
"""Objectives, budgets and alerts are those of now; all else is of the window."""
