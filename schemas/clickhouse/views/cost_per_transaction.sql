-- question: What does one transaction of a service cost?
-- grain: service x period x currency; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range)
-- owner: platform-analytics
-- needs: as_of, costs_daily, cost_transactions, catalog_ownership
CREATE OR REPLACE VIEW cost_per_transaction ${on_cluster}
(
    service                   String COMMENT 'Service that has cost',
    team                      String COMMENT 'Its owner at the last instant of the period; unknown when the catalog does not say',
    period_start              Date COMMENT 'First day, in the tenant''s zone',
    period_end                Date COMMENT 'First day after it',
    is_partial                UInt8 COMMENT '1 while the period runs',
    is_provisional            UInt8 COMMENT '1 while a bill of the period may change',
    currency                  LowCardinality(String) COMMENT 'ISO 4217',
    unit                      LowCardinality(String) COMMENT 'request, run or deployment; empty when there was none',
    cost                      Decimal(38, 18) COMMENT 'Effective cost of the period: numerator and cost_without_transactions',
    numerator                 Decimal(38, 18) COMMENT 'Effective cost of the days that have transactions',
    denominator               UInt64 COMMENT 'Transactions of the days that have cost',
    value                     Nullable(Float64) COMMENT 'Cost of one: numerator / denominator; NULL without transactions',
    null_reason               LowCardinality(String) COMMENT 'no_transaction; empty when value is not NULL',
    cost_without_transactions Decimal(38, 18) COMMENT 'Effective cost of the days without any',
    days                      UInt32 COMMENT 'Days with cost and transactions'
)
AS
WITH
    daily AS
    (
        SELECT
            costs.service AS service,
            costs.currency AS currency,
            costs.cost AS cost,
            costs.is_provisional AS is_provisional,
            toString(carried.unit) AS unit,
            carried.transactions AS transactions,
            multiIf(
                {grain:String} = 'range', {from:Date},
                {grain:String} = 'day', costs.day,
                {grain:String} = 'week', toStartOfWeek(costs.day, 1),
                {grain:String} = 'month', toStartOfMonth(costs.day),
                toStartOfQuarter(costs.day)
            ) AS period_start,
            multiIf(
                {grain:String} = 'range', {to:Date},
                {grain:String} = 'day', period_start + INTERVAL 1 DAY,
                {grain:String} = 'week', period_start + INTERVAL 1 WEEK,
                {grain:String} = 'month', period_start + INTERVAL 1 MONTH,
                period_start + INTERVAL 1 QUARTER
            ) AS period_end
        FROM (SELECT * FROM costs_daily WHERE allocation = 'allocated' AND day >= {from:Date} AND day < {to:Date}) AS costs
        LEFT JOIN cost_transactions AS carried ON carried.service = costs.service AND carried.day = costs.day
    ),
    summed AS
    (
        SELECT
            daily.service AS service,
            daily.period_start AS period_start,
            daily.period_end AS period_end,
            daily.currency AS currency,
            max(daily.is_provisional) AS is_provisional,
            max(daily.unit) AS unit,
            sum(daily.cost) AS cost,
            sumIf(daily.cost, daily.transactions > 0) AS numerator,
            sum(daily.transactions) AS denominator,
            countIf(daily.transactions > 0) AS days,
            toDateTime64(toDateTime(daily.period_end, ${zone}), 6, 'UTC') AS ends_at,
            least(ends_at - INTERVAL 1 MICROSECOND, assumeNotNull((SELECT at FROM as_of))) AS last_at
        FROM daily
        WHERE daily.period_start >= {from:Date} AND daily.period_end <= {to:Date}
        GROUP BY daily.service, daily.period_start, daily.period_end, daily.currency
    )
SELECT
    summed.service AS service,
    coalesce(nullIf(owners.team, ''), 'unknown') AS team,
    summed.period_start AS period_start,
    summed.period_end AS period_end,
    ifNull(summed.ends_at > (SELECT at FROM as_of), 0) AS is_partial,
    summed.is_provisional AS is_provisional,
    summed.currency AS currency,
    summed.unit AS unit,
    summed.cost AS cost,
    summed.numerator AS numerator,
    summed.denominator AS denominator,
    if(denominator > 0, toFloat64(numerator) / denominator, NULL) AS value,
    if(denominator > 0, '', 'no_transaction') AS null_reason,
    cost - numerator AS cost_without_transactions,
    toUInt32(summed.days) AS days
FROM summed
ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
    ON summed.service = owners.name AND summed.last_at >= owners.valid_from;
