-- question: Which share of services is not in production yet, so long after its start?
-- grain: start x team x template x cohort x time at which some service got there or was censored
-- owner: platform-analytics
-- needs: time_to_production
CREATE OR REPLACE VIEW ttp_survival ${on_cluster}
(
    start        LowCardinality(String) COMMENT 'What the clock starts at: onboarded or first_commit',
    team         String COMMENT 'Team; empty: all',
    template     String COMMENT 'Golden path; empty: all',
    cohort       String COMMENT 'Month of the start as YYYY-MM, or all',
    time_seconds Float64 COMMENT 'Time since the start',
    at_risk      UInt64 COMMENT 'Services still on their way just before',
    done         UInt64 COMMENT 'Services that reached production at that time',
    censored     UInt64 COMMENT 'Services that were open or archived at that time; they count as at risk until after it',
    survival     Float64 COMMENT 'Kaplan-Meier: share not in production yet after that time'
)
AS
WITH
    subjects AS
    (
        SELECT
            start,
            slice.1 AS team,
            slice.2 AS template,
            slice.3 AS cohort,
            greatest(elapsed_us, 0) AS time_us,
            is_open
        FROM time_to_production AS services
        ARRAY JOIN arrayDistinct([
            ('', '', 'all'),
            ('', '', formatDateTime(services.period_start, '%Y-%m')),
            (services.team, '', 'all'),
            ('', services.template, 'all')
        ]) AS slice
        WHERE is_left_truncated = 0
    ),
    times AS
    (
        SELECT
            start, team, template, cohort, time_us,
            countIf(is_open = 0) AS done,
            countIf(is_open = 1) AS censored
        FROM subjects
        GROUP BY start, team, template, cohort, time_us
    ),
    risks AS
    (
        SELECT
            *,
            sum(done + censored) OVER
            (
                PARTITION BY start, team, template, cohort ORDER BY time_us
                ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
            ) AS at_risk
        FROM times
    )
SELECT
    start,
    team,
    template,
    cohort,
    time_us / 1e6 AS time_seconds,
    at_risk,
    done,
    censored,
    -- The product of (1 - done / at risk) as a sum of logarithms; rounded, so that one half is one half.
    round(exp(sum(log(1 - done / at_risk)) OVER
    (
        PARTITION BY start, team, template, cohort ORDER BY time_us
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )), 12) AS survival
FROM risks;
