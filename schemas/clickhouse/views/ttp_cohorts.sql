-- question: How far has each month's cohort of new services come, and how long did they take, by golden path?
-- grain: start x template x month of the start
-- owner: platform-analytics
-- needs: ttp_median, as_of
CREATE OR REPLACE VIEW ttp_cohorts ${on_cluster}
(
    start        LowCardinality(String) COMMENT 'What the clock starts at: onboarded, first_commit or team_created (then teams are counted)',
    is_headline  UInt8 COMMENT '1 for onboarded, the declared default',
    template     String COMMENT 'Golden path; empty: all',
    period_start Date COMMENT 'First day of the month, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while services may still join the cohort',
    numerator    UInt64 COMMENT 'Services in production by now',
    denominator  UInt64 COMMENT 'Services of the cohort',
    value        Nullable(Float64) COMMENT 'Share in production by now',
    shown        Nullable(Float64) COMMENT 'value, but NULL for a cohort of fewer than 5',
    null_reason  LowCardinality(String) COMMENT 'Why shown is NULL: below_n_min; empty when it is not',
    value_seconds Nullable(Float64) COMMENT 'Kaplan-Meier median time to production; NULL when half are not there yet',
    value_seconds_null_reason LowCardinality(String) COMMENT 'not_reached; empty when there is a value',
    naive_seconds Nullable(Float64) COMMENT 'Median of the finished ones alone',
    n            UInt64 COMMENT 'Services of the cohort',
    n_done       UInt64 COMMENT 'Services in production by now',
    n_open       UInt64 COMMENT 'Services on their way or archived before they got there'
)
AS
SELECT
    start,
    is_headline,
    template,
    toDate(concat(cohort, '-01')) AS period_start,
    period_start + INTERVAL 1 MONTH AS period_end,
    toDateTime64(toDateTime(period_end, ${zone}), 6, 'UTC') > (SELECT assumeNotNull(at) FROM as_of) AS is_partial,
    n_done AS numerator,
    n AS denominator,
    toNullable(n_done / n) AS value,
    -- Rates of fewer are not shown (METRICS 0.4).
    if(n < 5, NULL, n_done / n) AS shown,
    if(n < 5, 'below_n_min', '') AS null_reason,
    value_seconds,
    curve.null_reason AS value_seconds_null_reason,
    naive_seconds,
    n,
    n_done,
    n_open
FROM ttp_median AS curve
WHERE cohort != 'all' AND team = '';
