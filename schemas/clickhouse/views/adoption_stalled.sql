-- question: Which teams are stuck on their way into a platform service?
-- grain: platform service x team that is in a step for longer than nine tenths of its cohort took to leave it
-- owner: platform-analytics
-- needs: adoption_funnel
CREATE OR REPLACE VIEW adoption_stalled ${on_cluster}
(
    service         String COMMENT 'Platform service',
    team            String COMMENT 'Team',
    step            LowCardinality(String) COMMENT 'Step it is stuck in: entered, first_call or first_ok',
    step_at         DateTime64(6, 'UTC') COMMENT 'Since when',
    elapsed_seconds Float64 COMMENT 'For how long',
    p90_seconds     Float64 COMMENT '90th percentile of the time that the cohort took from this step to the next',
    n               UInt64 COMMENT 'Its cohort: teams of the service that took the next step, whenever they did'
)
AS
SELECT
    service,
    waiting.1 AS team,
    waiting.2 AS step,
    waiting.3 AS step_at,
    waiting.4 AS elapsed_seconds,
    p90s[place] AS p90_seconds,
    taken[place] AS n
FROM
(
    SELECT
        service,
        groupArrayIf((team, step, step_at, elapsed_seconds), is_open) AS open,
        [count(entered_to_first_call_seconds), count(first_call_to_first_ok_seconds), count(first_ok_to_sustained_seconds)] AS taken,
        arrayMap(
            p90_us -> round(p90_us[1]) / 1e6,
            [
                quantilesExactInclusiveIf(0.9)(assumeNotNull(entered_to_first_call_seconds) * 1e6, isNotNull(entered_to_first_call_seconds)),
                quantilesExactInclusiveIf(0.9)(assumeNotNull(first_call_to_first_ok_seconds) * 1e6, isNotNull(first_call_to_first_ok_seconds)),
                quantilesExactInclusiveIf(0.9)(assumeNotNull(first_ok_to_sustained_seconds) * 1e6, isNotNull(first_ok_to_sustained_seconds))
            ]
        ) AS p90s
    FROM adoption_funnel
    WHERE team != 'unknown'
    GROUP BY service
)
ARRAY JOIN open AS waiting, arrayMap(one -> indexOf(['entered', 'first_call', 'first_ok'], one.2), open) AS place
WHERE n > 0 AND elapsed_seconds > p90_seconds;
