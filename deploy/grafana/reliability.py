"""The dashboard of reliability: error budgets and burn rates first, then what they are made of."""

from __future__ import annotations

from deploy.grafana.model import Dashboard, Panel
from deploy.grafana.shared import CLOSED, GATEWAY_SERVICE, IN_RANGE, SERVICES, TEAM, TEAMS, coverage, freshness

RELIABILITY = Dashboard(
    uid="adoption-reliability",
    title="Reliability",
    description="How well services answer, what is left of their error budgets, and whom failures hit.",
    variables=(GATEWAY_SERVICE, TEAM),
    since="now-28d",
    panels=(
        Panel(
            "table",
            "Error budgets",
            "Each objective over its rolling window, today the last day. Below 0: more failed than it allows.",
            "SELECT service, objective, value, is_met, budget_left, budget_requests, failed, window_days FROM slo "
            f"WHERE {SERVICES} ORDER BY budget_left, service",
            units={"objective": "percentunit", "value": "percentunit", "budget_left": "percentunit"},
        ),
        Panel(
            "table",
            "Burn rates now",
            "1 uses the budget up exactly at the end of its window. An alert fires when both windows burn at its "
            "threshold or faster; no data: nothing was seen in the long window.",
            "SELECT service, severity, long_minutes, threshold, long_burn, short_burn, is_firing FROM slo_burn "
            f"WHERE {SERVICES} ORDER BY is_firing DESC, service, long_minutes",
        ),
        Panel(
            "timeseries",
            "Error budget left",
            "By day, each with the window that ends with it.",
            f"SELECT period_start AS time, service, budget_left FROM slo_daily WHERE {IN_RANGE} AND {SERVICES} "
            "ORDER BY time, service",
            unit="percentunit",
        ),
        Panel(
            "timeseries",
            "Availability",
            "Requests that went well ÷ requests that were to; the gateway's own 429 only where the objective counts "
            "it. The running day is not shown.",
            f"SELECT period_start AS time, service, shown FROM availability_daily WHERE {CLOSED} AND {SERVICES} "
            "ORDER BY time, service",
            unit="percentunit",
        ),
        Panel(
            "timeseries",
            "Uptime",
            "Minutes up ÷ minutes up or down. Minutes without traffic are down inside an incident, and where four "
            "weeks in a row had traffic in that minute.",
            f"SELECT period_start AS time, service, shown FROM uptime_daily WHERE {CLOSED} AND {SERVICES} "
            "ORDER BY time, service",
            unit="percentunit",
        ),
        Panel(
            "timeseries",
            "Latency p95",
            "From merged histograms, right to 2 %; requests that the gateway turned away are left out.",
            f"SELECT period_start AS time, service, p95_seconds FROM latency_daily WHERE {CLOSED} AND {SERVICES} "
            "ORDER BY time, service",
            unit="s",
        ),
        Panel(
            "table",
            "Incidents and how far they reached",
            "Each episode with the requests that failed while it lasted, and whose they were; no data: no traffic.",
            "SELECT at, service, team, incident, episode, seconds, failed, requests, team_names, rule "
            f"FROM blast_radius WHERE at >= $__fromTime AND at < $__toTime AND {SERVICES} AND {TEAMS} "
            "ORDER BY at DESC, service",
            width=24,
            units={"seconds": "s"},
        ),
        freshness("gateway", "catalog", "facts"),
        coverage("reliability"),
    ),
)
