-- question: What does one transaction of a service cost, month by month?
-- grain: service x month x currency
-- owner: platform-analytics
-- needs: cost_per_transaction
CREATE OR REPLACE VIEW cost_per_transaction_monthly ${on_cluster}
(
    service                   String COMMENT 'Service that has cost',
    team                      String COMMENT 'Its owner at the last instant of the month; unknown when the catalog does not say',
    period_start              Date COMMENT 'First day, in the tenant''s zone',
    period_end                Date COMMENT 'First day after it',
    is_partial                UInt8 COMMENT '1 while the month runs',
    is_provisional            UInt8 COMMENT '1 while a bill of the month may change',
    currency                  LowCardinality(String) COMMENT 'ISO 4217',
    unit                      LowCardinality(String) COMMENT 'request, run or deployment; empty when there was none',
    cost                      Decimal(38, 18) COMMENT 'Effective cost of the month: numerator and cost_without_transactions',
    numerator                 Decimal(38, 18) COMMENT 'Effective cost of the days that have transactions',
    denominator               UInt64 COMMENT 'Transactions of the days that have cost',
    value                     Nullable(Float64) COMMENT 'Cost of one: numerator / denominator; NULL without transactions',
    null_reason               LowCardinality(String) COMMENT 'no_transaction; empty when value is not NULL',
    cost_without_transactions Decimal(38, 18) COMMENT 'Effective cost of the days without any',
    days                      UInt32 COMMENT 'Days with cost and transactions'
)
AS
SELECT
    service, team, period_start, period_end, is_partial, is_provisional, currency, unit, cost, numerator, denominator,
    value, null_reason, cost_without_transactions, days
FROM ${database}.cost_per_transaction(from = '2000-01-01', to = '2100-01-01', grain = 'month');
