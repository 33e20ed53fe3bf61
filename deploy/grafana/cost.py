"""The dashboard of cost: what a transaction costs, and where all that was billed went."""

from __future__ import annotations

from deploy.grafana.model import Dashboard, Panel
from deploy.grafana.shared import CLOSED, IN_RANGE, SERVICE, SERVICES, TEAM, TEAMS, coverage, freshness

COST = Dashboard(
    uid="adoption-cost",
    title="Cost",
    description="What services cost, what one transaction costs, and where all that was billed went. "
    "A bill that is not closed yet may change: its days are provisional.",
    variables=(SERVICE, TEAM),
    panels=(
        Panel(
            "timeseries",
            "Cost of one transaction",
            "Effective cost ÷ ok requests (CI: runs, deployment platform: deployments) of the days that have both.",
            "SELECT period_start AS time, service, value FROM cost_per_transaction_monthly "
            f"WHERE {CLOSED} AND {SERVICES} AND {TEAMS} ORDER BY time, service",
        ),
        Panel(
            "timeseries",
            "Cost a day",
            "Effective cost: amortised, credits and refunds negative, spread over the days of each charge.",
            "SELECT day AS time, service, cost FROM costs_daily "
            "WHERE day >= toDate($__fromTime) AND day < toDate($__toTime) AND allocation = 'allocated' "
            f"AND {SERVICES} AND {TEAMS} ORDER BY time, service",
            stack=True,
        ),
        Panel(
            "table",
            "Month by month",
            "The cost of days without transactions stands beside the ratio, not in it.",
            "SELECT period_start, service, team, currency, cost, unit, denominator, value, null_reason, "
            "cost_without_transactions, is_provisional FROM cost_per_transaction_monthly "
            f"WHERE {IN_RANGE} AND {SERVICES} AND {TEAMS} ORDER BY period_start DESC, service, currency",
            width=24,
        ),
        Panel(
            "table",
            "Bills",
            "All that was billed stands somewhere: a difference other than 0 is a defect.",
            "SELECT account, period_start, currency, billed, per_transaction, without_transactions, idle, unallocated, "
            "unallocated_ratio, not_due, difference, is_provisional FROM cost_reconciliation "
            "WHERE period_start >= $__fromTime AND period_start < $__toTime ORDER BY period_start DESC, account",
            width=24,
            units={"unallocated_ratio": "percentunit"},
        ),
        freshness("costs", "gateway", "catalog"),
        coverage("cost"),
    ),
)
