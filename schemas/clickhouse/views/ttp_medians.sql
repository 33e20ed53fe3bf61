-- question: How long does it take until half of the services, also of the teams' first, second, n-th ones, are in production?
-- grain: start x team x template x cohort x n
-- owner: platform-analytics
-- needs: ttp_curves
CREATE OR REPLACE VIEW ttp_medians ${on_cluster}
(
    start         LowCardinality(String) COMMENT 'What the clock starts at: onboarded, first_commit or team_created (then teams are counted)',
    is_headline   UInt8 COMMENT '1 for onboarded, the declared default',
    team          String COMMENT 'Team; empty: all',
    template      String COMMENT 'Golden path; empty: all',
    cohort        String COMMENT 'Month of the start as YYYY-MM, or all',
    nth           UInt64 COMMENT 'The team''s first, second, n-th service; 0: all',
    value_seconds Nullable(Float64) COMMENT 'Kaplan-Meier median; NULL when half are not there yet',
    null_reason   LowCardinality(String) COMMENT 'not_reached; empty when there is a value',
    naive_seconds Nullable(Float64) COMMENT 'Median of the finished ones alone: too short while others are on their way',
    n             UInt64 COMMENT 'Services',
    n_done        UInt64 COMMENT 'Services in production',
    n_open        UInt64 COMMENT 'Services on their way or archived before they got there'
)
AS
SELECT
    start,
    start = 'onboarded' AS is_headline,
    team,
    template,
    cohort,
    nth,
    -- The first time at which fewer than half are left; where exactly half are left, the middle between that time and
    -- the next arrival. Exact in microseconds, rounded once.
    round(if(isNull(half_at), below_at, (half_at + below_at) / 2)) / 1e6 AS value_seconds,
    if(isNull(value_seconds), 'not_reached', '') AS null_reason,
    if(n_done = 0, NULL, round(naive) / 1e6) AS naive_seconds,
    n_done + n_open AS n,
    curve.n_done AS n_done,
    curve.n_open AS n_open
FROM
(
    SELECT
        start,
        team,
        template,
        cohort,
        nth,
        minOrNullIf(time_us, survival < 0.5) AS below_at,
        minOrNullIf(time_us, survival = 0.5) AS half_at,
        quantileExactInclusiveArrayIf(0.5)(arrayWithConstant(done, time_us), done > 0) AS naive,
        sum(done) AS n_done,
        sum(censored) AS n_open
    FROM ttp_curves
    GROUP BY start, team, template, cohort, nth
) AS curve;
