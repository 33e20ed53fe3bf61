-- question: Which share of the teams takes each step into a platform service within 28 days, and how long does it take?
-- grain: platform service x step
-- owner: platform-analytics
-- needs: adoption_funnel_within
CREATE OR REPLACE VIEW adoption_funnel_steps ${on_cluster}
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
SELECT
    service, step, position, window_days, numerator, denominator, value, shown, null_reason, n, n_open, n_out_of_order, p50_seconds, p75_seconds,
    p90_seconds
FROM ${database}.adoption_funnel_within(days = 28);
