-- question: Does all that was billed stand somewhere in the costs of services, to the cent?
-- grain: source x account x billing period x currency
-- owner: platform-analytics
-- needs: cost_exports, cost_charges, cost_transactions
CREATE OR REPLACE VIEW cost_reconciliation ${on_cluster}
(
    source               String COMMENT 'Where the bill came from',
    account              String COMMENT 'Billing account; of a cluster its name',
    period_start         DateTime64(6, 'UTC') COMMENT 'Start of the billing period or window, as the provider cuts it',
    period_end           DateTime64(6, 'UTC') COMMENT 'First instant after it',
    is_partial           UInt8 COMMENT '1 while the period runs',
    is_provisional       UInt8 COMMENT '1 until the billing period is closed',
    currency             LowCardinality(String) COMMENT 'ISO 4217',
    charges              UInt64 COMMENT 'Lines of the bill',
    billed               Decimal(38, 18) COMMENT 'Effective cost of the bill: the sum of its lines, straight from the archive',
    per_transaction      Decimal(38, 18) COMMENT 'Cost per transaction x transactions, summed over services and days',
    without_transactions Decimal(38, 18) COMMENT 'Of services on days without transactions',
    idle                 Decimal(38, 18) COMMENT 'Paid for and used by nobody',
    unallocated          Decimal(38, 18) COMMENT 'No tag and no catalog entry names a service',
    not_due              Decimal(38, 18) COMMENT 'Of days after now: billed in advance',
    difference           Decimal(38, 18) COMMENT 'billed minus all of these; anything but 0 is a defect',
    unallocated_ratio    Nullable(Float64) COMMENT 'unallocated / billed; NULL when nothing was billed'
)
AS
WITH
    daily AS
    (
        SELECT
            source, account, period_start, period_end, currency, service, allocation, is_due, day,
            sum(cost_charges.cost) AS cost
        FROM cost_charges
        GROUP BY source, account, period_start, period_end, currency, service, allocation, is_due, day
    ),
    stated AS
    (
        SELECT
            daily.*,
            multiIf(
                daily.is_due = 0, 'not_due',
                daily.allocation != 'allocated', toString(daily.allocation),
                carried.transactions > 0, 'per_transaction',
                'without_transactions'
            ) AS part,
            -- What one transaction costs, times how many there were: 38 decimals, so that it comes out to the last one.
            if(
                part = 'per_transaction',
                CAST(daily.cost AS Decimal(76, 38)) / greatest(carried.transactions, 1) * carried.transactions,
                CAST(daily.cost AS Decimal(76, 38))
            ) AS amount
        FROM daily
        LEFT JOIN cost_transactions AS carried ON carried.service = daily.service AND carried.day = daily.day
    ),
    sums AS
    (
        SELECT source, account, period_start, period_end, currency, part, 0 AS lines, sum(stated.amount) AS amount
        FROM stated
        GROUP BY source, account, period_start, period_end, currency, part
        UNION ALL
        SELECT
            events.source, events.account, events.period_start, events.period_end, events.currency, 'billed',
            count(), CAST(sum(events.effective_cost) AS Decimal(76, 38))
        FROM
        (
            SELECT source, export, account, period_start, period_end, currency, effective_cost
            FROM cost_events FINAL
            WHERE kind = 'cost' AND (source, export) IN (SELECT source, export FROM cost_exports WHERE counts = 1)
            ORDER BY version DESC
            LIMIT 1 BY source, id
        ) AS events
        GROUP BY events.source, events.account, events.period_start, events.period_end, events.currency
    )
SELECT
    bills.source AS source,
    bills.account AS account,
    bills.period_start AS period_start,
    bills.period_end AS period_end,
    state.is_partial AS is_partial,
    state.is_provisional AS is_provisional,
    bills.currency AS currency,
    bills.charges AS charges,
    bills.billed AS billed,
    bills.per_transaction AS per_transaction,
    bills.without_transactions AS without_transactions,
    bills.idle AS idle,
    bills.unallocated AS unallocated,
    bills.not_due AS not_due,
    billed - per_transaction - without_transactions - idle - unallocated - not_due AS difference,
    if(billed = 0, NULL, toFloat64(unallocated) / toFloat64(billed)) AS unallocated_ratio
FROM
(
    SELECT
        source, account, period_start, period_end, currency,
        sum(sums.lines) AS charges,
        CAST(round(sumIf(sums.amount, part = 'billed'), 18) AS Decimal(38, 18)) AS billed,
        CAST(round(sumIf(sums.amount, part = 'per_transaction'), 18) AS Decimal(38, 18)) AS per_transaction,
        CAST(round(sumIf(sums.amount, part = 'without_transactions'), 18) AS Decimal(38, 18)) AS without_transactions,
        CAST(round(sumIf(sums.amount, part = 'idle'), 18) AS Decimal(38, 18)) AS idle,
        CAST(round(sumIf(sums.amount, part = 'unallocated'), 18) AS Decimal(38, 18)) AS unallocated,
        CAST(round(sumIf(sums.amount, part = 'not_due'), 18) AS Decimal(38, 18)) AS not_due
    FROM sums
    GROUP BY source, account, period_start, period_end, currency
) AS bills
LEFT JOIN
(
    SELECT source, account, period_start, period_end, max(cost_exports.is_partial) AS is_partial,
        max(cost_exports.is_provisional) AS is_provisional
    FROM cost_exports
    WHERE counts = 1
    GROUP BY source, account, period_start, period_end
) AS state
    ON state.source = bills.source AND state.account = bills.account
    AND state.period_start = bills.period_start AND state.period_end = bills.period_end;
