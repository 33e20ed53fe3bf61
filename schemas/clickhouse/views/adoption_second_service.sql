-- question: How long does a team take from its first platform service to its second?
-- grain: one row
-- owner: platform-analytics
-- needs: adoption_breadth
CREATE OR REPLACE VIEW adoption_second_service ${on_cluster}
(
    p50_seconds Nullable(Float64) COMMENT 'Median of the teams that have a second; NULL when none has',
    p75_seconds Nullable(Float64) COMMENT 'The same, 75th percentile',
    p90_seconds Nullable(Float64) COMMENT 'The same, 90th percentile',
    n           UInt64 COMMENT 'Teams that have a second',
    n_open      UInt64 COMMENT 'Teams that have a first and no second yet'
)
AS
SELECT
    if(counted.n = 0, NULL, round(times_us[1]) / 1e6) AS p50_seconds,
    if(counted.n = 0, NULL, round(times_us[2]) / 1e6) AS p75_seconds,
    if(counted.n = 0, NULL, round(times_us[3]) / 1e6) AS p90_seconds,
    counted.n AS n,
    counted.n_open AS n_open
FROM
(
    SELECT
        countIf(services > 1) AS n,
        countIf(services = 1) AS n_open,
        quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(first_to_second_seconds) * 1e6, services > 1) AS times_us
    FROM adoption_breadth
    WHERE team != 'unknown'
) AS counted;
