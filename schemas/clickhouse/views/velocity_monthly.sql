-- question: How quickly and how safely do changes flow, month by month?
-- grain: service x month x metric
-- owner: platform-analytics
-- needs: velocity
CREATE OR REPLACE VIEW velocity_monthly ${on_cluster}
(
    service      String COMMENT 'Service',
    team         String COMMENT 'Its owner at the last instant of the period; unknown when the catalog does not say',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    metric       LowCardinality(String) COMMENT 'Measure, its unit last: _per_day, _seconds or _ratio',
    is_headline  UInt8 COMMENT '1 for the declared default of each measure, 0 for a variant beside it',
    numerator    Nullable(UInt64) COMMENT 'Of a rate; NULL for a duration',
    denominator  Nullable(UInt64) COMMENT 'Of a rate: attempts, or days of the period that have begun; NULL for a duration',
    value        Nullable(Float64) COMMENT 'The measure; NULL when there is nothing to measure',
    shown        Nullable(Float64) COMMENT 'value, but NULL when a rate rests on fewer than 5 attempts',
    null_reason  LowCardinality(String) COMMENT 'Why shown is NULL, see velocity; empty when it is not',
    n            UInt64 COMMENT 'What it rests on: deployments, commits, attempts or recovered failures',
    n_open       UInt64 COMMENT 'Failures not recovered yet; 0 for other measures'
)
AS
SELECT
    service, team, period_start, period_end, is_partial, metric, is_headline, numerator, denominator, value, shown, null_reason, n, n_open
FROM ${database}.velocity(from = '2000-01-01', to = '2100-01-01', grain = 'month', scope = 'service');
