-- question: In which stage on the way to production is the time spent?
-- grain: start x team x template x cohort x n x stage, of services that are not left-truncated
-- owner: platform-analytics
-- needs: ttp_slices
CREATE OR REPLACE VIEW ttp_stages ${on_cluster}
(
    start       LowCardinality(String) COMMENT 'What makes a service part of a cohort: onboarded or first_commit',
    is_headline UInt8 COMMENT '1 for onboarded, the declared default',
    team        String COMMENT 'Team; empty: all',
    template    String COMMENT 'Golden path; empty: all',
    cohort      String COMMENT 'Month of the start as YYYY-MM, or all',
    nth         UInt64 COMMENT 'The team''s first, second, n-th service; 0: all',
    stage       LowCardinality(String) COMMENT 'Two neighbouring milestones: onboarded_to_first_commit, ...',
    position    UInt8 COMMENT 'Place in their order, from 1',
    p50_seconds Nullable(Float64) COMMENT 'Median of the services with both ends, negative ones included; NULL when there is none',
    p75_seconds Nullable(Float64) COMMENT '75th percentile of the same',
    p90_seconds Nullable(Float64) COMMENT '90th percentile of the same',
    null_reason LowCardinality(String) COMMENT 'not_observed; empty when there is a value',
    n           UInt64 COMMENT 'Services with both ends observed',
    n_open      UInt64 COMMENT 'Services in this stage: its first end is the last milestone that they reached',
    n_skipped   UInt64 COMMENT 'Services that reached a later milestone, while an end of this stage was not observed',
    n_out_of_order UInt64 COMMENT 'Services whose second end came before the first: counted, and flagged here'
)
AS
WITH
    [
        'onboarded', 'first_commit', 'first_ci_run', 'first_ci_success', 'first_nonprod_deployment',
        'first_production_deployment', 'first_production_traffic'
    ] AS names,
    stages AS
    (
        SELECT
            start, team, template, cohort, nth,
            arrayJoin([1, 2, 3, 4, 5, 6]) AS place,
            dateDiff('microsecond', reached[place], reached[place + 1]) AS took,
            arrayExists(at -> isNotNull(at), arraySlice(reached, place + 1)) AS is_passed,
            isNotNull(reached[place]) AND NOT is_passed AS is_open
        FROM ttp_slices
        WHERE notEmpty(reached)
    )
SELECT
    start,
    start = 'onboarded' AS is_headline,
    team,
    template,
    cohort,
    nth,
    concat(names[place], '_to_', names[place + 1]) AS stage,
    place AS position,
    -- Exact in microseconds, rounded once.
    if(n = 0, NULL, round(took_at[1]) / 1e6) AS p50_seconds,
    if(n = 0, NULL, round(took_at[2]) / 1e6) AS p75_seconds,
    if(n = 0, NULL, round(took_at[3]) / 1e6) AS p90_seconds,
    if(n = 0, 'not_observed', '') AS null_reason,
    n,
    n_open,
    n_skipped,
    n_out_of_order
FROM
(
    SELECT
        start, team, template, cohort, nth, place,
        quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(took), isNotNull(took)) AS took_at,
        count(took) AS n,
        countIf(is_open) AS n_open,
        countIf(isNull(took) AND is_passed) AS n_skipped,
        countIf(took < 0) AS n_out_of_order
    FROM stages
    GROUP BY start, team, template, cohort, nth, place
);
