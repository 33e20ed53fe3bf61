-- question: How many incidents did a service have, how often did they come back, how long did they last?
-- grain: service x period with an incident; parameters from, to (days, to exclusive), grain (day, week, month, quarter, range)
-- owner: platform-analytics
-- needs: incidents, period_days
-- All incidents, attributed to a deployment or not; an episode belongs to the period in which it began. Those still open
-- are counted beside the percentiles, not in them.
CREATE OR REPLACE VIEW incident_episodes ${on_cluster}
(
    service      String COMMENT 'Service',
    team         String COMMENT 'Team that owned the service when the last of them began; unknown when the catalog does not say',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    episodes     UInt64 COMMENT 'Episodes that began',
    incidents    UInt64 COMMENT 'Incidents that began: episodes without the reopenings',
    reopenings   UInt64 COMMENT 'Episodes that are a reopening',
    unattributed UInt64 COMMENT 'Episodes that no deployment is answerable for, as far as is known',
    p50_seconds  Nullable(Float64) COMMENT 'Median duration of those resolved; NULL when none is',
    p75_seconds  Nullable(Float64) COMMENT '75th percentile',
    p90_seconds  Nullable(Float64) COMMENT '90th percentile',
    null_reason  LowCardinality(String) COMMENT 'all_open; empty when there are percentiles',
    n            UInt64 COMMENT 'Episodes resolved',
    n_open       UInt64 COMMENT 'Episodes still open'
)
AS
WITH quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(begun.lasted_us), isNotNull(begun.lasted_us)) AS lasted
SELECT
    begun.service AS service,
    argMax(begun.team, (begun.at, begun.incident, begun.episode)) AS team,
    cuts.period_start AS period_start,
    any(cuts.period_end) AS period_end,
    any(cuts.is_partial) AS is_partial,
    count() AS episodes,
    countIf(begun.episode = 0) AS incidents,
    countIf(begun.episode > 0) AS reopenings,
    countIf(begun.rule = 'unattributed') AS unattributed,
    if(n = 0, NULL, round(lasted[1]) / 1e6) AS p50_seconds,
    if(n = 0, NULL, round(lasted[2]) / 1e6) AS p75_seconds,
    if(n = 0, NULL, round(lasted[3]) / 1e6) AS p90_seconds,
    if(n = 0, 'all_open', '') AS null_reason,
    count(begun.lasted_us) AS n,
    countIf(isNull(begun.lasted_us)) AS n_open
FROM
(
    SELECT *, toDate(at, ${zone}) AS day, dateDiff('microsecond', at, resolved_at) AS lasted_us
    FROM incidents
) AS begun
INNER JOIN (SELECT * FROM ${database}.period_days(from = {from:Date}, to = {to:Date}, grain = {grain:String})) AS cuts
    ON cuts.day = begun.day
GROUP BY service, period_start;
