-- question: How long do teams take from access to their first successful call of a platform service?
-- grain: platform service
-- owner: platform-analytics
-- needs: adoption_time_to_adopt
CREATE OR REPLACE VIEW adoption_time_to_adopt_services ${on_cluster}
(
    service         String COMMENT 'Platform service',
    p50_seconds     Nullable(Float64) COMMENT 'Median of those that adopted it; NULL when none did',
    p75_seconds     Nullable(Float64) COMMENT 'The same, 75th percentile',
    p90_seconds     Nullable(Float64) COMMENT 'The same, 90th percentile',
    null_reason     LowCardinality(String) COMMENT 'all_open or none_after_access; empty when there is a value',
    n               UInt64 COMMENT 'Teams that adopted it after they had access',
    n_open          UInt64 COMMENT 'Teams that have access and did not adopt it yet, or gave up',
    n_before_access UInt64 COMMENT 'Teams that called before they had access: no time to adopt'
)
AS
SELECT
    service,
    if(counted.n = 0, NULL, round(taken_us[1]) / 1e6) AS p50_seconds,
    if(counted.n = 0, NULL, round(taken_us[2]) / 1e6) AS p75_seconds,
    if(counted.n = 0, NULL, round(taken_us[3]) / 1e6) AS p90_seconds,
    multiIf(counted.n > 0, '', counted.n_open > 0, 'all_open', 'none_after_access') AS null_reason,
    counted.n AS n,
    counted.n_open AS n_open,
    counted.n_before_access AS n_before_access
FROM
(
    SELECT
        service,
        countIf(status = 'done') AS n,
        countIf(is_open) AS n_open,
        countIf(status = 'before_access') AS n_before_access,
        quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(dateDiff('microsecond', granted_at, adopted_at)), status = 'done') AS taken_us
    FROM adoption_time_to_adopt
    GROUP BY service
) AS counted;
