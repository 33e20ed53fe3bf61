-- question: Which share of services, also of the teams' first, second, n-th ones, is not in production yet, so long after its start?
-- grain: start x team x template x cohort x n x time at which some service got there or was censored
-- owner: platform-analytics
-- needs: ttp_slices
CREATE OR REPLACE VIEW ttp_curves ${on_cluster}
(
    start        LowCardinality(String) COMMENT 'What the clock starts at: onboarded, first_commit or team_created',
    team         String COMMENT 'Team; empty: all',
    template     String COMMENT 'Golden path; empty: all',
    cohort       String COMMENT 'Month of the start as YYYY-MM, or all',
    nth          UInt64 COMMENT 'The team''s first, second, n-th service; 0: all',
    time_us      Int64 COMMENT 'Microseconds since the start',
    time_seconds Float64 COMMENT 'The same in seconds',
    at_risk      UInt64 COMMENT 'Services still on their way just before',
    done         UInt64 COMMENT 'Services that reached production at that time',
    censored     UInt64 COMMENT 'Services that were open or archived at that time; they count as at risk until after it',
    survival     Float64 COMMENT 'Kaplan-Meier: share not in production yet after that time'
)
AS
WITH
    times AS
    (
        SELECT
            start, team, template, cohort, nth, elapsed_us,
            countIf(is_open = 0) AS done,
            countIf(is_open = 1) AS censored
        FROM ttp_slices
        GROUP BY start, team, template, cohort, nth, elapsed_us
    ),
    risks AS
    (
        SELECT
            *,
            sum(done + censored) OVER
            (
                PARTITION BY start, team, template, cohort, nth ORDER BY elapsed_us
                ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
            ) AS at_risk
        FROM times
    )
SELECT
    start,
    team,
    template,
    cohort,
    nth,
    elapsed_us AS time_us,
    elapsed_us / 1e6 AS time_seconds,
    at_risk,
    done,
    censored,
    -- The product of (1 - done / at risk) as a sum of logarithms; rounded, so that one half is one half.
    round(exp(sum(log(1 - done / at_risk)) OVER
    (
        PARTITION BY start, team, template, cohort, nth ORDER BY elapsed_us
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )), 12) AS survival
FROM risks;
