-- question: Of those who began to use a platform service in one period, which share used it so many periods later?
-- grain: platform service x consumer set x cohort x observed period since; parameter grain (day, week, month or quarter)
-- owner: platform-analytics
-- needs: adoption_members_by, adoption_periods
CREATE OR REPLACE VIEW adoption_cohorts_by ${on_cluster}
(
    service       String COMMENT 'Platform service',
    consumer_set  LowCardinality(String) COMMENT 'What is counted: team, consumer (caller identity) or service (that is behind the caller)',
    grain         String COMMENT 'day, week (ISO: from Monday), month or quarter',
    cohort        Date COMMENT 'First day of the period in which its members were active for the first time over all history',
    periods_since UInt32 COMMENT 'Periods from there to this one; 0: the cohort''s own',
    period_start  Date COMMENT 'First day of this one, in the tenant''s zone',
    period_end    Date COMMENT 'First day after it',
    is_partial    UInt8 COMMENT '1 while it runs: the cell is not complete',
    numerator     UInt64 COMMENT 'Members of the cohort active in this period',
    denominator   UInt64 COMMENT 'Members of the cohort',
    value         Nullable(Float64) COMMENT 'numerator / denominator',
    shown         Nullable(Float64) COMMENT 'The same, NULL when the cohort has fewer than 5 members',
    null_reason   LowCardinality(String) COMMENT 'below_n_min; empty when it is shown',
    n             UInt64 COMMENT 'Members of the cohort'
)
AS
WITH
    5 AS n_min,
    members AS
    (
        SELECT service, consumer_set, member, groupArray(period_start) AS active_in
        FROM ${database}.adoption_members_by(from = '2000-01-01', to = '2100-01-01', grain = {grain:String})
        GROUP BY service, consumer_set, member
    ),
    cohorts AS
    (
        SELECT service, consumer_set, arrayMin(active_in) AS cohort, count() AS size, arrayFlatten(groupArray(active_in)) AS active
        FROM members
        GROUP BY service, consumer_set, cohort
    )
SELECT
    cohorts.service AS service,
    cohorts.consumer_set AS consumer_set,
    spine.grain AS grain,
    cohorts.cohort AS cohort,
    multiIf(
        {grain:String} = 'day', dateDiff('day', cohort, period_start),
        {grain:String} = 'week', intDiv(dateDiff('day', cohort, period_start), 7),
        {grain:String} = 'month', dateDiff('month', cohort, period_start),
        dateDiff('quarter', cohort, period_start)
    ) AS periods_since,
    spine.period_start AS period_start,
    spine.period_end AS period_end,
    spine.is_partial AS is_partial,
    countEqual(cohorts.active, spine.period_start) AS numerator,
    cohorts.size AS denominator,
    numerator / denominator AS value,
    if(denominator < n_min, NULL, value) AS shown,
    if(denominator < n_min, 'below_n_min', '') AS null_reason,
    denominator AS n
FROM cohorts
INNER JOIN ${database}.adoption_periods(from = '2000-01-01', to = '2100-01-01', grain = {grain:String}) AS spine
    ON spine.service = cohorts.service
WHERE spine.period_start >= cohorts.cohort;
