-- question: Which share of the teams takes each step into a platform service, and how long does it take?
-- grain: platform service x step; parameter days: how long after the step before a step still counts
-- owner: platform-analytics
-- needs: adoption_funnel, as_of
CREATE OR REPLACE VIEW adoption_funnel_within ${on_cluster}
(
    service     String COMMENT 'Platform service',
    step        LowCardinality(String) COMMENT 'Step taken: first_call, first_ok or sustained',
    position    UInt8 COMMENT 'Place in that order, from 2; access is step 1',
    window_days UInt16 COMMENT 'Conversion window: days after the step before',
    numerator   UInt64 COMMENT 'Teams that took the step within the window',
    denominator UInt64 COMMENT 'Teams that took the step before and whose window is over',
    value       Nullable(Float64) COMMENT 'numerator / denominator; NULL when no window is over',
    shown       Nullable(Float64) COMMENT 'The same, NULL under 5 teams',
    null_reason LowCardinality(String) COMMENT 'no_team, all_open or below_n_min; for first_call no_team says that the catalog knows of no access',
    n           UInt64 COMMENT 'Teams of the denominator',
    n_open      UInt64 COMMENT 'Teams in their window, or that gave up in it: neither converted nor not',
    n_out_of_order UInt64 COMMENT 'Teams that called before they had access; in no part of the ratio',
    p50_seconds Nullable(Float64) COMMENT 'Time to convert of the numerator, median',
    p75_seconds Nullable(Float64) COMMENT 'The same, 75th percentile',
    p90_seconds Nullable(Float64) COMMENT 'The same, 90th percentile'
)
AS
WITH
    5 AS n_min,
    tried AS
    (
        SELECT
            service,
            transition.1 AS step,
            transition.2 AS position,
            assumeNotNull(dateDiff('microsecond', transition.3, transition.4)) AS taken_us,
            transition.3 + toIntervalDay({days:UInt16}) AS closes_at,
            multiIf(
                isNull(transition.3), 'not_begun',
                transition.4 < transition.3, 'out_of_order',
                closes_at > now.at, 'open',
                transition.4 <= closes_at, 'converted',
                gave_up_at < closes_at, 'open',
                'not'
            ) AS fate
        FROM adoption_funnel
        CROSS JOIN (SELECT assumeNotNull(at) AS at FROM as_of) AS now
        ARRAY JOIN
            [
                ('first_call', 2, entered_at, first_call_at),
                ('first_ok', 3, first_call_at, first_ok_at),
                ('sustained', 4, first_ok_at, sustained_at)
            ] AS transition
        WHERE team != 'unknown'
    )
SELECT
    service,
    step,
    position,
    {days:UInt16} AS window_days,
    converted AS numerator,
    decided AS denominator,
    if(decided = 0, NULL, converted / decided) AS value,
    if(decided < n_min, NULL, value) AS shown,
    multiIf(decided > 0, if(decided < n_min, 'below_n_min', ''), undecided > 0, 'all_open', 'no_team') AS null_reason,
    decided AS n,
    undecided AS n_open,
    out_of_order AS n_out_of_order,
    if(converted = 0, NULL, round(times_us[1]) / 1e6) AS p50_seconds,
    if(converted = 0, NULL, round(times_us[2]) / 1e6) AS p75_seconds,
    if(converted = 0, NULL, round(times_us[3]) / 1e6) AS p90_seconds
FROM
(
    SELECT
        service,
        step,
        position,
        countIf(fate = 'converted') AS converted,
        countIf(fate IN ('converted', 'not')) AS decided,
        countIf(fate = 'open') AS undecided,
        countIf(fate = 'out_of_order') AS out_of_order,
        quantilesExactInclusiveIf(0.5, 0.75, 0.9)(taken_us, fate = 'converted') AS times_us
    FROM tried
    GROUP BY service, step, position
);
