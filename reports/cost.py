"""The cost report: what services and their transactions cost, and the bills that it all adds up to."""

from __future__ import annotations

from reports.columns import Column
from reports.family import SERVICE, TEAM, Family, Section

COST = Family(
    name="cost",
    question="What do platform services cost, and what does one transaction cost?",
    days=90,
    sections=(
        Section(
            title="Services, {since} to {until}",
            sql=f"""
                SELECT
                    service, team, currency, cost, unit, denominator, value, null_reason, cost_without_transactions,
                    is_provisional
                FROM cost_per_transaction(from = {{since:Date}}, to = {{until:Date}}, grain = 'range')
                WHERE {SERVICE} AND {TEAM}
                ORDER BY currency, cost DESC, service
            """,
            columns=(
                Column("service", "service"),
                Column("team", "team"),
                Column("cost", "cost", "money"),
                Column("currency", ""),
                Column("denominator", "transactions", "count"),
                Column("unit", "of"),
                Column("value", "cost of one", "price", "null_reason"),
                Column("cost_without_transactions", "on days without", "money"),
                Column("is_provisional", "provisional", "flag"),
            ),
        ),
        Section(
            title="Bills that touch {since} to {until}: all that was billed stands somewhere",
            sql="""
                SELECT
                    account, toDate(period_start) AS period_start, currency, billed, per_transaction,
                    without_transactions, idle, unallocated, unallocated_ratio, not_due, difference, is_provisional
                FROM cost_reconciliation
                WHERE period_start < {until:Date} AND period_end > {since:Date}
                    AND {service:String} = '' AND {team:String} = ''
                ORDER BY account, period_start, currency
            """,
            columns=(
                Column("account", "account"),
                Column("period_start", "period from", "day"),
                Column("billed", "billed", "money"),
                Column("currency", ""),
                Column("per_transaction", "per transaction", "money"),
                Column("without_transactions", "days without", "money"),
                Column("idle", "idle", "money"),
                Column("unallocated", "unallocated", "money"),
                Column("unallocated_ratio", "share", "ratio"),
                Column("not_due", "not due yet", "money"),
                Column("difference", "difference", "money"),
                Column("is_provisional", "provisional", "flag"),
            ),
        ),
    ),
    hint=(
        "No cost in this window. Import a bill (adoption costs import FOCUS.csv), or allocations of a cluster "
        "(adoption costs import http://opencost:9003/allocation/compute?window=7d), or widen --since."
    ),
)
